// Token prompts, the caller's functions, and the recording of steps.
#include "test.h"
#include "tiny_model.h"

using namespace clvp;

static GenerateOptions greedy(uint32_t max_tokens) {
    GenerateOptions o;
    o.n_candidates = 1;
    o.max_tokens = max_tokens;
    o.sampling.temperature = 0;
    o.sampling.repetition_penalty = 1;
    return o;
}

static TokenPrompt tokens() {
    TokenPrompt prompt;
    prompt.ids = { 3, 1, 4 };
    prompt.positions = { 0, 1, 2 };
    prompt.seen = prompt.ids;
    return prompt;
}

TEST(a_prompt_of_tokens_goes_on_as_the_decoder_does) {
    Session session(Model::load(tiny::write()));
    auto o = greedy(4);
    o.record.logits = true;
    const Generated found = session.generate(tokens(), o);
    DecoderRows rows;
    rows.n_rows = 1;
    rows.ids = { 3, 1, 4 };
    rows.logits = true;
    for (const StepTrace & step : found.steps) {
        rows.n_tokens = static_cast<uint32_t>(rows.ids.size());
        const auto logits = session.decode(rows).logits;
        for (size_t id = 0; id < tiny::n_vocab; id++) {
            CHECK_CLOSE(step.logits[id], logits[logits.size() - tiny::n_vocab + id], 1e-4);
        }
        if (step.step < found.candidates[0].tokens.size()) {
            rows.ids.push_back(found.candidates[0].tokens[step.step]);
        }
    }
}

TEST(a_hidden_prompt_token_is_not_seen_by_later_ones) {
    Session session(Model::load(tiny::write()));
    TokenPrompt padded = tokens();
    padded.ids = { 9, 3, 1, 4 };
    padded.positions = { 0, 0, 1, 2 };
    padded.mask = { 0, 1, 1, 1 };
    padded.seen = padded.ids;
    CHECK(session.generate(tokens(), greedy(12)).candidates[0].tokens == session.generate(padded, greedy(12)).candidates[0].tokens);
    padded.mask = { 0, 0, 0, 0 };
    CHECK_THROWS(Code::invalid_argument, session.generate(padded, greedy(3)));
}

TEST(a_processor_decides_and_its_errors_come_out) {
    Session session(Model::load(tiny::write()));
    auto o = greedy(5);
    o.process = [](const StepRows & rows, std::vector<float> & scores) {
        CHECK(rows.ids[0].front() == 3);
        scores[7] = 1000;
    };
    CHECK(session.generate(tokens(), o).candidates[0].tokens == std::vector<int32_t>(5, 7));
    for (const float bad : { NAN, INFINITY }) {
        o.process = [bad](const StepRows &, std::vector<float> & scores) { scores[2] = bad; };
        CHECK_THROWS(Code::invalid_argument, session.generate(tokens(), o));
    }
    o.process = [](const StepRows &, std::vector<float> & scores) { scores.assign(scores.size(), -INFINITY); };
    CHECK_THROWS(Code::invalid_argument, session.generate(tokens(), o));
    o.process = [](const StepRows &, std::vector<float> & scores) { scores.pop_back(); };
    CHECK_THROWS(Code::invalid_argument, session.generate(tokens(), o));
}

TEST(criteria_end_rows) {
    Session session(Model::load(tiny::write()));
    auto o = greedy(30);
    o.criteria = [](const StepRows & rows) { return std::vector<int32_t>(rows.ids.size(), rows.ids[0].size() >= 7); };
    const Candidate found = session.generate(tokens(), o).candidates[0];
    CHECK(found.finish == Finish::criteria ? found.tokens.size() == 4 : found.finish == Finish::stop);
    o.criteria = [](const StepRows &) { return std::vector<int32_t>(9, 0); };
    CHECK_THROWS(Code::invalid_argument, session.generate(tokens(), o));
}

TEST(steps_are_recorded_for_every_batch) {
    Session session(Model::load(tiny::write()));
    GenerateOptions o;
    o.n_candidates = 5;
    o.batch_size = 2;
    o.max_tokens = 3;
    o.record = { true, true, true, true };
    const Generated found = session.generate(tiny::prompt(), o);
    size_t n_first = 0;
    for (const StepTrace & step : found.steps) {
        CHECK(step.scores.size() == step.candidates.size() * tiny::n_vocab && step.logits.size() == step.scores.size());
        n_first += step.step == 0 ? step.candidates.size() : 0;
        CHECK(step.step > 0 || !step.hidden_states.empty() == (step.candidates[0] == 0)); // the prompt's states come once
    }
    CHECK(n_first == 5);
}

TEST(prompts_that_do_not_fit_are_refused) {
    Session session(Model::load(tiny::write()));
    auto refuse = [&](auto change) {
        TokenPrompt prompt = tokens();
        change(prompt);
        CHECK_THROWS(Code::invalid_argument, session.generate(prompt, greedy(3)));
    };
    refuse([](TokenPrompt & p) { p.ids[0] = -1; });
    refuse([](TokenPrompt & p) { p.positions.clear(); });
    refuse([](TokenPrompt & p) { p.positions = { 0, 1 }; });
    refuse([](TokenPrompt & p) { p.positions[2] = 1 << 20; });
    refuse([](TokenPrompt & p) { p.seen = { -5 }; });
    refuse([](TokenPrompt & p) { p.n_padding = 4; });
    refuse([](TokenPrompt & p) { p.mask = { 1 }; });
    CHECK_THROWS(Code::invalid_argument, session.generate(tokens(), greedy(100000)));
    CHECK_THROWS(Code::invalid_argument, session.generate(ConditioningPrompt{}, greedy(3)));
    CHECK_THROWS(Code::invalid_argument, session.generate(ConditioningPrompt{ std::vector<float>(tiny::n_embd + 1, 0.0f) }, greedy(3)));
    CHECK_THROWS(Code::invalid_argument, session.generate(ConditioningPrompt{ std::vector<float>(tiny::n_embd, NAN) }, greedy(3)));
    BeamOptions beams;
    beams.max_tokens = 3;
    TokenPrompt bad = tokens();
    bad.ids[0] = static_cast<int32_t>(tiny::n_vocab);
    CHECK_THROWS(Code::invalid_argument, session.search_beams(bad, beams));
}
