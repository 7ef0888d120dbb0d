// Compares two model files tensor by tensor, one piece at a time.
#include "gguf/compare.h"

#include "base/error.h"
#include "gguf/weight_rows.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace clvp {

namespace {

constexpr uint64_t piece_elements = 1 << 18; // whole blocks of every type

/// Reads a tensor of a file as floats.
class TensorReader {
public:
    TensorReader(const File & file, const GgufTensor & tensor) : file_(file), tensor_(tensor) {}

    /// Elements [first, first + n). Both numbers are multiples of the block size.
    const std::vector<float> & read(uint64_t first, uint64_t n) {
        bytes_.resize(ggml_row_size(tensor_.type, int64_t(n)));
        values_.resize(n);
        file_.read_at(tensor_.offset + ggml_row_size(tensor_.type, int64_t(first)), bytes_.data(), bytes_.size());
        to_floats(tensor_.type, bytes_.data(), n, values_.data());
        return values_;
    }

private:
    const File & file_;
    const GgufTensor & tensor_;
    std::vector<char> bytes_;
    std::vector<float> values_;
};

void add(TensorDifference & sums, const std::vector<float> & from_a, const std::vector<float> & from_b) {
    for (size_t i = 0; i < from_a.size(); i++) {
        const double a = double(from_a[i]), b = double(from_b[i]);
        sums.max_error = std::max(sums.max_error, std::abs(a - b));
        sums.square_error += (a - b) * (a - b);
        sums.square_a += a * a;
        sums.square_b += b * b;
        sums.dot += a * b;
    }
}

TensorDifference start(const GgufTensor & a, const GgufTensor & b) {
    if (!std::equal(a.ne, a.ne + 4, b.ne)) {
        fail(Code::invalid_argument, "Expected tensors of the same shape for %s but received %lld x %lld and %lld x %lld", a.name.c_str(), (long long)a.ne[0],
             (long long)a.ne[1], (long long)b.ne[0], (long long)b.ne[1]);
    }
    TensorDifference found;
    found.name = a.name;
    found.type_a = type_to_name(a.type);
    found.type_b = type_to_name(b.type);
    found.dims.assign(a.ne, a.ne + a.n_dims);
    return found;
}

} // namespace

std::vector<TensorDifference> tensor_differences(const std::string & path_a, const std::string & path_b, const CompareOptions & options) {
    const File file_a = File::open(path_a), file_b = File::open(path_b);
    const GgufHeader a = read_gguf(file_a), b = read_gguf(file_b);
    std::map<std::string, const GgufTensor *> in_b;
    for (const GgufTensor & tensor : b.tensors) {
        in_b[tensor.name] = &tensor;
    }
    uint64_t total = 0, done = 0;
    for (const GgufTensor & tensor : a.tensors) {
        total += in_b.count(tensor.name) ? tensor.n_elements() : 0;
    }
    std::vector<TensorDifference> list;
    for (const GgufTensor & tensor : a.tensors) {
        if (!in_b.count(tensor.name)) {
            continue;
        }
        const GgufTensor & other = *in_b[tensor.name];
        TensorDifference found = start(tensor, other);
        TensorReader from_a(file_a, tensor), from_b(file_b, other);
        for (uint64_t at = 0; at < tensor.n_elements(); at += piece_elements) {
            check_abort(options.abort);
            const uint64_t n = std::min(piece_elements, tensor.n_elements() - at);
            add(found, from_a.read(at, n), from_b.read(at, n));
            done += n;
            if (options.progress) {
                options.progress(double(done) / double(total));
            }
        }
        list.push_back(std::move(found));
    }
    return list;
}

} // namespace clvp
