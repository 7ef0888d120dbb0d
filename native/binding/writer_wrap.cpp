#include "writer_wrap.h"

namespace binding {

namespace {

struct Nothing {};

Napi::Value undefined(Napi::Env env, Nothing &) { return env.Undefined(); }

} // namespace

Napi::Function WriterWrap::define(Napi::Env env) {
    return DefineClass(env, "Writer",
                       { InstanceMethod("append", &WriterWrap::append), InstanceMethod("finish", &WriterWrap::finish),
                         InstanceMethod("abort", &WriterWrap::abort), InstanceMethod("close", &WriterWrap::close) });
}

/// new Writer(path, values, tensors, threads)
WriterWrap::WriterWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<WriterWrap>(info) {
    const std::string path = to_string(info[0], "path");
    const auto values = to_values(info[1]);
    const auto tensors = to_tensors(info[2]);
    const clvp::WriterOptions options = { to_u32(info[3], "threads"), abort_ };
    writer_ = checked(info.Env(), [&] { return std::make_shared<clvp::Writer>(path, values, tensors, options); });
    crew_ = Crew::create(info.Env(), 1, [flag = abort_] { flag->store(true); });
}

WriterWrap::~WriterWrap() {
    if (crew_) {
        crew_->stop();
    }
}

/// append(data: Uint8Array, source: string, columnsTransposed: number)
Napi::Value WriterWrap::append(const Napi::CallbackInfo & info) {
    if (!writer_) {
        throw Napi::Error(info.Env(), to_js(info.Env(), clvp::Error(clvp::Code::disposed, "this writer is closed")));
    }
    return crew_->run<Nothing>(
        info.Env(), info.This().As<Napi::Object>(),
        [writer = writer_, data = to_bytes(info[0], "data"), source = to_string(info[1], "source"), columns = to_u53(info[2], "columnsTransposed")] {
            writer->append(data.data(), data.size(), source, columns);
            return Nothing{};
        },
        undefined);
}

Napi::Value WriterWrap::finish(const Napi::CallbackInfo & info) {
    if (!writer_) {
        throw Napi::Error(info.Env(), to_js(info.Env(), clvp::Error(clvp::Code::disposed, "this writer is closed")));
    }
    return crew_->run<Nothing>(
        info.Env(), info.This().As<Napi::Object>(),
        [writer = writer_] {
            writer->finish();
            return Nothing{};
        },
        undefined);
}

/// Makes the running call and all later ones reject soon.
Napi::Value WriterWrap::abort(const Napi::CallbackInfo & info) {
    abort_->store(true);
    return info.Env().Undefined();
}

/// Removes the temporary file of an unfinished writer.
Napi::Value WriterWrap::close(const Napi::CallbackInfo & info) {
    crew_->stop();
    writer_.reset();
    return info.Env().Undefined();
}

} // namespace binding
