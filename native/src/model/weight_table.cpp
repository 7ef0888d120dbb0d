#include "model/weight_table.h"

#include "base/error.h"
#include "gguf/gguf_values.h"

#include <algorithm>

namespace clvp {

static std::string shape_text(const int64_t * ne, int n) {
    std::string text = "[";
    for (int i = 0; i < n; i++) {
        text += (i ? ", " : "") + std::to_string(ne[i]);
    }
    return text + "]";
}

WeightTable::WeightTable(const GgufHeader & header) {
    for (const GgufTensor & tensor : header.tensors) {
        by_name_[tensor.name] = &tensor;
    }
}

Linear WeightTable::linear(const std::string & name, int64_t n_in, int64_t n_out, bool bias) {
    return { matrix(name + ".weight", n_in, n_out), bias ? exact(name + ".bias", { n_out }) : nullptr };
}

Norm WeightTable::norm(const std::string & name, int64_t n, bool bias, float eps) {
    return { exact(name + ".weight", { n }), bias ? exact(name + ".bias", { n }) : nullptr, eps };
}

ggml_tensor * WeightTable::codebook(const Params & p) {
    const auto found = by_name_.find("codebook.weight");
    if (found == by_name_.end()) {
        return nullptr;
    }
    const GgufTensor & from = *found->second;
    const int64_t n_row = static_cast<int64_t>(frames_per_code) * p.mel.n_mels;
    if (from.n_dims != 2 || from.ne[0] != n_row || from.ne[1] > p.speech.n_vocab) {
        fail(Code::model_format, "the tensor codebook.weight has the shape %s: expected [%lld, 1 to %u], %u frames of %u mel channels for each code",
             shape_text(from.ne, from.n_dims).c_str(), static_cast<long long>(n_row), p.speech.n_vocab, frames_per_code, p.mel.n_mels);
    }
    if (from.type != GGML_TYPE_F32 && from.type != GGML_TYPE_F16) {
        fail(Code::model_format, "the tensor codebook.weight has the type %s: expected f32 or f16", type_to_name(from.type));
    }
    return create(from);
}

void WeightTable::check_all_used() const {
    for (const auto & [name, tensor] : by_name_) {
        (void)tensor;
        if (!used_.count(name)) {
            fail(Code::model_format, "the tensor %s is not part of this model", name.c_str());
        }
    }
}

ggml_tensor * WeightTable::take(const std::string & name, std::initializer_list<int64_t> ne, bool exact) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        fail(Code::model_format, "the tensor %s is missing", name.c_str());
    }
    const GgufTensor & from = *found->second;
    int64_t wanted[4] = { 1, 1, 1, 1 };
    std::copy(ne.begin(), ne.end(), wanted);
    if (!std::equal(wanted, wanted + 4, from.ne)) {
        fail(Code::model_format, "the tensor %s has the shape %s: expected %s", name.c_str(), shape_text(from.ne, from.n_dims).c_str(),
             shape_text(wanted, static_cast<int>(ne.size())).c_str());
    }
    if (exact && from.type != GGML_TYPE_F32) {
        fail(Code::model_format, "the tensor %s has the type %s: expected f32", name.c_str(), type_to_name(from.type));
    }
    return create(from);
}

ggml_tensor * WeightTable::create(const GgufTensor & from) {
    used_.insert(from.name);
    ggml_tensor * tensor = ggml_new_tensor(ctx_, from.type, from.n_dims, from.ne);
    ggml_set_name(tensor, from.name.c_str());
    return tensor;
}

} // namespace clvp
