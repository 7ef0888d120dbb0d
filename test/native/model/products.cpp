// Operands of GGML's products meet the requirements of devices other than the CPU, which Vulkan does not check itself.
#include "test.h"
#include "tiny_model.h"

#include "model/decoder.h"
#include "model/encoder.h"
#include "model/hparams.h"

using namespace clvp;

namespace {

/// Vulkan ends the process for an operand that is not aligned to a descriptor (16 bytes on most devices). It computes wrong results for a
/// batch of F32 matrices that are contiguous themselves but have gaps between them.
class Watch : public NodeObserver {
public:
    bool wants(const ggml_tensor * node) override {
        if (node->op != GGML_OP_MUL_MAT && node->op != GGML_OP_FLASH_ATTN_EXT) {
            return false;
        }
        n_products++;
        for (int i = 0; i < (node->op == GGML_OP_MUL_MAT ? 2 : 3); i++) {
            const ggml_tensor * x = node->src[i];
            CHECK(x->view_offs % 16 == 0);
            const bool whole = x->nb[1] == x->nb[0] * static_cast<size_t>(x->ne[0]), apart = x->nb[2] != x->nb[1] * static_cast<size_t>(x->ne[1]);
            CHECK(node->op != GGML_OP_MUL_MAT || x->type != GGML_TYPE_F32 || !whole || !apart || x->ne[1] == 1);
        }
        return false;
    }
    void see(const ggml_tensor *) override {}

    int n_products = 0;
};

} // namespace

TEST(operands_of_products_are_as_devices_take_them) {
    const File file = File::open(tiny::write());
    const GgufHeader header = read_gguf(file);
    const Params params = read_params(header.values);
    Weights weights = describe_weights(header, params, {});
    ggml_backend_dev_t cpu = find_device("cpu");
    load_weights(weights, file, header, cpu, {});
    Machine machine{ Backend(cpu, 1, 1000) };
    Call call(machine, Turns::Kind::piece, nullptr);
    Backend & backend = machine.backend;
    const ConditioningPrompt prompt = { std::vector<float>(5 * tiny::n_embd, 0.1f) };
    Watch watch;
    backend.observe(&watch);
    for (const ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16 }) {
        KvShape shape = recorded(kv_shape(backend, params, "auto")); // as on a device
        shape.type = type;
        const Prefilled start = prefill(call, weights, params, shape, prompt, Positions::transformers, {});
        KvCache cache(backend, shape, 2, 6);
        for (const uint32_t slot : { 0, 1 }) {
            cache.open(slot, start.prefix);
        }
        for (uint32_t position = 1; position < 5; position++) {
            decode_step(call, weights, params, cache, { { 0, 3, position }, { 1, 5, position } }, false, {});
        }
    }
    Rows rows;
    rows.n_rows = 2;
    rows.n_tokens = 3;
    rows.ids = { 1, 2, 3, 4, 5, 6 };
    for (const bool record : { false, true }) {
        rows.attentions = record;
        encode(call, weights.text, params.text, rows);
    }
    CHECK(watch.n_products > 100);
}
