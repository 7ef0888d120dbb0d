// Writer for JavaScript: appends run in order on a thread of the writer.
#pragma once

#include "crew.h"

namespace binding {

class WriterWrap : public Napi::ObjectWrap<WriterWrap> {
public:
    static Napi::Function define(Napi::Env env);
    explicit WriterWrap(const Napi::CallbackInfo & info);
    ~WriterWrap();

private:
    Napi::Value append(const Napi::CallbackInfo & info);
    Napi::Value finish(const Napi::CallbackInfo & info);
    Napi::Value abort(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);

    std::shared_ptr<clvp::Writer> writer_;
    std::shared_ptr<Crew> crew_;
    clvp::AbortFlag abort_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace binding
