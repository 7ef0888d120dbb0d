// Arguments and results of generate and searchBeams: prompts, options, hooks, candidates.
#pragma once

#include "crew.h"

namespace binding {

clvp::Prompt to_prompt(const Napi::Value & value);
clvp::GenerateOptions to_generate_options(const Napi::Value & value);
clvp::BeamOptions to_beam_options(const Napi::Value & value);

/// The hooks of a call: NativeHooks in lib/addon/contract.ts. Freed on the JS thread.
class Hooks {
public:
    Hooks(const Napi::Value & hooks, Crew & crew, const clvp::Session & session);

    /// Adds the hooks to the options of a call, which must have an abort flag. The hooks must outlive the call. In `process` and `stop`, the
    /// call waits for the JS thread until it is aborted or the session is closed.
    void add_to(clvp::GenerateOptions & options) const;
    void add_to(clvp::BeamOptions & options) const;

private:
    using Hook = std::shared_ptr<Napi::FunctionReference>;

    void add_questions(clvp::DrawOptions & options) const;

    Crew & crew_;
    const clvp::Session & session_;
    Hook on_step_, on_candidate_, process_, stop_;
};

Napi::Object to_js(Napi::Env env, const clvp::Generated & generated);

} // namespace binding
