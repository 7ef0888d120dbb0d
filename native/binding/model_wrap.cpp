#include "model_wrap.h"

#include "addon.h"

namespace binding {

Napi::Function ModelWrap::define(Napi::Env env) {
    return DefineClass(
        env, "Model",
        { InstanceMethod("info", &ModelWrap::info), InstanceMethod("values", &ModelWrap::values), InstanceMethod("dispose", &ModelWrap::dispose) });
}

ModelWrap::ModelWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ModelWrap>(info) {}

/// Reports native memory to V8, so that it collects unreachable models in time.
void ModelWrap::account(Napi::BasicEnv env, int64_t change) { Napi::MemoryManagement::AdjustExternalMemory(env, change); }

void ModelWrap::Finalize(Napi::BasicEnv env) {
    if (model_) {
        account(env, -static_cast<int64_t>(model_->n_bytes()));
    }
}

Napi::Object ModelWrap::create(Napi::Env env, std::shared_ptr<const clvp::Model> model) {
    Napi::Object object = addon(env).model_class.New({});
    ModelWrap * self = Unwrap(object);
    account(env, static_cast<int64_t>(model->n_bytes()));
    self->model_ = std::move(model);
    return object;
}

std::shared_ptr<const clvp::Model> ModelWrap::of(const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(addon(value.Env()).model_class.Value())) {
        wrong_type(value.Env(), "a Model", "model");
    }
    ModelWrap * self = Unwrap(value.As<Napi::Object>());
    if (!self->model_) {
        throw Napi::Error(value.Env(), to_js(value.Env(), clvp::Error(clvp::Code::disposed, "this model was disposed of")));
    }
    return self->model_;
}

Napi::Value ModelWrap::info(const Napi::CallbackInfo & info) {
    const auto model = of(info.This());
    Napi::Object object = to_js(info.Env(), model->params());
    object.Set("device", model->device());
    set_parts(object, model->parts());
    object.Set("bytes", static_cast<double>(model->n_bytes()));
    return object;
}

Napi::Value ModelWrap::values(const Napi::CallbackInfo & info) { return to_js(info.Env(), of(info.This())->values()); }

Napi::Value ModelWrap::dispose(const Napi::CallbackInfo & info) {
    if (model_) {
        account(info.Env(), -static_cast<int64_t>(model_->n_bytes()));
        model_.reset(); // a session that still computes keeps the weights until it has finished
    }
    return info.Env().Undefined();
}

} // namespace binding
