// Warping and drawing, with expected values that can be derived by hand. test/golden has those of transformers.
#include "generate/sampler.h"
#include "base/random.h"
#include "test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace clvp;

static Sampling plain() {
    Sampling s;
    s.repetition_penalty = 1;
    s.temperature = 1;
    s.top_k = 0;
    s.top_p = 1;
    return s;
}

static size_t n_left(const std::vector<float> & logits) {
    size_t n = 0;
    for (float x : logits) {
        n += std::isfinite(x);
    }
    return n;
}

TEST(repetition_penalty_counts_each_id_once) {
    Sampling s = plain();
    s.repetition_penalty = 2;
    const auto warped = warp_logits({ 4, -4, 1 }, { 0, 0, 1, 1, 1 }, s);
    CHECK(warped == (std::vector<float>{ 2, -8, 1 }));
}

TEST(top_k_keeps_ties) {
    Sampling s = plain();
    s.top_k = 2;
    CHECK(n_left(warp_logits({ 1, 3, 2, 2 }, {}, s)) == 3);
}

TEST(top_p_always_keeps_the_likeliest) {
    Sampling s = plain();
    s.top_p = 0;
    const auto warped = warp_logits({ 1, 3, 2 }, {}, s);
    CHECK(n_left(warped) == 1 && warped[1] == 3);
}

/// The definition: all ids in order, the least likely first.
static std::vector<float> sorted_top_p(std::vector<float> logits, float p) {
    std::vector<size_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] < logits[b]; });
    double total = 0, sum = 0;
    for (float x : logits) {
        total += std::exp(static_cast<double>(x));
    }
    for (size_t i = 0; i + 1 < order.size(); i++) {
        sum += std::exp(static_cast<double>(logits[order[i]])) / total;
        logits[order[i]] = sum <= 1.0 - static_cast<double>(p) ? -INFINITY : logits[order[i]];
    }
    return logits;
}

TEST(top_p_finds_the_limit_wherever_it_lies) {
    for (size_t n : { 1u, 2u, 63u, 64u, 65u, 400u, 8194u }) {
        for (float spread : { 0.01f, 1.0f, 12.0f }) {
            std::vector<float> logits(n);
            for (size_t i = 0; i < n; i++) {
                logits[i] = spread * std::sin(static_cast<float>(i * i % 7919)) + 0.001f * static_cast<float>(i % 5); // some are equal
            }
            for (float p : { 0.0f, 0.03f, 0.5f, 0.81f, 0.97f, 0.9999f }) {
                Sampling s = plain();
                s.top_p = p;
                CHECK(warp_logits(logits, {}, s) == sorted_top_p(logits, p));
            }
        }
    }
}

TEST(min_p_is_relative_to_the_likeliest) {
    Sampling s = plain();
    s.min_p = 0.5f;
    CHECK(n_left(warp_logits({ 0, std::log(0.6f), std::log(0.4f) }, {}, s)) == 2);
}

TEST(bad_settings_are_refused) {
    for (float bad : { -1.0f, NAN, INFINITY }) {
        Sampling s = plain();
        s.temperature = bad;
        CHECK_THROWS(Code::invalid_argument, warp_logits({ 1, 2 }, {}, s));
        s = plain();
        s.top_p = bad;
        CHECK_THROWS(Code::invalid_argument, warp_logits({ 1, 2 }, {}, s));
    }
    CHECK_THROWS(Code::invalid_argument, warp_logits({ -INFINITY }, {}, plain()));
}

TEST(draws_follow_the_distribution) {
    const std::vector<float> logits = { std::log(0.5f), -INFINITY, std::log(0.3f), std::log(0.2f) };
    std::vector<int> counts(4);
    constexpr int n = 100000;
    for (int i = 0; i < n; i++) {
        counts[static_cast<size_t>(draw(logits, uniform(42, static_cast<uint64_t>(i))))]++;
    }
    CHECK(counts[1] == 0);
    CHECK_CLOSE(counts[0] / static_cast<double>(n), 0.5, 0.01);
    CHECK_CLOSE(counts[2] / static_cast<double>(n), 0.3, 0.01);
    CHECK_CLOSE(counts[3] / static_cast<double>(n), 0.2, 0.01);
}

TEST(draws_stay_inside_at_both_ends) {
    const std::vector<float> logits = { -INFINITY, 0, 0, -INFINITY };
    CHECK(draw(logits, 0.0) == 1);
    CHECK(draw(logits, std::nextafter(1.0, 0.0)) == 2);
}

TEST(philox_gives_the_published_answer) { // Random123's known answers: counter 0, key 0 -> 6627e8d5 e169c58d ...
    CHECK(philox(0, 0) == 0xe169c58d6627e8d5ull);
}

TEST(candidate_seeds_are_distinct_and_safe_integers) {
    CHECK(candidate_seed(123, 0) == 123);
    std::vector<uint64_t> seeds;
    for (uint32_t k = 0; k < 1000; k++) {
        seeds.push_back(candidate_seed(123, k));
        CHECK(seeds.back() < (1ull << 53));
    }
    std::sort(seeds.begin(), seeds.end());
    CHECK(std::unique(seeds.begin(), seeds.end()) == seeds.end());
}
