#include "model/codebook.h"

#include "base/error.h"
#include "clvp/limits.h"
#include "model/encoder.h"

#include "ggml-backend.h"

#include <cmath>
#include <limits>

namespace clvp {

// The features' floor is ln 1e-5 = -11.5, and a full-scale tone is near 6. Within +-80 the power, its square root and their sums fit
// single precision.
static constexpr float max_level = 80.0f;

/// Reads row `code`: [n_mels] of each frame in turn.
static void read_row(const ggml_tensor * codebook, int64_t code, std::vector<float> & row) {
    row.resize(static_cast<size_t>(codebook->ne[0]));
    if (codebook->type == GGML_TYPE_F32) {
        ggml_backend_tensor_get(codebook, row.data(), static_cast<size_t>(code) * codebook->nb[1], row.size() * sizeof(float));
        return;
    }
    std::vector<ggml_fp16_t> halves(row.size());
    ggml_backend_tensor_get(codebook, halves.data(), static_cast<size_t>(code) * codebook->nb[1], halves.size() * sizeof(ggml_fp16_t));
    ggml_fp16_to_fp32_row(halves.data(), row.data(), codebook->ne[0]);
}

void check_codebook(const ggml_tensor * codebook) {
    std::vector<float> row;
    for (int64_t code = 0; code < codebook->ne[1]; code++) {
        read_row(codebook, code, row);
        for (const float level : row) {
            if (!(std::fabs(level) <= max_level)) { // negated, so that NaN fails too
                fail(Code::model_format, "the tensor codebook.weight holds %g for code %lld: expected the natural logarithm of a mel power, from %g to %g",
                     static_cast<double>(level), static_cast<long long>(code), static_cast<double>(-max_level), static_cast<double>(max_level));
            }
        }
    }
}

static void check_codes(const std::vector<int32_t> & codes, int64_t n_codes) {
    if (codes.empty() || codes.size() > limits::row_codes) {
        fail(Code::invalid_argument, "Expected 1 to %u codes but received %zu", limits::row_codes, codes.size());
    }
    for (const int32_t code : codes) {
        if (code < 0 || code >= n_codes) {
            fail(Code::invalid_argument, "Expected codes from 0 to %lld, those in the model's codebook, but received %d: remove start and stop codes",
                 static_cast<long long>(n_codes - 1), code);
        }
    }
}

Mel codebook_mel(const ggml_tensor * codebook, const std::vector<int32_t> & codes) {
    check_codes(codes, codebook->ne[1]);
    Mel mel;
    mel.n_mels = static_cast<uint32_t>(codebook->ne[0]) / frames_per_code;
    mel.n_frames = static_cast<uint32_t>(codes.size()) * frames_per_code;
    mel.data.resize(static_cast<size_t>(mel.n_mels) * mel.n_frames);
    std::vector<float> row;
    for (size_t i = 0; i < codes.size(); i++) {
        read_row(codebook, codes[i], row);
        for (size_t frame = 0; frame < frames_per_code; frame++) {
            for (size_t m = 0; m < mel.n_mels; m++) {
                mel.data[m * mel.n_frames + i * frames_per_code + frame] = row[frame * mel.n_mels + m];
            }
        }
    }
    return mel;
}

std::vector<int32_t> nearest_codes(const ggml_tensor * codebook, const Mel & mel, const std::function<void()> & check) {
    const size_t n = mel.n_frames / frames_per_code, n_row = static_cast<size_t>(codebook->ne[0]);
    std::vector<float> groups(n * n_row);
    for (size_t i = 0; i < groups.size(); i++) {
        const size_t frame = i / n_row * frames_per_code + i % n_row / mel.n_mels, m = i % mel.n_mels;
        groups[i] = mel.data[m * mel.n_frames + frame];
    }
    std::vector<int32_t> codes(n, 0);
    std::vector<double> least(n, std::numeric_limits<double>::infinity());
    std::vector<float> row;
    for (int64_t code = 0; code < codebook->ne[1]; code++) {
        check();
        read_row(codebook, code, row);
        for (size_t i = 0; i < n; i++) {
            double distance = 0;
            for (size_t j = 0; j < n_row; j++) {
                const double d = static_cast<double>(groups[i * n_row + j]) - static_cast<double>(row[j]);
                distance += d * d;
            }
            if (distance < least[i]) {
                least[i] = distance;
                codes[i] = static_cast<int32_t>(code);
            }
        }
    }
    return codes;
}

} // namespace clvp
