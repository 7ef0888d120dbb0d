// SessionWrap's calls from latents to sound. Each takes one object, and an abort flag and a function for progress where it takes long.
#include "session_wrap.h"

#include "abort_wrap.h"
#include "addon.h"

namespace binding {

namespace {

using Floats = std::vector<float>;

Napi::Value floats_to_js(Napi::Env env, Floats & data) { return to_js(env, data); }
Napi::Value mel_to_js(Napi::Env env, clvp::Mel & mel) { return to_js(env, mel); }

clvp::Progress progress_of(Crew & crew, const Napi::Value & hooks) { return to_progress(crew, to_object(hooks, "hooks").Get("onProgress")); }

float to_float(const Napi::Object & object, const char * name) { return static_cast<float>(to_number(object.Get(name), name)); }

} // namespace

/// speechMel(samples)
Napi::Value SessionWrap::speech_mel(const Napi::CallbackInfo & info) {
    return start<clvp::Mel>(info, [samples = to_floats(info[0], "samples")](clvp::Session & s) { return s.speech_mel(samples); }, mel_to_js);
}

/// conditionSpeech(mels, abortFlag)
Napi::Value SessionWrap::condition_speech(const Napi::CallbackInfo & info) {
    const Napi::Array given = to_array(info[0], "mels");
    std::vector<clvp::Mel> mels;
    for (uint32_t i = 0; i < given.Length(); i++) {
        mels.push_back(mel_from_js(given.Get(i)));
    }
    return start<Floats>(
        info, [mels = std::move(mels), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.condition_speech(mels, abort); },
        floats_to_js);
}

/// diffusionPass({ x, time, latents, codes, voice, isFree }, abortFlag)
Napi::Value SessionWrap::diffusion_pass(const Napi::CallbackInfo & info) {
    const Napi::Object from = to_object(info[0], "pass");
    clvp::DiffusionPass pass;
    pass.x = mel_from_js(from.Get("x"));
    pass.time = to_float(from, "time");
    pass.latents = optional_floats(from, "latents");
    pass.codes = optional_ints(from, "codes");
    pass.voice = optional_floats(from, "voice");
    pass.is_free = to_bool(from.Get("isFree"), "isFree");
    return start<clvp::Mel>(
        info, [pass = std::move(pass), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.diffusion_pass(pass, abort); }, mel_to_js);
}

/// diffuse({ latents, voice, steps, sampler, guidance, guidanceFrom, ramp, temperature, seed, noise, stepNoise }, abortFlag, { onProgress })
Napi::Value SessionWrap::diffuse(const Napi::CallbackInfo & info) {
    session(info.Env());
    const Napi::Object from = to_object(info[0], "request");
    clvp::DiffusionSampling options;
    options.n_steps = to_u32(from.Get("steps"), "steps");
    options.sampler = to_string(from.Get("sampler"), "sampler");
    options.guidance = to_float(from, "guidance");
    options.guidance_from = to_float(from, "guidanceFrom");
    options.ramp = to_bool(from.Get("ramp"), "ramp");
    options.temperature = to_float(from, "temperature");
    options.seed = to_u53(from.Get("seed"), "seed");
    options.noise = optional_floats(from, "noise");
    options.step_noise = optional_floats(from, "stepNoise");
    options.abort = to_abort_flag(info.Env(), info[1]);
    options.progress = progress_of(*crew_, info[2]);
    return start<clvp::Mel>(
        info,
        [latents = to_floats(from.Get("latents"), "latents"), voice = to_floats(from.Get("voice"), "voice"), options = std::move(options)](clvp::Session & s) {
            return s.diffuse(latents, voice, options);
        },
        mel_to_js);
}

/// vocode({ mel, seed, noise }, abortFlag, { onProgress })
Napi::Value SessionWrap::vocode(const Napi::CallbackInfo & info) {
    session(info.Env());
    const Napi::Object from = to_object(info[0], "request");
    const clvp::VocoderOptions options = { to_u53(from.Get("seed"), "seed"), optional_floats(from, "noise"), progress_of(*crew_, info[2]),
                                           to_abort_flag(info.Env(), info[1]) };
    return start<Floats>(info, [mel = mel_from_js(from.Get("mel")), options](clvp::Session & s) { return s.vocode(mel, options); }, floats_to_js);
}

/// hifigan({ latents, voice, first, last, isEnd }, abortFlag, { onProgress })
Napi::Value SessionWrap::hifigan(const Napi::CallbackInfo & info) {
    session(info.Env());
    const Napi::Object from = to_object(info[0], "request");
    const clvp::SoundParts parts = { to_u32(from.Get("first"), "first"), to_u32(from.Get("last"), "last"), to_bool(from.Get("isEnd"), "isEnd"),
                                     progress_of(*crew_, info[2]), to_abort_flag(info.Env(), info[1]) };
    return start<Floats>(
        info,
        [latents = to_floats(from.Get("latents"), "latents"), voice = to_floats(from.Get("voice"), "voice"), parts](clvp::Session & s) {
            return s.hifigan(latents, voice, parts);
        },
        floats_to_js);
}

/// hifiganParts(latents, isEnd): a number, at once
Napi::Value SessionWrap::hifigan_parts(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), session(info.Env()).hifigan_parts(to_u32(info[0], "latents"), to_bool(info[1], "isEnd")));
}

/// randomVoice('decoder' | 'diffusion', seed, noise or undefined, abortFlag)
Napi::Value SessionWrap::random_voice(const Napi::CallbackInfo & info) {
    const auto which = to_string(info[0], "which") == "decoder" ? clvp::RandomVoice::decoder : clvp::RandomVoice::diffusion;
    const Floats noise = info[2].IsUndefined() ? Floats() : to_floats(info[2], "noise");
    return start<Floats>(
        info,
        [which, seed = to_u53(info[1], "seed"), noise, abort = to_abort_flag(info.Env(), info[3])](clvp::Session & s) {
            return s.random_voice(which, seed, noise, abort);
        },
        floats_to_js);
}

} // namespace binding
