// What a Session holds, and the checks and turns that its calls share.
#pragma once

#include "api/model.h"

#include "audio/mel.h"
#include "generate/batcher.h"
#include "runtime/importance.h"

#include <optional>

namespace clvp {

struct Session::Impl {
    Impl(std::shared_ptr<const Model> shared, const SessionOptions & options);

    /// Throw unsupported if the model was loaded without this part.
    void need_decoder() const;
    void need_ranker() const;
    static void need_stage(bool present, const char * stage);

    /// Throw invalid_argument for what does not fit the model.
    void check_text(const std::vector<int32_t> & ids) const;
    void check_codes(const std::vector<std::vector<int32_t>> & rows) const;
    void check_text_prompt(const Prompt & prompt) const;

    /// Runs the work of a call, which has exclusive use of the machine except during pauses.
    template <typename Work> auto run(Turns::Kind kind, const AbortFlag & abort, Work work) {
        return guarded([&] {
            try {
                Call call(machine, kind, abort);
                return work(call);
            } catch (const Error & error) {
                if (error.code == Code::aborted && machine.closed.load()) { // a stopped graph always reports `aborted`
                    fail(Code::disposed, "the session was closed");
                }
                throw;
            }
        });
    }
    template <typename Work> auto piece(const AbortFlag & abort, Work work) { return run(Turns::Kind::piece, abort, std::move(work)); }
    template <typename Work> auto steps(const AbortFlag & abort, Work work) { return run(Turns::Kind::step, abort, std::move(work)); }

    std::vector<float> embed_text(Call & call, const std::vector<int32_t> & text_ids) const;
    std::vector<float> embed_speech(Call & call, const std::vector<std::vector<int32_t>> & rows) const;
    Decoder decoder(Call & call) { return { call, weights, params, shape, last }; }

    std::shared_ptr<const Model> model;
    const Params & params;
    const Weights & weights;
    uint32_t n_threads;
    Machine machine;
    KvShape shape;
    MelBank bank;
    LastPrefill last;
    std::unique_ptr<ImportanceCollector> collector;
    Batcher batcher; // last, because its thread uses the members above
};

} // namespace clvp
