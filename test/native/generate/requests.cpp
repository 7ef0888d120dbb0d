// Several requests that are drawn concurrently.
#include "clvp.h"

#include "kernels/kernel_set.h"
#include "test.h"
#include "tiny_model.h"

#include <future>

using namespace clvp;

namespace {

GenerateOptions options(uint32_t n, uint64_t seed) {
    GenerateOptions o;
    o.n_candidates = n;
    o.seed = seed;
    o.max_tokens = 20;
    o.deterministic = true;
    return o;
}

TextPrompt prompt(int32_t first) {
    TextPrompt made = tiny::prompt();
    made.ids.front() = first;
    return made;
}

bool same(const Generated & a, const Generated & b) {
    bool equal = a.candidates.size() == b.candidates.size();
    for (size_t i = 0; equal && i < a.candidates.size(); i++) {
        equal = a.candidates[i].tokens == b.candidates[i].tokens && a.candidates[i].mean_logprob == b.candidates[i].mean_logprob;
    }
    return equal;
}

/// Submits all requests and waits for them.
std::vector<Outcome> together(Session & session, const std::vector<Request> & requests) {
    std::vector<std::promise<Outcome>> promises(requests.size());
    for (size_t i = 0; i < requests.size(); i++) {
        session.submit(requests[i], [&promise = promises[i]](Outcome outcome) { promise.set_value(std::move(outcome)); });
    }
    std::vector<Outcome> outcomes;
    for (auto & promise : promises) {
        outcomes.push_back(promise.get_future().get());
    }
    return outcomes;
}

} // namespace

TEST(requests_side_by_side_get_what_each_gets_alone) {
    Session session(Model::load(tiny::write()));
    std::vector<Request> requests;
    for (int32_t i = 0; i < 7; i++) {
        requests.push_back({ prompt(3 + i), options(1 + static_cast<uint32_t>(i) % 3, static_cast<uint64_t>(i)) });
        requests.back().options.max_tokens = 5 + static_cast<uint32_t>(i);
        requests.back().options.batch_size = 4;
    }
    const std::vector<Outcome> outcomes = together(session, requests);
    for (size_t i = 0; i < requests.size(); i++) {
        CHECK(same(std::get<Generated>(outcomes[i]), session.generate(requests[i].prompt, requests[i].options)));
    }
}

TEST(a_refused_request_does_not_stop_the_others) {
    Session session(Model::load(tiny::write()));
    std::vector<Request> requests = { { prompt(3), options(2, 1) }, { prompt(3), options(2, 1) }, { prompt(4), options(1, 2) } };
    requests[1].options.max_tokens = 100000;
    const std::vector<Outcome> outcomes = together(session, requests);
    CHECK(std::get<Generated>(outcomes[0]).candidates.size() == 2);
    CHECK(std::get<Error>(outcomes[1]).code == Code::invalid_argument);
    CHECK(std::get<Generated>(outcomes[2]).candidates.size() == 1);
}

TEST(a_request_that_fails_in_the_midst_ends_alone) {
    Session session(Model::load(tiny::write()));
    std::vector<Request> requests = { { prompt(3), options(3, 1) }, { prompt(4), options(3, 2) }, { prompt(5), options(3, 3) } };
    for (int32_t id = 0; id < static_cast<int32_t>(tiny::n_vocab); id++) {
        requests[1].options.limits.suppress.push_back(id); // nothing is left to draw
    }
    uint32_t n_steps = 0;
    requests[2].options.on_step = [&](const std::vector<StepEvent> &) {
        if (++n_steps == 3) {
            throw std::runtime_error("from the caller");
        }
    };
    const std::vector<Outcome> outcomes = together(session, requests);
    CHECK(std::get<Error>(outcomes[1]).code == Code::invalid_argument);
    CHECK(std::string(std::get<Error>(outcomes[2]).what()) == "from the caller");
    CHECK(same(std::get<Generated>(outcomes[0]), session.generate(requests[0].prompt, requests[0].options)));
}

TEST(a_cancelled_request_leaves_and_the_others_go_on) {
    if (!kernel_set()) {
        return; // GGML's attention takes the rows of one prompt only
    }
    Session session(Model::load(tiny::write()));
    std::vector<Request> requests = { { prompt(3), options(3, 1) }, { prompt(4), options(3, 2) } };
    requests[0].options.abort = std::make_shared<std::atomic<bool>>(false);
    uint32_t n_told = 0;
    requests[0].options.on_step = [&](const std::vector<StepEvent> &) {
        if (++n_told == 3) {
            requests[0].options.abort->store(true);
        }
    };
    const std::vector<Outcome> outcomes = together(session, requests);
    CHECK(std::get<Error>(outcomes[0]).code == Code::aborted);
    CHECK(n_told == 3);
    CHECK(same(std::get<Generated>(outcomes[1]), session.generate(requests[1].prompt, options(3, 2))));
}

TEST(a_short_request_that_comes_late_ends_before_a_long_one) {
    if (!kernel_set()) {
        return;
    }
    Session session(Model::load(tiny::write()));
    Request slow = { prompt(3), options(4, 1) }, quick = { prompt(4), options(1, 2) };
    slow.options.batch_size = 4; // all slots are occupied when the other request arrives
    slow.options.max_tokens = 60;
    slow.options.stops = { static_cast<int32_t>(tiny::n_vocab) - 1 };
    slow.options.limits.suppress = slow.options.stops;
    quick.options.max_tokens = 3;
    std::promise<Outcome> quick_end, slow_end;
    std::atomic<uint32_t> n_steps{ 0 }, n_steps_at_quick_end{ 0 };
    slow.options.on_step = [&](const std::vector<StepEvent> &) {
        if (++n_steps == 2) {
            session.submit(quick, [&](Outcome outcome) {
                n_steps_at_quick_end = n_steps.load();
                quick_end.set_value(std::move(outcome));
            });
        }
    };
    session.submit(slow, [&](Outcome outcome) { slow_end.set_value(std::move(outcome)); });
    CHECK(same(std::get<Generated>(quick_end.get_future().get()), session.generate(quick.prompt, quick.options)));
    CHECK(std::get<Generated>(slow_end.get_future().get()).candidates.front().tokens.size() == 60);
    CHECK(n_steps_at_quick_end < 10);
}

TEST(a_watched_request_is_drawn_by_itself) {
    Session session(Model::load(tiny::write()));
    std::vector<Request> requests = { { prompt(3), options(2, 1) }, { prompt(4), options(2, 2) }, { prompt(5), options(2, 3) } };
    requests[1].options.record.logits = true;
    const std::vector<Outcome> outcomes = together(session, requests);
    for (size_t i = 0; i < requests.size(); i++) {
        CHECK(same(std::get<Generated>(outcomes[i]), session.generate(requests[i].prompt, requests[i].options)));
        CHECK(std::get<Generated>(outcomes[i]).steps.empty() == (i != 1));
    }
}
