// Session's calls on sound: mel features, codes of recordings, and the codebook's rendering of codes.
#include "api/session.h"

#include "clvp/limits.h"

#include "audio/griffin_lim.h"
#include "model/codebook.h"
#include "model/dvae.h"

#include <algorithm>

namespace clvp {

Mel Session::mel(const std::vector<float> & samples) {
    return guarded([&] { return impl_->bank.compute(samples); });
}

std::vector<int32_t> Session::encode_audio(const std::vector<float> & samples, const AbortFlag & abort) {
    Impl & m = *impl_;
    if (!m.weights.dvae.codebook && !m.weights.codebook) {
        fail(Code::unsupported, "Expected a model that can encode recordings but received one without an encoder: convert it with tortoise's dvae.pth beside "
                                "its other files");
    }
    const bool has_dvae = m.weights.dvae.codebook;
    const size_t per_code = static_cast<size_t>(m.params.mel.hop) * frames_per_code, n_codes = (samples.size() + per_code - 1) / per_code;
    const size_t n_most = limits::row_codes * per_code - (has_dvae ? 1 : 0); // whole codes have one frame more, and so one code
    if (samples.size() > n_most) {
        fail(Code::invalid_argument, "Expected at most %zu samples but received %zu: split the recording", n_most, samples.size());
    }
    if (has_dvae) {
        return encode_mel(mel_features(samples, m.params.mel), abort);
    }
    return guarded([&] { // needs no turn: computes on this thread alone
        MelParams plain = m.params.mel;
        plain.norms.clear();                                                                   // the codebook holds plain logarithms
        const Mel mel = mel_features(samples, plain, std::max<size_t>(n_codes, 1) * per_code); // whole codes, silence behind
        return nearest_codes(m.weights.codebook, mel, [&] { check_running(m.machine, abort); });
    });
}

std::vector<int32_t> Session::encode_mel(const Mel & mel, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_stage(m.model->parts().encoder, "encoder (the discrete VAE)");
    const uint32_t n_most = limits::row_codes * frames_per_code;
    if (mel.n_mels != m.params.mel.n_mels || mel.n_frames < 1 || mel.n_frames > n_most || mel.data.size() != size_t(mel.n_mels) * mel.n_frames) {
        fail(Code::invalid_argument, "Expected %u mel channels and 1 to %u frames but received %u channels, %u frames and %zu numbers", m.params.mel.n_mels,
             n_most, mel.n_mels, mel.n_frames, mel.data.size());
    }
    if (!all_finite(mel.data)) {
        fail(Code::invalid_argument, "Expected finite numbers for the spectrogram but received NaN or infinity");
    }
    return m.piece(abort, [&](Call & call) { return clvp::encode_mel(call, m.weights.dvae, m.params.dvae, mel); });
}

Mel Session::codes_to_mel(const std::vector<int32_t> & codes) {
    Impl & m = *impl_;
    if (!m.weights.codebook) {
        fail(Code::unsupported, "This model has no codebook: only tortoise's diffusion stage and vocoder, which are not part of this package, can "
                                "turn its codes into sound");
    }
    return m.piece(nullptr, [&](Call &) { return codebook_mel(m.weights.codebook, codes); });
}

Audio Session::preview(const std::vector<int32_t> & codes, const PreviewOptions & options, const AbortFlag & abort) {
    Impl & m = *impl_;
    if (options.n_iterations < 1 || options.n_iterations > limits::preview_iterations) {
        fail(Code::invalid_argument, "Expected 1 to %u for n_iterations but received %u", limits::preview_iterations, options.n_iterations);
    }
    return guarded([&] { // needs no turn: computes on this thread alone
        const Mel mel = codes_to_mel(codes);
        return Audio{ griffin_lim(m.bank, mel, options.n_iterations, [&] { check_running(m.machine, abort); }), m.params.mel.sample_rate };
    });
}

} // namespace clvp
