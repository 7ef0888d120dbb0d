// Session for JavaScript: each method starts a call on a thread of the session's crew and returns a promise.
#pragma once

#include "crew.h"

namespace binding {

/// { data, channels, frames }
Napi::Object to_js(Napi::Env env, const clvp::Mel & mel);
clvp::Mel mel_from_js(const Napi::Value & value);

class SessionWrap : public Napi::ObjectWrap<SessionWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit SessionWrap(const Napi::CallbackInfo & info);
    ~SessionWrap();

private:
    Napi::Value mel(const Napi::CallbackInfo & info);
    Napi::Value condition(const Napi::CallbackInfo & info);
    Napi::Value generate(const Napi::CallbackInfo & info);
    Napi::Value search_beams(const Napi::CallbackInfo & info);
    Napi::Value conditioning(const Napi::CallbackInfo & info);
    Napi::Value latents(const Napi::CallbackInfo & info);
    Napi::Value step_logits(const Napi::CallbackInfo & info);
    Napi::Value encode(const Napi::CallbackInfo & info);
    Napi::Value decode(const Napi::CallbackInfo & info);
    Napi::Value embed_text(const Napi::CallbackInfo & info);
    Napi::Value embed_speech(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    Napi::Value encode_audio(const Napi::CallbackInfo & info);
    Napi::Value encode_mel(const Napi::CallbackInfo & info);
    Napi::Value codes_to_mel(const Napi::CallbackInfo & info);
    Napi::Value preview(const Napi::CallbackInfo & info);
    Napi::Value speech_mel(const Napi::CallbackInfo & info);
    Napi::Value condition_speech(const Napi::CallbackInfo & info);
    Napi::Value diffusion_pass(const Napi::CallbackInfo & info);
    Napi::Value diffuse(const Napi::CallbackInfo & info);
    Napi::Value vocode(const Napi::CallbackInfo & info);
    Napi::Value hifigan(const Napi::CallbackInfo & info);
    Napi::Value hifigan_parts(const Napi::CallbackInfo & info);
    Napi::Value random_voice(const Napi::CallbackInfo & info);
    Napi::Value collect_importance(const Napi::CallbackInfo & info);
    Napi::Value importance(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value threads(const Napi::CallbackInfo & info);

    clvp::Session & session(Napi::Env env) const;
    /// Starts a call whose result `convert` makes a JavaScript value.
    template <typename T> Napi::Value start(const Napi::CallbackInfo & info, std::function<T(clvp::Session &)> work, Napi::Value (*convert)(Napi::Env, T &)) {
        session(info.Env());
        return crew_->run<T>(info.Env(), info.This().As<Napi::Object>(), [session = session_, work = std::move(work)] { return work(*session); }, convert);
    }
    template <typename T> Napi::Value start(const Napi::CallbackInfo & info, std::function<T(clvp::Session &)> work);

    std::shared_ptr<clvp::Session> session_;
    std::shared_ptr<Crew> crew_;
};

} // namespace binding
