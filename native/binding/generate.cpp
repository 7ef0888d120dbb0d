#include "generate.h"

namespace binding {

namespace {

/// A hook by name; null if it is undefined.
std::shared_ptr<Napi::FunctionReference> to_hook(const Napi::Object & hooks, const char * name) {
    const Napi::Value value = hooks.Get(name);
    return value.IsFunction() ? std::make_shared<Napi::FunctionReference>(Napi::Persistent(value.As<Napi::Function>())) : nullptr;
}

Napi::Int32Array candidates_to_js(Napi::Env env, const std::vector<uint32_t> & candidates) {
    return to_js(env, std::vector<int32_t>(candidates.begin(), candidates.end()));
}

Napi::Object rows_to_js(Napi::Env env, const clvp::StepRows & rows) {
    std::vector<int32_t> ids;
    for (const auto & row : rows.ids) {
        ids.insert(ids.end(), row.begin(), row.end());
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("candidates", candidates_to_js(env, rows.candidates));
    object.Set("ids", to_js(env, ids));
    object.Set("length", static_cast<double>(rows.ids.empty() ? 0 : rows.ids.front().size()));
    return object;
}

/// A JS function that passes its argument, if any, to the waiting job.
template <typename T> Napi::Function reply_to(Napi::Env env, const std::shared_ptr<Answer<T>> & answer, T (*convert)(const Napi::Value &, const char *)) {
    return Napi::Function::New(env, [answer, convert](const Napi::CallbackInfo & info) {
        answer->give(info[0].IsUndefined() ? T() : convert(info[0], "reply"));
        return info.Env().Undefined();
    });
}

void read_draw_options(clvp::DrawOptions & to, const Napi::Object & from) {
    const Napi::Object limits = to_object(from.Get("limits"), "limits"), record = to_object(from.Get("record"), "record");
    to.max_tokens = to_u32(from.Get("maxTokens"), "maxTokens");
    to.stops = to_ints(from.Get("stops"), "stops");
    to.seed = to_u53(from.Get("seed"), "seed");
    to.positions = to_positions(from.Get("positions"));
    to.history = to_ints(from.Get("history"), "history");
    to.sampling = to_sampling(from.Get("sampling"));
    to.limits.no_repeat_ngram = to_u32(limits.Get("noRepeatNgram"), "limits.noRepeatNgram");
    to.limits.bad_words = to_rows(limits.Get("badWords"), "limits.badWords");
    to.limits.suppress = to_ints(limits.Get("suppress"), "limits.suppress");
    to.limits.min_tokens = to_u32(limits.Get("minTokens"), "limits.minTokens");
    to.limits.rankable = to_bool(limits.Get("rankable"), "limits.rankable");
    to.record.scores = to_bool(record.Get("scores"), "record.scores");
    to.record.logits = to_bool(record.Get("logits"), "record.logits");
    to.record.hidden_states = to_bool(record.Get("hiddenStates"), "record.hiddenStates");
    to.record.attentions = to_bool(record.Get("attentions"), "record.attentions");
}

clvp::EarlyStopping to_early_stopping(const Napi::Value & value) {
    if (value.IsBoolean()) {
        return value.As<Napi::Boolean>() ? clvp::EarlyStopping::yes : clvp::EarlyStopping::no;
    }
    if (to_string(value, "earlyStopping") != "never") {
        wrong_type(value.Env(), "true, false or 'never'", "earlyStopping");
    }
    return clvp::EarlyStopping::never;
}

Napi::Object trace_to_js(Napi::Env env, const clvp::StepTrace & trace) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("step", trace.step);
    object.Set("candidates", candidates_to_js(env, trace.candidates));
    object.Set("scores", to_js(env, trace.scores));
    object.Set("logits", to_js(env, trace.logits));
    object.Set("hiddenStates", to_js(env, trace.hidden_states));
    object.Set("attentions", to_js(env, trace.attentions));
    return object;
}

template <typename T, typename Convert> Napi::Array list_to_js(Napi::Env env, const std::vector<T> & list, Convert convert) {
    Napi::Array array = Napi::Array::New(env, list.size());
    for (uint32_t i = 0; i < list.size(); i++) {
        array.Set(i, convert(env, list[i]));
    }
    return array;
}

} // namespace

clvp::Prompt to_prompt(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "prompt");
    if (from.Has("textIds")) {
        return clvp::TextPrompt{ to_ints(from.Get("textIds"), "prompt.textIds"), to_floats(from.Get("voice"), "prompt.voice") };
    }
    if (from.Has("conditioning")) {
        return clvp::ConditioningPrompt{ to_floats(from.Get("conditioning"), "prompt.conditioning") };
    }
    clvp::TokenPrompt tokens;
    tokens.ids = optional_ints(from, "ids");
    tokens.embeds = optional_floats(from, "embeds");
    tokens.positions = to_ints(from.Get("positions"), "prompt.positions");
    tokens.mask = optional_ints(from, "mask");
    tokens.seen = to_ints(from.Get("seen"), "prompt.seen");
    tokens.n_padding = to_u32(from.Get("padding"), "prompt.padding");
    return tokens;
}

clvp::GenerateOptions to_generate_options(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "options");
    clvp::GenerateOptions to;
    read_draw_options(to, from);
    to.n_candidates = to_u32(from.Get("candidates"), "candidates");
    to.first = to_u32(from.Get("first"), "first");
    to.batch_size = to_u32(from.Get("batchSize"), "batchSize");
    to.deterministic = to_bool(from.Get("deterministic"), "deterministic");
    const Napi::Object prune = to_object(from.Get("prune"), "prune");
    to.prune.share = to_number(prune.Get("share"), "prune.share");
    to.prune.text_ids = to_ints(prune.Get("textIds"), "prune.textIds");
    return to;
}

clvp::BeamOptions to_beam_options(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "options");
    clvp::BeamOptions to;
    read_draw_options(to, from);
    to.n_beams = to_u32(from.Get("beams"), "beams");
    to.n_return = to_u32(from.Get("candidates"), "candidates");
    to.length_penalty = static_cast<float>(to_number(from.Get("lengthPenalty"), "lengthPenalty"));
    to.early_stopping = to_early_stopping(from.Get("earlyStopping"));
    to.sample = to_bool(from.Get("sample"), "sample");
    return to;
}

Hooks::Hooks(const Napi::Value & value, Crew & crew, const clvp::Session & session) : crew_(crew), session_(session) {
    const Napi::Object hooks = to_object(value, "hooks");
    on_step_ = to_hook(hooks, "onStep");
    on_candidate_ = to_hook(hooks, "onCandidate");
    process_ = to_hook(hooks, "process");
    stop_ = to_hook(hooks, "stop");
}

void Hooks::add_questions(clvp::DrawOptions & options) const {
    const auto cancelled = [this, abort = options.abort] { return session_.is_closed() || abort->load(); };
    if (process_) {
        options.process = [this, cancelled](const clvp::StepRows & rows, std::vector<float> & scores) {
            // Captures copies: an abort may end the call before the JS thread runs the question.
            const auto question = [process = process_, rows, scores](Napi::Env env, const std::shared_ptr<Answer<std::vector<float>>> & answer) {
                process->Call({ rows_to_js(env, rows), to_js(env, scores), reply_to(env, answer, to_floats) });
            };
            std::vector<float> changed = crew_.ask<std::vector<float>>(question, cancelled);
            if (!changed.empty()) {
                scores = std::move(changed);
            }
        };
    }
    if (stop_) {
        options.criteria = [this, cancelled](const clvp::StepRows & rows) {
            const auto question = [stop = stop_, rows](Napi::Env env, const std::shared_ptr<Answer<std::vector<int32_t>>> & answer) {
                stop->Call({ rows_to_js(env, rows), reply_to(env, answer, to_ints) });
            };
            std::vector<int32_t> ends = crew_.ask<std::vector<int32_t>>(question, cancelled);
            return ends.empty() ? std::vector<int32_t>(rows.ids.size(), 0) : ends;
        };
    }
}

void Hooks::add_to(clvp::GenerateOptions & options) const {
    add_questions(options);
    if (on_step_) {
        options.on_step = [this](const std::vector<clvp::StepEvent> & events) {
            std::vector<int32_t> pairs;
            for (const clvp::StepEvent & event : events) {
                pairs.push_back(static_cast<int32_t>(event.candidate));
                pairs.push_back(event.token);
            }
            crew_.post([on_step = on_step_, pairs = std::move(pairs)](Napi::Env env) { on_step->Call({ to_js(env, pairs) }); });
        };
    }
    if (on_candidate_) {
        options.on_candidate = [this](const clvp::Candidate & candidate) {
            crew_.post([on_candidate = on_candidate_, candidate](Napi::Env env) { on_candidate->Call({ to_js(env, candidate) }); });
        };
    }
}

void Hooks::add_to(clvp::BeamOptions & options) const {
    add_questions(options);
    if (on_step_) {
        options.on_step = [this](size_t n_tokens) {
            const std::vector<int32_t> pair = { 0, static_cast<int32_t>(n_tokens) };
            crew_.post([on_step = on_step_, pair](Napi::Env env) { on_step->Call({ to_js(env, pair) }); });
        };
    }
}

Napi::Object to_js(Napi::Env env, const clvp::Generated & generated) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("candidates", list_to_js(env, generated.candidates, [](Napi::Env e, const clvp::Candidate & each) { return to_js(e, each); }));
    object.Set("timings", to_js(env, generated.timings));
    object.Set("steps", list_to_js(env, generated.steps, trace_to_js));
    return object;
}

} // namespace binding
