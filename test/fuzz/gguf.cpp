// Any bytes as the head of a model file: the header, its parameters, and the tensors that they call for.
#include "../native/gguf_bytes.h"
#include "../native/tiny_model.h"
#include "model/hparams.h"
#include "model/weights.h"
#include "target.h"

#include <fstream>

namespace fuzz {

constexpr size_t data_bytes = 1 << 20; // zeros that follow the header: tensors have somewhere to lie

static std::string head_of(const std::string & path) {
    const uint64_t n = clvp::read_gguf(clvp::File::open(path)).data_start;
    std::ifstream file(path, std::ios::binary);
    std::string bytes(n, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(n));
    return bytes;
}

std::vector<std::string> seeds() { return { small_file().text, head_of(tiny::write("f32")), head_of(tiny::write("q8_0")) }; }

void run(const uint8_t * data, size_t size) {
    const auto read = [&](uint64_t offset, void * to, size_t n) {
        const size_t own = offset < size ? std::min(n, size - static_cast<size_t>(offset)) : 0;
        if (own > 0) {
            memcpy(to, data + offset, own);
        }
        memset(static_cast<char *>(to) + own, 0, n - own);
    };
    try {
        const clvp::GgufHeader header = clvp::parse_gguf(read, size + data_bytes);
        const clvp::Params params = clvp::read_params(header.values);
        clvp::describe_weights(header, params);
    } catch (const clvp::Error &) {
    }
}

} // namespace fuzz
