#include "past_wrap.h"

#include "addon.h"

namespace binding {

Napi::Function PastWrap::define(Napi::Env env) {
    return DefineClass(env, "Past",
                       {
                           InstanceAccessor("rows", &PastWrap::rows, nullptr),
                           InstanceAccessor("tokens", &PastWrap::tokens, nullptr),
                           InstanceMethod("dispose", &PastWrap::dispose),
                       });
}

PastWrap::PastWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<PastWrap>(info) {}

void PastWrap::Finalize(Napi::BasicEnv env) { release(env); }

Napi::Object PastWrap::create(Napi::Env env, std::shared_ptr<const clvp::Past> past) {
    Napi::Object object = addon(env).past_class.New({});
    PastWrap * wrap = Unwrap(object);
    wrap->n_rows_ = past->n_rows();
    wrap->n_tokens_ = past->n_tokens();
    Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(past->n_bytes())); // reported to the garbage collector
    wrap->past_ = std::move(past);
    return object;
}

std::shared_ptr<const clvp::Past> PastWrap::of(const Napi::Value & value) {
    if (value.IsUndefined()) {
        return nullptr;
    }
    Napi::Env env = value.Env();
    if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(addon(env).past_class.Value())) {
        wrong_type(env, "a past", "past");
    }
    PastWrap * wrap = Unwrap(value.As<Napi::Object>());
    if (!wrap->past_) {
        throw Napi::Error(env, to_js(env, clvp::Error(clvp::Code::disposed, "this past was disposed of")));
    }
    return wrap->past_;
}

Napi::Value PastWrap::rows(const Napi::CallbackInfo & info) { return Napi::Number::New(info.Env(), n_rows_); }

Napi::Value PastWrap::tokens(const Napi::CallbackInfo & info) { return Napi::Number::New(info.Env(), n_tokens_); }

Napi::Value PastWrap::dispose(const Napi::CallbackInfo & info) {
    release(info.Env());
    return info.Env().Undefined();
}

void PastWrap::release(Napi::BasicEnv env) {
    if (past_) {
        Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(past_->n_bytes()));
        past_.reset();
    }
}

} // namespace binding
