#include "session_wrap.h"

#include "addon.h"
#include "model_wrap.h"

namespace binding {

Napi::Object to_js(Napi::Env env, const clvp::Mel & mel) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("data", to_js(env, mel.data));
    object.Set("channels", mel.n_mels);
    object.Set("frames", mel.n_frames);
    return object;
}

namespace {

clvp::Mel mel_from_js(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "mel");
    clvp::Mel mel;
    mel.data = to_floats(from.Get("data"), "mel.data");
    mel.n_mels = to_u32(from.Get("channels"), "mel.channels");
    mel.n_frames = to_u32(from.Get("frames"), "mel.frames");
    return mel;
}

struct Generated {
    std::vector<clvp::Candidate> candidates;
    clvp::Timings timings;
};

struct Scored {
    std::vector<float> scores;
    double ms = 0;
};

Napi::Value result_to_js(Napi::Env env, const std::vector<float> & data) { return to_js(env, data); }
Napi::Value result_to_js(Napi::Env env, const clvp::Encoding & encoding) { return to_js(env, encoding); }
Napi::Value result_to_js(Napi::Env env, const clvp::Mel & mel) { return to_js(env, mel); }

Napi::Value result_to_js(Napi::Env env, const Scored & scored) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("scores", to_js(env, scored.scores));
    object.Set("ms", scored.ms);
    return object;
}

Napi::Value result_to_js(Napi::Env env, const Generated & generated) {
    Napi::Array array = Napi::Array::New(env, generated.candidates.size());
    for (uint32_t i = 0; i < generated.candidates.size(); i++) {
        array.Set(i, to_js(env, generated.candidates[i]));
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("candidates", array);
    object.Set("timings", to_js(env, generated.timings));
    return object;
}

clvp::GenerateOptions generate_options(const Napi::Object & from) {
    clvp::GenerateOptions to;
    to.n_candidates = to_u32(from.Get("candidates"), "candidates");
    to.first = to_u32(from.Get("first"), "first");
    to.max_tokens = to_u32(from.Get("maxTokens"), "maxTokens");
    to.batch_size = to_u32(from.Get("batchSize"), "batchSize");
    to.seed = to_u53(from.Get("seed"), "seed");
    to.deterministic = to_bool(from.Get("deterministic"), "deterministic");
    to.sampling = to_sampling(from.Get("sampling"));
    to.prefix_positions = to_prefix_positions(from.Get("prefixPositions"));
    return to;
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

clvp::BeamOptions beam_options(const Napi::Object & from) {
    clvp::BeamOptions to;
    to.n_beams = to_u32(from.Get("beams"), "beams");
    to.n_return = to_u32(from.Get("candidates"), "candidates");
    to.max_tokens = to_u32(from.Get("maxTokens"), "maxTokens");
    to.length_penalty = static_cast<float>(to_number(from.Get("lengthPenalty"), "lengthPenalty"));
    to.early_stopping = to_early_stopping(from.Get("earlyStopping"));
    to.sample = to_bool(from.Get("sample"), "sample");
    to.seed = to_u53(from.Get("seed"), "seed");
    to.prefix_positions = to_prefix_positions(from.Get("prefixPositions"));
    to.sampling = to_sampling(from.Get("sampling"));
    return to;
}

} // namespace

Napi::Function SessionWrap::define(Napi::Env env) {
    return DefineClass(env, "Session",
                       {
                           InstanceMethod("mel", &SessionWrap::mel),
                           InstanceMethod("condition", &SessionWrap::condition),
                           InstanceMethod("generate", &SessionWrap::generate),
                           InstanceMethod("searchBeams", &SessionWrap::search_beams),
                           InstanceMethod("prefix", &SessionWrap::prefix),
                           InstanceMethod("stepLogits", &SessionWrap::step_logits),
                           InstanceMethod("encodeText", &SessionWrap::encode_text),
                           InstanceMethod("encodeSpeech", &SessionWrap::encode_speech),
                           InstanceMethod("embedText", &SessionWrap::embed_text),
                           InstanceMethod("embedSpeech", &SessionWrap::embed_speech),
                           InstanceMethod("score", &SessionWrap::score),
                           InstanceMethod("abort", &SessionWrap::abort),
                           InstanceMethod("dispose", &SessionWrap::dispose),
                           InstanceMethod("threads", &SessionWrap::threads),
                       });
}

/// new Session(model, threads)
SessionWrap::SessionWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<SessionWrap>(info) {
    const auto model = ModelWrap::of(info[0]);
    clvp::SessionOptions options;
    options.n_threads = to_u32(info[1], "threads");
    session_ = checked(info.Env(), [&] { return std::make_shared<clvp::Session>(model, options); });
    worker_ = Worker::create(info.Env(), [session = session_] { session->abort(); });
}

SessionWrap::~SessionWrap() {
    if (worker_) {
        worker_->stop();
    }
}

template <typename T> Napi::Value SessionWrap::start(const Napi::CallbackInfo & info, std::function<T(clvp::Session &)> work) {
    if (!session_) {
        throw Napi::Error(info.Env(), to_js(info.Env(), clvp::Error(clvp::Code::disposed, "this session was disposed of")));
    }
    session_->reset(); // here and not in the job: an abort() that comes before the thread gets to it must count
    return worker_->run<T>(
        info.Env(), info.This().As<Napi::Object>(), [session = session_, work = std::move(work)] { return work(*session); },
        [](Napi::Env env, T & result) { return result_to_js(env, result); });
}

Napi::Value SessionWrap::mel(const Napi::CallbackInfo & info) {
    return start<clvp::Mel>(info, [samples = to_floats(info[0], "samples")](clvp::Session & s) { return s.mel(samples); });
}

Napi::Value SessionWrap::condition(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info, [mel = mel_from_js(info[0])](clvp::Session & s) { return s.condition(mel); });
}

/// generate(textIds, voice, options, onStep?: (pairs: Int32Array) => void, onCandidate?: (candidate) => void)
Napi::Value SessionWrap::generate(const Napi::CallbackInfo & info) {
    auto options = generate_options(to_object(info[2], "options"));
    if (info[3].IsFunction()) {
        auto on_step = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[3].As<Napi::Function>()));
        options.on_step = [on_step, worker = worker_.get()](const std::vector<clvp::StepEvent> & events) {
            std::vector<int32_t> pairs;
            for (const clvp::StepEvent & event : events) {
                pairs.push_back(static_cast<int32_t>(event.candidate));
                pairs.push_back(event.token);
            }
            worker->post([on_step, pairs = std::move(pairs)](Napi::Env env) { on_step->Call({ to_js(env, pairs) }); });
        };
    }
    if (info[4].IsFunction()) {
        auto on_candidate = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[4].As<Napi::Function>()));
        options.on_candidate = [on_candidate, worker = worker_.get()](const clvp::Candidate & candidate) {
            worker->post([on_candidate, candidate](Napi::Env env) { on_candidate->Call({ to_js(env, candidate) }); });
        };
    }
    return start<Generated>(info, [ids = to_ints(info[0], "textIds"), voice = to_floats(info[1], "voice"), options](clvp::Session & s) {
        Generated generated;
        generated.candidates = s.generate(ids, voice, options);
        generated.timings = s.timings();
        return generated;
    });
}

/// searchBeams(textIds, voice, options, onStep?: (tokens: number) => void)
Napi::Value SessionWrap::search_beams(const Napi::CallbackInfo & info) {
    auto options = beam_options(to_object(info[2], "options"));
    if (info[3].IsFunction()) {
        auto on_step = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[3].As<Napi::Function>()));
        options.on_step = [on_step, worker = worker_.get()](size_t n_tokens) {
            worker->post([on_step, n_tokens](Napi::Env env) { on_step->Call({ Napi::Number::New(env, static_cast<double>(n_tokens)) }); });
        };
    }
    return start<Generated>(info, [ids = to_ints(info[0], "textIds"), voice = to_floats(info[1], "voice"), options](clvp::Session & s) {
        Generated generated;
        generated.candidates = s.search_beams(ids, voice, options);
        generated.timings = s.timings();
        return generated;
    });
}

Napi::Value SessionWrap::prefix(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(
        info, [ids = to_ints(info[0], "textIds"), voice = to_floats(info[1], "voice")](clvp::Session & s) { return s.prefix(ids, voice); });
}

Napi::Value SessionWrap::step_logits(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info,
                                     [ids = to_ints(info[0], "textIds"), voice = to_floats(info[1], "voice"), codes = to_ints(info[2], "codes"),
                                      positions = to_prefix_positions(info[3])](clvp::Session & s) { return s.step_logits(ids, voice, codes, positions); });
}

Napi::Value SessionWrap::encode_text(const Napi::CallbackInfo & info) {
    return start<clvp::Encoding>(info, [ids = to_ints(info[0], "ids")](clvp::Session & s) { return s.encode_text(ids); });
}

Napi::Value SessionWrap::encode_speech(const Napi::CallbackInfo & info) {
    return start<clvp::Encoding>(info, [ids = to_ints(info[0], "ids")](clvp::Session & s) { return s.encode_speech(ids); });
}

Napi::Value SessionWrap::embed_text(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info, [ids = to_ints(info[0], "textIds")](clvp::Session & s) { return s.embed_text(ids); });
}

Napi::Value SessionWrap::embed_speech(const Napi::CallbackInfo & info) {
    return start<std::vector<float>>(info, [rows = to_rows(info[0], "rows")](clvp::Session & s) { return s.embed_speech(rows); });
}

Napi::Value SessionWrap::score(const Napi::CallbackInfo & info) {
    return start<Scored>(info, [ids = to_ints(info[0], "textIds"), rows = to_rows(info[1], "rows")](clvp::Session & s) {
        Scored scored;
        scored.scores = s.score(ids, rows);
        scored.ms = s.timings().score_ms;
        return scored;
    });
}

Napi::Value SessionWrap::abort(const Napi::CallbackInfo & info) {
    if (session_) {
        session_->abort();
    }
    return info.Env().Undefined();
}

Napi::Value SessionWrap::dispose(const Napi::CallbackInfo & info) {
    if (session_) {
        worker_->stop();
        session_.reset();
    }
    return info.Env().Undefined();
}

Napi::Value SessionWrap::threads(const Napi::CallbackInfo & info) { return Napi::Number::New(info.Env(), session_ ? session_->n_threads() : 0); }

} // namespace binding
