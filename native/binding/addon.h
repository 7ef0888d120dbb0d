// What one JavaScript environment owns. worker_threads load the addon several times in a process, so nothing is static.
#pragma once

#include "worker.h"

namespace binding {

struct AddonData {
    Napi::FunctionReference model_class, session_class, writer_class, abort_class;
    std::shared_ptr<Worker> loader; // loads models, reads headers, decodes audio
};

inline AddonData & addon(Napi::Env env) {
    return *env.GetInstanceData<AddonData>();
}

} // namespace binding
