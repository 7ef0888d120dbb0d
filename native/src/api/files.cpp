// Inspects and compares model files.
#include "clvp.h"

#include "base/error.h"
#include "gguf/compare.h"
#include "gguf/gguf_reader.h"

namespace clvp {

FileInfo inspect(const std::string & path) {
    return guarded([&] {
        GgufHeader header = read_gguf(File::open(path));
        FileInfo info;
        info.values = std::move(header.values);
        info.n_bytes = header.n_bytes;
        for (GgufTensor & tensor : header.tensors) {
            std::vector<uint64_t> dims(tensor.ne, tensor.ne + tensor.n_dims);
            info.tensors.push_back({ std::move(tensor.name), type_to_name(tensor.type), std::move(dims), tensor.n_bytes, tensor.offset });
        }
        return info;
    });
}

std::vector<TensorDifference> compare_tensors(const std::string & a, const std::string & b, const CompareOptions & options) {
    return guarded([&] { return tensor_differences(a, b, options); });
}

} // namespace clvp
