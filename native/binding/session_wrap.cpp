#include "session_wrap.h"

#include "addon.h"
#include "generate.h"
#include "model_wrap.h"
#include "rows.h"

namespace binding {

Napi::Object to_js(Napi::Env env, const clvp::Mel & mel) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("data", to_js(env, mel.data));
    object.Set("channels", mel.n_mels);
    object.Set("frames", mel.n_frames);
    return object;
}

clvp::Mel mel_from_js(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "mel");
    clvp::Mel mel;
    mel.data = to_floats(from.Get("data"), "mel.data");
    mel.n_mels = to_u32(from.Get("channels"), "mel.channels");
    mel.n_frames = to_u32(from.Get("frames"), "mel.frames");
    return mel;
}

namespace {

/// Maximum number of concurrent calls, which take turns. Calls that wait for a function of the caller or share the batch do not count.
constexpr size_t n_threads = 64;

struct Nothing {};

Napi::Value result_to_js(Napi::Env env, const std::vector<float> & data) { return to_js(env, data); }
Napi::Value result_to_js(Napi::Env env, const std::vector<int32_t> & ids) { return to_js(env, ids); }
Napi::Value result_to_js(Napi::Env env, const clvp::EncoderOutput & output) { return to_js(env, output); }
Napi::Value result_to_js(Napi::Env env, const clvp::DecoderOutput & output) { return to_js(env, output); }
Napi::Value result_to_js(Napi::Env env, const clvp::Similarity & similarity) { return to_js(env, similarity); }
Napi::Value result_to_js(Napi::Env env, const clvp::Mel & mel) { return to_js(env, mel); }
Napi::Value result_to_js(Napi::Env env, const Nothing &) { return env.Undefined(); }

Napi::Value result_to_js(Napi::Env env, const std::vector<clvp::ColumnImportance> & matrices) {
    Napi::Array list = Napi::Array::New(env, matrices.size());
    for (uint32_t i = 0; i < matrices.size(); i++) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("name", matrices[i].name);
        object.Set("rows", static_cast<double>(matrices[i].n_rows));
        object.Set("meanSquares", to_js(env, matrices[i].mean_squares));
        list.Set(i, object);
    }
    return list;
}

Napi::Value result_to_js(Napi::Env env, const clvp::Audio & audio) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("samples", to_js(env, audio.samples));
    object.Set("sampleRate", audio.sample_rate);
    return object;
}

} // namespace

Napi::Function SessionWrap::define(Napi::Env env) {
    return DefineClass(env, "Session",
                       {
                           InstanceMethod("mel", &SessionWrap::mel),
                           InstanceMethod("condition", &SessionWrap::condition),
                           InstanceMethod("generate", &SessionWrap::generate),
                           InstanceMethod("searchBeams", &SessionWrap::search_beams),
                           InstanceMethod("conditioning", &SessionWrap::conditioning),
                           InstanceMethod("stepLogits", &SessionWrap::step_logits),
                           InstanceMethod("latents", &SessionWrap::latents),
                           InstanceMethod("encode", &SessionWrap::encode),
                           InstanceMethod("decode", &SessionWrap::decode),
                           InstanceMethod("embedText", &SessionWrap::embed_text),
                           InstanceMethod("embedSpeech", &SessionWrap::embed_speech),
                           InstanceMethod("score", &SessionWrap::score),
                           InstanceMethod("encodeAudio", &SessionWrap::encode_audio),
                           InstanceMethod("encodeMel", &SessionWrap::encode_mel),
                           InstanceMethod("codesToMel", &SessionWrap::codes_to_mel),
                           InstanceMethod("preview", &SessionWrap::preview),
                           InstanceMethod("speechMel", &SessionWrap::speech_mel),
                           InstanceMethod("conditionSpeech", &SessionWrap::condition_speech),
                           InstanceMethod("diffusionPass", &SessionWrap::diffusion_pass),
                           InstanceMethod("diffuse", &SessionWrap::diffuse),
                           InstanceMethod("vocode", &SessionWrap::vocode),
                           InstanceMethod("hifigan", &SessionWrap::hifigan),
                           InstanceMethod("hifiganParts", &SessionWrap::hifigan_parts),
                           InstanceMethod("randomVoice", &SessionWrap::random_voice),
                           InstanceMethod("collectImportance", &SessionWrap::collect_importance),
                           InstanceMethod("importance", &SessionWrap::importance),
                           InstanceMethod("close", &SessionWrap::close),
                           InstanceMethod("dispose", &SessionWrap::dispose),
                           InstanceMethod("threads", &SessionWrap::threads),
                       });
}

/// new Session(model, threads, kvType)
SessionWrap::SessionWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<SessionWrap>(info) {
    const auto model = ModelWrap::of(info[0]);
    clvp::SessionOptions options;
    options.n_threads = to_u32(info[1], "threads");
    options.kv_type = to_string(info[2], "kvType");
    session_ = checked(info.Env(), [&] { return std::make_shared<clvp::Session>(model, options); });
    crew_ = Crew::create(info.Env(), n_threads, [session = session_] {
        session->close();
        session->wait_closed();
    });
}

SessionWrap::~SessionWrap() {
    if (crew_) {
        crew_->stop();
    }
}

clvp::Session & SessionWrap::session(Napi::Env env) const {
    if (!session_) {
        throw Napi::Error(env, to_js(env, clvp::Error(clvp::Code::disposed, "this session was disposed of")));
    }
    return *session_;
}

template <typename T> Napi::Value SessionWrap::start(const Napi::CallbackInfo & info, std::function<T(clvp::Session &)> work) {
    return start<T>(info, std::move(work), [](Napi::Env env, T & result) -> Napi::Value { return result_to_js(env, result); });
}

Napi::Value SessionWrap::mel(const Napi::CallbackInfo & info) {
    return start<clvp::Mel>(info, [samples = to_floats(info[0], "samples")](clvp::Session & s) { return s.mel(samples); });
}

Napi::Value SessionWrap::condition(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(
        info, [mel = mel_from_js(info[0]), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.condition(mel, abort); });
}

/// generate(request): { candidates, timings, steps }
Napi::Value SessionWrap::generate(const Napi::CallbackInfo & info) {
    const Napi::Object from = to_object(info[0], "request");
    clvp::Request request = { to_prompt(from.Get("prompt")), to_generate_options(from.Get("options")) };
    request.options.abort = to_abort_flag(info.Env(), from.Get("abort"));
    const auto hooks = std::make_shared<Hooks>(from.Get("hooks"), *crew_, session(info.Env()));
    hooks->add_to(request.options);
    const auto place = session_->shares_batch(request.options) ? Crew::Place::here : Crew::Place::thread;
    return crew_->submit<clvp::Generated>(
        place, info.Env(), info.This().As<Napi::Object>(), hooks,
        [session = session_, request = std::move(request)](Crew::Settle<clvp::Generated> settle) { session->submit(request, std::move(settle)); },
        [](Napi::Env env, clvp::Generated & generated) { return to_js(env, generated); });
}

/// searchBeams(prompt, options, hooks, abortFlag)
Napi::Value SessionWrap::search_beams(const Napi::CallbackInfo & info) {
    auto options = to_beam_options(info[1]);
    options.abort = to_abort_flag(info.Env(), info[3]);
    const auto hooks = std::make_shared<Hooks>(info[2], *crew_, session(info.Env()));
    hooks->add_to(options);
    return crew_->submit<clvp::Generated>(
        Crew::Place::thread, info.Env(), info.This().As<Napi::Object>(), hooks,
        [session = session_, prompt = to_prompt(info[0]), options = std::move(options)](const Crew::Settle<clvp::Generated> & settle) {
            settle(session->search_beams(prompt, options));
        },
        [](Napi::Env env, clvp::Generated & generated) { return to_js(env, generated); });
}

/// conditioning(voices, text)
Napi::Value SessionWrap::conditioning(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info, [voices = to_floats(info[0], "voices"), text = to_tower_rows(info[1]),
                                            abort = to_abort_flag(info.Env(), info[2])](clvp::Session & s) { return s.conditioning(voices, text, abort); });
}

/// latents(prompt, codes, positions, abortFlag)
Napi::Value SessionWrap::latents(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info,
                                     [prompt = to_prompt(info[0]), codes = to_ints(info[1], "codes"), positions = to_positions(info[2]),
                                      abort = to_abort_flag(info.Env(), info[3])](clvp::Session & s) { return s.latents(prompt, codes, positions, abort); });
}

Napi::Value SessionWrap::step_logits(const Napi::CallbackInfo & info) {
    clvp::TextPrompt prompt = { to_ints(info[0], "textIds"), to_floats(info[1], "voice") };
    return start<std::vector<float>>(
        info, [prompt = std::move(prompt), codes = to_ints(info[2], "codes"), positions = to_positions(info[3]),
               abort = to_abort_flag(info.Env(), info[4])](clvp::Session & s) { return s.step_logits(prompt, codes, positions, abort); });
}

/// encode('text' | 'speech', rows)
Napi::Value SessionWrap::encode(const Napi::CallbackInfo & info) {
    const bool text = to_string(info[0], "tower") == "text";
    return start<clvp::EncoderOutput>(info, [text, rows = to_tower_rows(info[1]), abort = to_abort_flag(info.Env(), info[2])](clvp::Session & s) {
        return text ? s.encode_text(rows, abort) : s.encode_speech(rows, abort);
    });
}

/// decode(rows)
Napi::Value SessionWrap::decode(const Napi::CallbackInfo & info) {
    return start<clvp::DecoderOutput>(
        info, [rows = to_decoder_rows(info[0]), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.decode(rows, abort); });
}

Napi::Value SessionWrap::embed_text(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(
        info, [ids = to_ints(info[0], "textIds"), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.embed_text(ids, abort); });
}

Napi::Value SessionWrap::embed_speech(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(
        info, [rows = to_rows(info[0], "rows"), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.embed_speech(rows, abort); });
}

/// score(textIds, rows, abortFlag): { text, speech, scores }
Napi::Value SessionWrap::score(const Napi::CallbackInfo & info) {
    return start<clvp::Similarity>(info, [ids = to_ints(info[0], "textIds"), rows = to_rows(info[1], "rows"),
                                          abort = to_abort_flag(info.Env(), info[2])](clvp::Session & s) { return s.score(ids, rows, abort); });
}

/// encodeAudio(samples, abortFlag)
Napi::Value SessionWrap::encode_audio(const Napi::CallbackInfo & info) {
    return start<std::vector<int32_t>>(info, [samples = to_floats(info[0], "samples"), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) {
        return s.encode_audio(samples, abort);
    });
}

/// encodeMel(mel, abortFlag)
Napi::Value SessionWrap::encode_mel(const Napi::CallbackInfo & info) {
    return start<std::vector<int32_t>>(
        info, [mel = mel_from_js(info[0]), abort = to_abort_flag(info.Env(), info[1])](clvp::Session & s) { return s.encode_mel(mel, abort); });
}

/// codesToMel(codes)
Napi::Value SessionWrap::codes_to_mel(const Napi::CallbackInfo & info) {
    return start<clvp::Mel>(info, [codes = to_ints(info[0], "codes")](clvp::Session & s) { return s.codes_to_mel(codes); });
}

/// preview(codes, iterations)
Napi::Value SessionWrap::preview(const Napi::CallbackInfo & info) {
    clvp::PreviewOptions options;
    options.n_iterations = to_u32(info[1], "iterations");
    return start<clvp::Audio>(info, [codes = to_ints(info[0], "codes"), options, abort = to_abort_flag(info.Env(), info[2])](clvp::Session & s) {
        return s.preview(codes, options, abort);
    });
}

/// collectImportance(on)
Napi::Value SessionWrap::collect_importance(const Napi::CallbackInfo & info) {
    return start<Nothing>(info, [on = to_bool(info[0], "on")](clvp::Session & s) {
        s.collect_importance(on);
        return Nothing{};
    });
}

/// importance(): { name, rows, meanSquares }[]
Napi::Value SessionWrap::importance(const Napi::CallbackInfo & info) {
    return start<std::vector<clvp::ColumnImportance>>(info, [](clvp::Session & s) { return s.importance(); });
}

/// close(): makes all calls end soon with CLVP_DISPOSED and does not wait for them.
Napi::Value SessionWrap::close(const Napi::CallbackInfo & info) {
    if (session_) {
        session_->close();
    }
    return info.Env().Undefined();
}

/// dispose(): closes the session and waits for its calls.
Napi::Value SessionWrap::dispose(const Napi::CallbackInfo & info) {
    if (session_) {
        crew_->stop();
        session_.reset();
    }
    return info.Env().Undefined();
}

Napi::Value SessionWrap::threads(const Napi::CallbackInfo & info) { return Napi::Number::New(info.Env(), session_ ? session_->n_threads() : 0); }

} // namespace binding
