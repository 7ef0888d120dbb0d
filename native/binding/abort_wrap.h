// A flag that JavaScript sets to abort a call.
#pragma once

#include "convert.h"

namespace binding {

class AbortWrap : public Napi::ObjectWrap<AbortWrap> {
public:
    static Napi::Function define(Napi::Env env) { return DefineClass(env, "AbortFlag", { InstanceMethod("abort", &AbortWrap::abort) }); }
    explicit AbortWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<AbortWrap>(info) {}

    const clvp::AbortFlag & flag() const { return flag_; }

private:
    Napi::Value abort(const Napi::CallbackInfo & info) {
        flag_->store(true);
        return info.Env().Undefined();
    }

    clvp::AbortFlag flag_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace binding
