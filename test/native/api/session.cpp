// Model and Session end to end on a small random model, and rejected input.
#include "test.h"
#include "tiny_model.h"

#include <thread>

using namespace clvp;

static GenerateOptions options(uint32_t n_candidates, uint32_t max_tokens = 40) {
    GenerateOptions o;
    o.n_candidates = n_candidates;
    o.max_tokens = max_tokens;
    o.deterministic = true;
    o.seed = 3;
    return o;
}

TEST(generates_the_same_candidates_in_any_batch) {
    const auto model = Model::load(tiny::write());
    Session one(model, { 1 }), two(model, { 2 });
    const auto all = one.generate(tiny::prompt(), options(9)).candidates;
    CHECK(all.size() == 9);
    auto few = options(9);
    few.batch_size = 2;
    const auto batched = two.generate(tiny::prompt(), few).candidates;
    for (size_t i = 0; i < all.size(); i++) {
        CHECK(all[i].index == i);
        CHECK(all[i].tokens == batched[i].tokens);
        CHECK(all[i].mean_logprob == batched[i].mean_logprob);
        CHECK(all[i].finish == batched[i].finish);
    }
}

TEST(a_candidate_can_be_drawn_alone) {
    Session session(Model::load(tiny::write()));
    const auto all = session.generate(tiny::prompt(), options(5)).candidates;
    for (const Candidate & candidate : all) {
        auto by_index = options(1);
        by_index.first = candidate.index;
        CHECK(session.generate(tiny::prompt(), by_index).candidates.front().tokens == candidate.tokens);
        auto by_seed = options(1);
        by_seed.seed = candidate.seed;
        CHECK(session.generate(tiny::prompt(), by_seed).candidates.front().tokens == candidate.tokens);
    }
}

TEST(never_draws_what_the_speech_encoder_lacks) {
    Session session(Model::load(tiny::write()));
    auto o = options(32);
    o.sampling.temperature = 100; // nearly uniform, so bos would be drawn often
    o.sampling.top_k = 0;
    o.sampling.top_p = 1;
    for (const Candidate & candidate : session.generate(tiny::prompt(), o).candidates) {
        for (int32_t token : candidate.tokens) {
            CHECK(token >= 0 && token < static_cast<int32_t>(tiny::n_speech));
        }
    }
}

TEST(steps_and_generation_agree) {
    Session session(Model::load(tiny::write()));
    auto o = options(1, 20);
    o.sampling.temperature = 0;
    o.sampling.repetition_penalty = 1;
    const auto tokens = session.generate(tiny::prompt(), o).candidates.front().tokens;
    const auto logits = session.step_logits(tiny::prompt(), tokens);
    CHECK(logits.size() == (tokens.size() + 1) * tiny::n_vocab);
    for (size_t i = 0; i < tokens.size(); i++) {
        const float * row = logits.data() + i * tiny::n_vocab;
        for (uint32_t id = 0; id < tiny::n_speech; id++) {
            CHECK(row[id] <= row[tokens[i]]);
        }
    }
}

TEST(embeddings_have_length_one_and_score_as_cosines) {
    const auto model = Model::load(tiny::write());
    Session session(model);
    const std::vector<std::vector<int32_t>> rows = { { 1, 2, 3 }, { 4, 5, 6, 7, 8 }, { 9, 9, 9 } };
    const auto text = session.embed_text(tiny::text_ids()), speech = session.embed_speech(rows), scores = session.score(tiny::text_ids(), rows).scores;
    CHECK(text.size() == tiny::n_proj && speech.size() == 3 * tiny::n_proj && scores.size() == 3);
    for (size_t r = 0; r < rows.size(); r++) {
        double length = 0, dot = 0;
        for (size_t i = 0; i < tiny::n_proj; i++) {
            const double x = speech[r * tiny::n_proj + i];
            length += x * x;
            dot += x * text[i];
        }
        CHECK_CLOSE(length, 1.0, 1e-6);
        CHECK_CLOSE(scores[r], dot * std::exp(static_cast<double>(model->params().logit_scale)), 1e-5);
    }
}

TEST(quantized_weights_run) {
    for (const char * type : { "f16", "q8_0" }) {
        Session session(Model::load(tiny::write(type)));
        CHECK(session.generate(tiny::prompt(), options(3)).candidates.size() == 3);
    }
}

TEST(an_abort_stops_the_job_and_leaves_the_session_usable) {
    Session session(Model::load(tiny::write()));
    const auto before = session.generate(tiny::prompt(), options(2)).candidates;
    auto o = options(4096);
    o.abort = std::make_shared<std::atomic<bool>>(false);
    uint32_t n_steps = 0;
    o.on_step = [&](const std::vector<StepEvent> &) {
        if (++n_steps == 5) {
            o.abort->store(true);
        }
    };
    CHECK_THROWS(Code::aborted, session.generate(tiny::prompt(), o));
    CHECK(n_steps == 5);
    const auto after = session.generate(tiny::prompt(), options(2)).candidates;
    CHECK(before[1].tokens == after[1].tokens);
}

TEST(an_abort_from_another_thread_counts) {
    Session session(Model::load(tiny::write()));
    std::atomic<bool> started{ false };
    auto o = options(65536);
    o.abort = std::make_shared<std::atomic<bool>>(false);
    o.on_step = [&](const std::vector<StepEvent> &) { started = true; };
    std::thread other([&] {
        while (!started) {
            std::this_thread::yield();
        }
        o.abort->store(true);
    });
    CHECK_THROWS(Code::aborted, session.generate(tiny::prompt(), o));
    other.join();
}

TEST(a_closed_session_ends_its_calls_and_takes_no_more) {
    Session session(Model::load(tiny::write()));
    auto o = options(65536);
    o.on_step = [&](const std::vector<StepEvent> &) { session.close(); };
    CHECK_THROWS(Code::disposed, session.generate(tiny::prompt(), o));
    session.wait_closed();
    CHECK_THROWS(Code::disposed, session.generate(tiny::prompt(), options(1)));
    CHECK_THROWS(Code::disposed, session.embed_text(tiny::text_ids()));
}

TEST(sessions_share_a_model) {
    const auto model = Model::load(tiny::write());
    std::vector<std::vector<Candidate>> found(4);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < found.size(); i++) {
        threads.emplace_back([&, i] { found[i] = Session(model, { 1 }).generate(tiny::prompt(), options(3)).candidates; });
    }
    for (auto & thread : threads) {
        thread.join();
    }
    for (const auto & each : found) {
        CHECK(each[2].tokens == found[0][2].tokens);
    }
}

TEST(bad_arguments_are_refused) {
    const auto model = Model::load(tiny::write());
    Session session(model);
    const auto ids = tiny::text_ids();
    const auto voice = tiny::voice();
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ {}, voice }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ { -1 }, voice }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ { static_cast<int32_t>(tiny::n_text) }, voice }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ std::vector<int32_t>(28, 1), voice }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, {} }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, std::vector<float>(tiny::n_embd, NAN) }, options(1)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, voice }, options(0)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, voice }, options(1, 0)));
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, voice }, options(1, 81)));
    auto nan = options(1);
    nan.sampling.temperature = NAN;
    CHECK_THROWS(Code::invalid_argument, session.generate(TextPrompt{ ids, voice }, nan));
    CHECK_THROWS(Code::invalid_argument, session.embed_speech({}));
    CHECK_THROWS(Code::invalid_argument, session.embed_speech({ {} }));
    CHECK_THROWS(Code::invalid_argument, session.embed_speech({ { static_cast<int32_t>(tiny::n_speech) } }));
    CHECK_THROWS(Code::invalid_argument, session.condition({ 80, 3, std::vector<float>(7) }));
    CHECK_THROWS(Code::invalid_argument, Session(model, { 100000 }));
    ModelOptions nowhere;
    nowhere.device = "nowhere";
    CHECK_THROWS(Code::device, Model::load(tiny::write(), nowhere));
    CHECK_THROWS(Code::io, Model::load("there-is-no-such-file.gguf"));
}
