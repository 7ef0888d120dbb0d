// What generate and searchBeams take and give: prompts, options, hooks, results.
#pragma once

#include "worker.h"

namespace binding {

clvp::Prompt to_prompt(const Napi::Value & value);
clvp::GenerateOptions to_generate_options(const Napi::Value & value);
clvp::BeamOptions to_beam_options(const Napi::Value & value);

/// The hooks of a call, as NativeHooks in lib/binding.ts tells them. `process` and `stop` let the job wait for the JS thread;
/// `session` can be aborted meanwhile.
void add_hooks(clvp::GenerateOptions & options, const Napi::Value & hooks, const std::shared_ptr<Worker> & worker, const clvp::Session * session);
void add_hooks(clvp::BeamOptions & options, const Napi::Value & hooks, const std::shared_ptr<Worker> & worker, const clvp::Session * session);

/// A call's result with its timings.
struct Drawn {
    clvp::Generated generated;
    clvp::Timings timings;
};

Napi::Object to_js(Napi::Env env, const Drawn & drawn);

/// What became of several requests, and the timings of all together.
struct DrawnTogether {
    std::vector<clvp::Outcome> outcomes;
    clvp::Timings timings;
};

Napi::Array to_js(Napi::Env env, const DrawnTogether & drawn);

} // namespace binding
