// The previous call's prompt is not prefilled again, and the results are the same.
#include "test.h"
#include "tiny_model.h"

using namespace clvp;

namespace {

uint32_t n_prefill = 0; // prefills in the last call

std::vector<std::vector<int32_t>> drawn(Session & session, const Prompt & prompt, uint64_t seed, bool record = false) {
    GenerateOptions options;
    options.n_candidates = 3;
    options.max_tokens = 6;
    options.seed = seed;
    options.record.hidden_states = record;
    std::vector<std::vector<int32_t>> rows;
    const Generated generated = session.generate(prompt, options);
    n_prefill = generated.timings.n_prefill;
    for (const Candidate & each : generated.candidates) {
        rows.push_back(each.tokens);
    }
    return rows;
}

} // namespace

TEST(a_prompt_is_read_once_for_calls_in_a_row) {
    const auto model = Model::load(tiny::write());
    Session session(model, { 1 }), fresh(model, { 1 });
    const auto first = drawn(session, tiny::prompt(), 1);
    CHECK(n_prefill > 0);
    CHECK(drawn(session, tiny::prompt(), 1) == first);
    CHECK(n_prefill == 0);
    const auto second = drawn(session, tiny::prompt(), 2);
    CHECK(n_prefill == 0);
    CHECK(drawn(fresh, tiny::prompt(), 2) == second);
    CHECK(n_prefill > 0);
}

TEST(another_prompt_is_read) {
    const auto model = Model::load(tiny::write());
    Session session(model, { 1 }), fresh(model, { 1 });
    TextPrompt other = std::get<TextPrompt>(Prompt(tiny::prompt()));
    other.voice[0] += 1.0f;
    const auto first = drawn(session, tiny::prompt(), 1);
    const auto expected = drawn(fresh, other, 1);
    CHECK(drawn(session, other, 1) == expected);
    CHECK(n_prefill > 0);
    CHECK(drawn(session, tiny::prompt(), 1) == first);
    CHECK(n_prefill > 0);
}

TEST(what_is_to_be_recorded_is_read_again) {
    const auto model = Model::load(tiny::write());
    Session session(model, { 1 });
    const auto first = drawn(session, tiny::prompt(), 1);
    CHECK(drawn(session, tiny::prompt(), 1, true) == first);
    CHECK(n_prefill > 0);
    session.collect_importance(true);
    CHECK(drawn(session, tiny::prompt(), 1) == first);
    CHECK(n_prefill > 0);
}
