// Past for JavaScript: an immutable handle to the keys and values of rows that the decoder has read.
#pragma once

#include "convert.h"

namespace binding {

class PastWrap : public Napi::ObjectWrap<PastWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit PastWrap(const Napi::CallbackInfo & info);
    void Finalize(Napi::BasicEnv env) override;

    static Napi::Object create(Napi::Env env, std::shared_ptr<const clvp::Past> past);
    /// The past of a wrapped object, or null for undefined. Throws if it was disposed of.
    static std::shared_ptr<const clvp::Past> of(const Napi::Value & value);

private:
    Napi::Value rows(const Napi::CallbackInfo & info);
    Napi::Value tokens(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    void release(Napi::BasicEnv env);

    std::shared_ptr<const clvp::Past> past_;
    uint32_t n_rows_ = 0, n_tokens_ = 0;
};

} // namespace binding
