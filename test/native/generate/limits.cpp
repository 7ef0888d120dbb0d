// Tokens that must not be drawn next: each of transformers' processors on its own.
#include "test.h"

#include "generate/logits_limits.h"

using namespace clvp;

static Params params() {
    Params p;
    p.decoder.n_vocab = 10;
    p.decoder.bos = 8;
    p.decoder.eos = 9;
    p.speech.n_vocab = 8;
    return p;
}

static DrawOptions plain() {
    DrawOptions o;
    o.sampling.repetition_penalty = 1;
    o.limits.rankable = false;
    return o;
}

/// The ids that are excluded, if all were allowed before.
static std::vector<int32_t> forbidden(const DrawOptions & options, const std::vector<int32_t> & seen, size_t n_drawn = 5) {
    std::vector<float> scores(10, 1.0f);
    apply_limits(scores, seen, 0, n_drawn, options, params());
    std::vector<int32_t> ids;
    for (int32_t id = 0; id < 10; id++) {
        if (std::isinf(scores[static_cast<size_t>(id)])) {
            ids.push_back(id);
        }
    }
    return ids;
}

using Ids = std::vector<int32_t>;

TEST(nothing_is_forbidden_by_default) { CHECK(forbidden(plain(), { 8, 1, 2, 1 }).empty()); }

TEST(no_run_comes_twice) {
    DrawOptions o = plain();
    o.limits.no_repeat_ngram = 2;
    CHECK(forbidden(o, { 8, 1, 2, 5, 1 }) == Ids{ 2 });
    CHECK(forbidden(o, { 8 }).empty());
    o.limits.no_repeat_ngram = 1;
    CHECK(forbidden(o, { 8, 1, 2, 1 }) == (Ids{ 1, 2, 8 }));
    o.limits.no_repeat_ngram = 3;
    CHECK(forbidden(o, { 1, 2, 3, 1, 2 }) == Ids{ 3 });
    CHECK(forbidden(o, { 1, 2 }).empty());
}

TEST(bad_words_are_not_finished) {
    DrawOptions o = plain();
    o.limits.bad_words = { { 4 }, { 1, 2, 3 }, { 9 } };
    CHECK(forbidden(o, { 8, 1, 2 }) == (Ids{ 3, 4 })); // the stop token stays allowed
    CHECK(forbidden(o, { 8, 2, 1 }) == Ids{ 4 });
    CHECK(forbidden(o, { 1, 2 }) == Ids{ 4 }); // transformers ignores words longer than the history
}

TEST(stops_wait_for_the_least_length) {
    DrawOptions o = plain();
    o.limits.min_tokens = 5;
    o.stops = { 9, 3 };
    CHECK(forbidden(o, { 8 }, 4) == (Ids{ 3, 9 }));
    CHECK(forbidden(o, { 8 }, 5).empty());
}

TEST(suppressed_and_unrankable_ids_are_not_drawn) {
    DrawOptions o = plain();
    o.limits.suppress = { 0, 6 };
    CHECK(forbidden(o, { 8 }) == (Ids{ 0, 6 }));
    o.limits.rankable = true;
    CHECK(forbidden(o, { 8 }) == (Ids{ 0, 6, 8 })); // ids that cannot be ranked, except the stop token
}

TEST(the_penalty_passes_over_padding) {
    DrawOptions o = plain();
    o.sampling.repetition_penalty = 2;
    std::vector<float> scores = { 4, -4, 4, 4, 4, 4, 4, 4, 4, 4 };
    apply_limits(scores, { 3, 3, 0, 1 }, 2, 0, o, params());
    CHECK(scores[0] == 2 && scores[1] == -8 && scores[3] == 4);
}

TEST(limits_that_no_model_can_meet_are_refused) {
    DrawOptions o = plain();
    o.stops = { 10 };
    CHECK_THROWS(Code::invalid_argument, check_limits(o, params()));
    o = plain();
    o.limits.suppress = { -1 };
    CHECK_THROWS(Code::invalid_argument, check_limits(o, params()));
    o = plain();
    o.limits.bad_words = { {} };
    CHECK_THROWS(Code::invalid_argument, check_limits(o, params()));
    o.limits.bad_words = { { 1, 10 } };
    CHECK_THROWS(Code::invalid_argument, check_limits(o, params()));
}
