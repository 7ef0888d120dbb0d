// Several sessions in separate threads on one model, and their results.
#include "base/random.h"
#include "test.h"
#include "tiny_model.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

using namespace clvp;

namespace {

const std::vector<std::vector<int32_t>> rows = { { 1, 2, 3, 4 }, { 5, 6, 7 } };

GenerateOptions options(uint64_t seed) {
    GenerateOptions o;
    o.n_candidates = 3;
    o.max_tokens = 6;
    o.seed = seed;
    o.deterministic = true;
    return o;
}

/// The results of a session's calls.
struct Results {
    std::vector<std::vector<int32_t>> tokens;
    std::vector<float> text, speech, scores;

    bool operator==(const Results & b) const { return tokens == b.tokens && text == b.text && speech == b.speech && scores == b.scores; }
};

Results work(Session & session, uint64_t seed, const AbortFlag & abort = {}) {
    Results found;
    GenerateOptions o = options(seed);
    o.abort = abort;
    for (const Candidate & candidate : session.generate(tiny::prompt(), o).candidates) {
        found.tokens.push_back(candidate.tokens);
    }
    found.text = session.embed_text(tiny::text_ids(), abort);
    found.speech = session.embed_speech(rows, abort);
    found.scores = session.score(tiny::text_ids(), rows, abort).scores;
    return found;
}

/// The results for each seed, computed one after the other.
std::vector<Results> serial(const std::shared_ptr<const Model> & model, size_t n) {
    Session session(model, { 1 });
    std::vector<Results> all;
    for (size_t seed = 0; seed < n; seed++) {
        all.push_back(work(session, seed));
    }
    return all;
}

/// Runs job(0) to job(n - 1) concurrently. True if all return true: CHECK may be used by one thread only.
bool side_by_side(size_t n, const std::function<bool(size_t)> & job) {
    std::atomic<bool> go{ false }, good{ true };
    std::vector<std::thread> threads;
    for (size_t i = 0; i < n; i++) {
        threads.emplace_back([&, i] {
            while (!go) {
                std::this_thread::yield();
            }
            try {
                if (job(i)) {
                    return;
                }
            } catch (const std::exception &) {
            }
            good = false;
        });
    }
    go = true;
    for (std::thread & thread : threads) {
        thread.join();
    }
    return good;
}

void pause_at_random(uint64_t & n_drawn, double most_ms) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(most_ms * uniform(5, n_drawn++)));
}

} // namespace

TEST(sessions_side_by_side_give_what_each_gives_alone) {
    const auto model = Model::load(tiny::write());
    const std::vector<Results> expected = serial(model, 4);
    CHECK(side_by_side(4, [&](size_t i) {
        Session session(model, { i % 2 == 0 ? 1u : 2u });
        bool same = true;
        for (size_t round = 0; round < 2; round++) {
            same = work(session, (i + round) % 4) == expected[(i + round) % 4] && same;
        }
        return same;
    }));
}

TEST(sessions_on_tiles_side_by_side_give_what_each_gives_alone) {
    const auto model = Model::load(tiny::write("q8_0"));
    const std::vector<Results> expected = serial(model, 3);
    CHECK(side_by_side(3, [&](size_t i) {
        Session session(model, { 2 });
        return work(session, i) == expected[i];
    }));
}

TEST(calls_on_one_session_give_what_each_gives_alone) {
    for (const char * type : { "f32", "q8_0" }) {
        const auto model = Model::load(tiny::write(type));
        const std::vector<Results> expected = serial(model, 6);
        Session session(model, { 2 });
        CHECK(side_by_side(6, [&](size_t i) { return work(session, i) == expected[i] && work(session, 5 - i) == expected[5 - i]; }));
    }
}

/// Repeats work() until it has completed `n` times and been aborted `n` times, or for five seconds. True if each try returned the expected
/// results or threw `aborted`.
static bool endures(Session & session, const Results & expected, const AbortFlag & abort, std::atomic<uint32_t> & n_whole, std::atomic<uint32_t> & n_aborted,
                    uint32_t n) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while ((n_whole < n || n_aborted < n) && std::chrono::steady_clock::now() < end) {
        try {
            if (const Results found = work(session, 0, abort); !(found == expected)) {
                test::note("it gives other results: tokens %d, text %d, speech %d, scores %d", found.tokens == expected.tokens, found.text == expected.text,
                           found.speech == expected.speech, found.scores == expected.scores);
                return false;
            }
            n_whole++;
        } catch (const Error & error) {
            if (error.code != Code::aborted) {
                test::note("it ends with: %s", error.what());
                return false;
            }
            n_aborted++;
            abort->store(false);
        }
    }
    return true;
}

TEST(aborts_at_any_moment_end_in_results_or_aborted) {
    const auto model = Model::load(tiny::write());
    const Results expected = serial(model, 1).front();
    Session shared(model, { 2 }), own(model, { 1 }); // two callers on one session, one on the other
    std::vector<AbortFlag> flags;
    for (int i = 0; i < 3; i++) {
        flags.push_back(std::make_shared<std::atomic<bool>>(false));
    }
    std::atomic<uint32_t> n_whole{ 0 }, n_aborted{ 0 }, n_working{ 3 };
    CHECK(side_by_side(4, [&](size_t i) {
        if (i < flags.size()) {
            const bool good = endures(i < 2 ? shared : own, expected, flags[i], n_whole, n_aborted, 12);
            n_working--;
            return good;
        }
        for (uint64_t n_drawn = 0; n_working > 0;) {
            pause_at_random(n_drawn, 20);
            flags[n_drawn % flags.size()]->store(true);
        }
        return true;
    }));
    test::note("%u whole, %u aborted", n_whole.load(), n_aborted.load());
    CHECK(n_whole > 0 && n_aborted > 0);
    CHECK(work(shared, 0) == expected && work(own, 0) == expected);
}

TEST(sessions_come_and_go_while_others_work) {
    const std::string path = tiny::write();
    const auto model = Model::load(path);
    const std::vector<Results> expected = serial(model, 2);
    std::atomic<uint32_t> n_working{ 2 };
    CHECK(side_by_side(4, [&](size_t i) {
        if (i < 2) {
            Session session(model, { 2 });
            const bool good = work(session, i) == expected[i] && work(session, 1 - i) == expected[1 - i];
            n_working--;
            return good;
        }
        bool good = true;
        do {
            Session session(i == 2 ? model : Model::load(path), { 2 }); // one session has its own model
            good = session.embed_text(tiny::text_ids()) == expected[0].text && good;
        } while (n_working > 0);
        return good;
    }));
}

TEST(the_last_session_releases_the_model) {
    auto model = Model::load(tiny::write());
    const Results expected = serial(model, 1).front();
    const std::weak_ptr<const Model> watched = model;
    std::atomic<uint32_t> n_made{ 0 };
    CHECK(side_by_side(4, [&](size_t i) {
        if (i == 3) {
            while (n_made < 3) {
                std::this_thread::yield();
            }
            model.reset();
            return true;
        }
        Session session(model, { 1 });
        n_made++;
        return work(session, 0) == expected;
    }));
    CHECK(watched.expired());
}
