// Model for JavaScript: an immutable handle that sessions share.
#pragma once

#include "convert.h"

namespace binding {

class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit ModelWrap(const Napi::CallbackInfo & info);
    void Finalize(Napi::BasicEnv env) override;

    /// Wraps a loaded model.
    static Napi::Object create(Napi::Env env, std::shared_ptr<const clvp::Model> model);
    /// The model of a wrapped object. Throws if it was disposed of.
    static std::shared_ptr<const clvp::Model> of(const Napi::Value & value);

private:
    Napi::Value info(const Napi::CallbackInfo & info);
    Napi::Value values(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    static void account(Napi::BasicEnv env, int64_t change);

    std::shared_ptr<const clvp::Model> model_;
};

} // namespace binding
