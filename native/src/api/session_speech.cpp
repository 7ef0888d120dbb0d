// Session's calls from latents to sound.
#include "api/session.h"

#include "clvp/limits.h"

#include "model/rows.h"
#include "speech/diffusion.h"
#include "speech/diffusion_sampler.h"
#include "speech/hifigan.h"
#include "speech/noise.h"
#include "speech/random_voice.h"
#include "speech/univnet.h"

#include <algorithm>

namespace clvp {

namespace {

void check_numbers(const char * what, const std::vector<float> & numbers, size_t expected) {
    if (numbers.size() != expected) {
        fail(Code::invalid_argument, "Expected %zu numbers for %s but received %zu", expected, what, numbers.size());
    }
    if (!all_finite(numbers)) {
        fail(Code::invalid_argument, "Expected finite numbers for %s but received NaN or infinity", what);
    }
}

/// Checks latents, and returns how many there are.
size_t check_latents(const std::vector<float> & latents, size_t width) {
    const size_t n = latents.size() / width;
    if (n < 1 || n > limits::row_codes || latents.size() % width != 0) {
        fail(Code::invalid_argument, "Expected 1 to %u latents of %zu numbers but received %zu numbers", limits::row_codes, width, latents.size());
    }
    check_numbers("the latents", latents, n * width);
    return n;
}

void check_mel(const char * what, const Mel & mel, uint32_t n_mels, uint32_t n_least) {
    if (mel.n_mels != n_mels || mel.n_frames < n_least || mel.n_frames > limits::speech_frames) {
        fail(Code::invalid_argument, "Expected %u mel channels and %u to %u frames for %s but received %u channels and %u frames", n_mels, n_least,
             limits::speech_frames, what, mel.n_mels, mel.n_frames);
    }
    check_numbers(what, mel.data, size_t(mel.n_mels) * mel.n_frames);
}

/// Channel by channel to frame by frame, and back: [rows, columns] -> [columns, rows].
std::vector<float> turned(const std::vector<float> & from, size_t n_rows) {
    std::vector<float> to(from.size());
    const size_t n_columns = from.size() / n_rows;
    for (size_t i = 0; i < from.size(); i++) {
        to[i % n_columns * n_rows + i / n_columns] = from[i];
    }
    return to;
}

MelParams speech_mel_params() {
    MelParams p;
    p.sample_rate = speech_rate;
    p.n_mels = 100;
    p.f_max = 12000.0f;
    p.slaney_scale = true;
    p.magnitude = true;
    return p;
}

/// Log of the reference's silence, which follows a spectrogram so that the end of the sound has no click.
constexpr float silent = -11.5129f;
constexpr uint32_t n_silent = 10; // frames

} // namespace

Mel Session::speech_mel(const std::vector<float> & samples) const {
    return guarded([&] {
        if (samples.size() > size_t(limits::speech_frames) * 256) {
            fail(Code::audio, "Expected at most %u samples of a clip but received %zu: cut it into pieces", limits::speech_frames * 256, samples.size());
        }
        std::vector<float> clipped = samples;
        for (float & each : clipped) {
            each = std::min(std::max(each, -1.0f), 1.0f); // NaN stays, and is refused
        }
        return mel_features(clipped, speech_mel_params());
    });
}

std::vector<float> Session::condition_speech(const std::vector<Mel> & mels, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_stage(m.model->parts().diffusion, "diffusion model");
    if (mels.empty() || mels.size() > limits::voice_clips) {
        fail(Code::invalid_argument, "Expected 1 to %u spectrograms but received %zu", limits::voice_clips, mels.size());
    }
    for (const Mel & mel : mels) {
        check_mel("a clip", mel, m.params.diffusion.n_mels, 1);
    }
    return m.piece(abort, [&](Call & call) { return finite_result(condition_clips(call, m.weights.diffusion, m.params.diffusion, mels), "a voice"); });
}

Mel Session::diffusion_pass(const DiffusionPass & pass, const AbortFlag & abort) {
    Impl & m = *impl_;
    const DiffusionParams & p = m.params.diffusion;
    m.need_stage(m.model->parts().diffusion, "diffusion model");
    check_mel("the spectrogram", pass.x, p.n_mels, 1);
    if (!(pass.time >= 0 && pass.time < 4000)) {
        fail(Code::invalid_argument, "Expected 0 to 3999 for the time step but received %g", static_cast<double>(pass.time));
    }
    if (!pass.is_free) {
        check_numbers("the voice", pass.voice, 2 * size_t(p.n_embd));
        if (pass.codes.empty()) {
            check_latents(pass.latents, p.n_latent);
        } else {
            check_ids("the codes", pass.codes, p.n_codes);
        }
        if (pass.codes.size() > limits::row_codes) {
            fail(Code::invalid_argument, "Expected at most %u codes but received %zu", limits::row_codes, pass.codes.size());
        }
    }
    return m.piece(abort, [&](Call & call) {
        std::vector<float> condition;
        if (!pass.is_free) {
            condition = pass.codes.empty() ? condition_latents(call, m.weights.diffusion, p, pass.latents, pass.voice, pass.x.n_frames)
                                           : condition_codes(call, m.weights.diffusion, p, pass.codes, pass.voice, pass.x.n_frames);
        }
        const Diffusion model(m.weights.diffusion, p, pass.x.n_frames, std::move(condition));
        const std::vector<float> y = model.pass(call, turned(pass.x.data, p.n_mels), pass.time, false);
        return Mel{ 2 * p.n_mels, pass.x.n_frames, finite_result(turned(y, pass.x.n_frames), "a spectrogram") };
    });
}

Mel Session::diffuse(const std::vector<float> & latents, const std::vector<float> & voice, const DiffusionSampling & options) {
    Impl & m = *impl_;
    const DiffusionParams & p = m.params.diffusion;
    m.need_stage(m.model->parts().diffusion, "diffusion model");
    const auto n_frames = static_cast<size_t>(clvp::sound_frames(static_cast<int64_t>(check_latents(latents, p.n_latent)))), size = n_frames * p.n_mels;
    check_numbers("the voice", voice, 2 * size_t(p.n_embd));
    check_sampler(options);
    if (!options.noise.empty()) {
        check_numbers("the noise", options.noise, size);
    }
    if (!options.step_noise.empty()) {
        check_numbers("the noise of the steps", options.step_noise, size * options.n_steps);
    }
    return m.piece(options.abort, [&](Call & call) {
        const Diffusion model(m.weights.diffusion, p, static_cast<int64_t>(n_frames),
                              condition_latents(call, m.weights.diffusion, p, latents, voice, static_cast<int64_t>(n_frames)));
        std::vector<float> x = options.noise.empty() ? gaussian(options.seed, Noise::start, 0, 0, size) : turned(options.noise, p.n_mels);
        for (float & each : x) {
            each *= options.temperature;
        }
        DiffusionSampling own = options;
        own.step_noise.clear();
        for (size_t at = 0; at < options.step_noise.size(); at += size) { // to frame by frame
            const auto from = options.step_noise.begin() + static_cast<ptrdiff_t>(at);
            const std::vector<float> step = turned({ from, from + static_cast<ptrdiff_t>(size) }, p.n_mels);
            own.step_noise.insert(own.step_noise.end(), step.begin(), step.end());
        }
        x = sample(std::move(x), p.n_mels, own, [&](const std::vector<float> & at, float time, bool free) { return model.pass(call, at, time, free); });
        std::transform(x.begin(), x.end(), x.begin(), denormalised);
        return Mel{ p.n_mels, static_cast<uint32_t>(n_frames), finite_result(turned(x, n_frames), "a spectrogram") };
    });
}

std::vector<float> Session::vocode(const Mel & mel, const VocoderOptions & options) {
    Impl & m = *impl_;
    const VocoderParams & p = m.params.vocoder;
    m.need_stage(m.model->parts().vocoder, "vocoder");
    check_mel("the spectrogram", mel, p.n_mels, 1);
    const size_t n_frames = size_t(mel.n_frames) + n_silent;
    if (!options.noise.empty()) {
        check_numbers("the noise", options.noise, n_frames * p.n_noise);
    }
    return m.piece(options.abort, [&](Call & call) {
        std::vector<float> frames = turned(mel.data, p.n_mels);
        frames.resize(n_frames * p.n_mels, silent);
        const std::vector<float> noise =
            options.noise.empty() ? gaussian(options.seed, Noise::vocoder, 0, 0, n_frames * p.n_noise) : turned(options.noise, p.n_noise);
        std::vector<float> sound = univnet(call, m.weights.vocoder, p, frames, noise, options.progress);
        sound.resize(size_t(mel.n_frames) * p.hop());
        return finite_result(std::move(sound), "sound");
    });
}

std::vector<float> Session::hifigan(const std::vector<float> & latents, const std::vector<float> & voice, const SoundParts & parts) {
    Impl & m = *impl_;
    const HifiganParams & p = m.params.hifigan;
    m.need_stage(m.model->parts().hifigan, "HiFi-GAN");
    const size_t n = check_latents(latents, p.n_latent);
    check_numbers("the voice", voice, p.n_voice);
    const uint32_t n_parts = hifigan_parts(static_cast<uint32_t>(n), parts.is_end);
    if (parts.first >= parts.last || parts.last > n_parts) {
        fail(Code::invalid_argument, "Expected parts from 0 to %u, the first below the last, but received %u to %u", n_parts, parts.first, parts.last);
    }
    return m.piece(parts.abort, [&](Call & call) {
        return finite_result(clvp::hifigan(call, m.weights.hifigan, p, latents, voice, parts.first, parts.last, parts.progress), "sound");
    });
}

uint32_t Session::hifigan_parts(uint32_t n_latents, bool is_end) const {
    const HifiganParams & p = impl_->params.hifigan;
    return p.n_channels ? static_cast<uint32_t>(clvp::hifigan_parts(p, std::min(n_latents, limits::row_codes), is_end)) : 0;
}

std::vector<float> Session::random_voice(RandomVoice which, uint64_t seed, const std::vector<float> & noise, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_stage(m.model->parts().random, "random voices");
    const bool is_decoder = which == RandomVoice::decoder;
    const auto & layers = is_decoder ? m.weights.random.decoder : m.weights.random.diffusion;
    const uint32_t n = is_decoder ? m.params.random.n_decoder : m.params.random.n_diffusion;
    if (n == 0) {
        fail(Code::unsupported, "Expected a model with random voices of the %s but received one without: convert it with %s",
             is_decoder ? "decoder" : "diffusion model", is_decoder ? "rlg_auto.pth" : "rlg_diffuser.pth");
    }
    if (!noise.empty()) {
        check_numbers("the noise", noise, n);
    }
    return m.piece(abort, [&](Call & call) {
        const Noise purpose = is_decoder ? Noise::decoder_voice : Noise::diffusion_voice;
        return finite_result(clvp::random_voice(call, layers, noise.empty() ? gaussian(seed, purpose, 0, 0, n) : noise), "a voice");
    });
}

uint32_t sound_frames(uint32_t n_latents) { return static_cast<uint32_t>(sound_frames(static_cast<int64_t>(n_latents))); }

} // namespace clvp
