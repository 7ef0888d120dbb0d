// Session's calls on sound: mel features, and the codebook's rendering of codes.
#include "api/session.h"

#include "clvp/limits.h"

#include "audio/griffin_lim.h"
#include "model/codebook.h"

namespace clvp {

Mel Session::mel(const std::vector<float> & samples) {
    return guarded([&] { return impl_->bank.compute(samples); });
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
        return Audio{ vocode(m.bank, mel, options.n_iterations, [&] { check_running(m.machine, abort); }), m.params.mel.sample_rate };
    });
}

} // namespace clvp
