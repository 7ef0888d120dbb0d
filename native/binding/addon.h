// State of one JavaScript environment. worker_threads load the addon several times in a process, so no state is static.
#pragma once

#include "crew.h"

#include <algorithm>

namespace binding {

/// Abort flags of loads that may still run, so that the end of the environment can stop them.
class RunningLoads {
public:
    void add(const clvp::AbortFlag & flag) {
        flags_.erase(std::remove_if(flags_.begin(), flags_.end(), [](const auto & each) { return each.expired(); }), flags_.end());
        flags_.push_back(flag);
    }
    void abort() {
        for (const auto & each : flags_) {
            if (const clvp::AbortFlag flag = each.lock()) {
                flag->store(true);
            }
        }
    }

private:
    std::vector<std::weak_ptr<std::atomic<bool>>> flags_;
};

struct AddonData {
    Napi::FunctionReference model_class, session_class, writer_class, abort_class, past_class;
    std::shared_ptr<RunningLoads> loads = std::make_shared<RunningLoads>();
    std::shared_ptr<Crew> loader; // loads models, reads headers, decodes audio
};

inline AddonData & addon(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

/// The flag of an AbortFlag argument; it is also set when the environment ends.
clvp::AbortFlag to_abort_flag(Napi::Env env, const Napi::Value & value);

} // namespace binding
