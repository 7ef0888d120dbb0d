// What generate and searchBeams take and give: prompts, options, hooks, results.
#pragma once

#include "crew.h"

namespace binding {

clvp::Prompt to_prompt(const Napi::Value & value);
clvp::GenerateOptions to_generate_options(const Napi::Value & value);
clvp::BeamOptions to_beam_options(const Napi::Value & value);

/// The hooks of a call, as NativeHooks in lib/addon/contract.ts tells them. Freed on the JS thread.
class Hooks {
public:
    Hooks(const Napi::Value & hooks, Crew & crew, const clvp::Session & session);

    /// Puts them among a call's options, whose abort flag is set. They must outlive the call. `process` and `stop` let the call wait for the JS
    /// thread, until it is aborted or the session closed.
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
