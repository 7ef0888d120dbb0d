// Reads a whole model file: checks all that load() checks, and what load() omits for speed.
#include "base/cores.h"
#include "base/error.h"
#include "base/parallel.h"
#include "clvp.h"
#include "gguf/checksum.h"
#include "gguf/finite.h"
#include "gguf/weight_rows.h"
#include "model/codebook.h"
#include "model/hparams.h"
#include "model/weights.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

constexpr uint64_t piece_blocks = 1 << 11; // work of one thread at a time

/// Counts NaN and infinite weights of each tensor.
class Scan {
public:
    explicit Scan(uint32_t n_threads) : n_threads_(n_threads) {}

    void take(const GgufTensor & tensor, uint64_t offset, const std::vector<char> & bytes) {
        const uint64_t size = ggml_type_size(tensor.type), length = uint64_t(ggml_blck_size(tensor.type));
        const uint64_t n_blocks = bytes.size() / size;
        const uint64_t at_once = std::max<uint64_t>(1, piece_blocks * 32 / length);
        std::vector<Found> found(size_t((n_blocks + at_once - 1) / at_once));
        parallel(n_threads_, found.size(), [&](size_t i) {
            const uint64_t first = i * at_once, n = std::min(at_once, n_blocks - first);
            found[i] = look(tensor, bytes.data() + first * size, n * length, (offset / size + first) * length);
        });
        if (offset == 0) {
            total_ = {};
        }
        for (const Found & each : found) {
            if (total_.count == 0) {
                total_ = each;
            } else {
                total_.count += each.count;
            }
        }
        if (offset + bytes.size() == tensor.n_bytes && total_.count > 0) {
            report(tensor);
        }
    }

    std::vector<Fault> faults;

private:
    struct Found {
        uint64_t count = 0, first = 0; // elements
        float value = 0;
    };

    static Found look(const GgufTensor & tensor, const char * data, uint64_t n, uint64_t first) {
        Found found;
        if (all_finite(tensor.type, reinterpret_cast<const uint8_t *>(data), ggml_row_size(tensor.type, static_cast<int64_t>(n)))) {
            return found;
        }
        std::vector<float> numbers(n); // to locate them
        to_floats(tensor.type, data, n, numbers.data());
        for (uint64_t i = 0; i < n; i++) {
            if (!std::isfinite(numbers[i]) && found.count++ == 0) {
                found.first = first + i;
                found.value = numbers[i];
            }
        }
        return found;
    }

    void report(const GgufTensor & tensor) {
        const uint64_t length = uint64_t(tensor.ne[0]);
        faults.push_back({ tensor.name, std::to_string(total_.count) + " of its weights are NaN or infinite, the first (" +
                                            (std::isnan(total_.value) ? "NaN" : "infinite") + ") in row " + std::to_string(total_.first / length) +
                                            ", column " + std::to_string(total_.first % length) });
    }

    const uint32_t n_threads_;
    Found total_; // of the current tensor
};

/// Records an error of `work` as a fault; rethrows read errors and aborts.
template <typename F> bool noting(std::vector<Fault> & faults, F work) {
    try {
        work();
        return true;
    } catch (const Error & error) {
        if (error.code != Code::model_format && error.code != Code::unsupported) {
            throw;
        }
        faults.push_back({ "", error.what() });
        return false;
    }
}

} // namespace

static Verification read_through(const std::string & path, const VerifyOptions & options) {
    const File file = File::open(path);
    Verification result;
    result.n_bytes = file.size();
    GgufHeader header;
    const ByteSource source = [&](uint64_t offset, void * data, size_t n) { file.read_at(offset, data, n); };
    if (!noting(result.faults, [&] { header = parse_gguf(source, result.n_bytes); })) {
        return result;
    }
    result.n_tensors = header.tensors.size();
    result.checksum = stated_checksum(header.values);
    noting(result.faults, [&] { describe_weights(header, read_params(header.values)); });
    Scan scan(options.n_threads ? options.n_threads : default_threads());
    const DataVisitor visit = [&](const GgufTensor & tensor, uint64_t offset, const std::vector<char> & bytes) { scan.take(tensor, offset, bytes); };
    const std::vector<Fault> others = checksum_faults(file, header, visit, options.progress, options.abort);
    result.faults.insert(result.faults.end(), others.begin(), others.end());
    result.faults.insert(result.faults.end(), scan.faults.begin(), scan.faults.end());
    result.values = std::move(header.values);
    return result;
}

Verification verify(const std::string & path, const VerifyOptions & options) {
    return guarded([&] { return read_through(path, options); });
}

} // namespace clvp
