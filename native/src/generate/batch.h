// The rows of many requests that the decoder computes together.
#pragma once

#include "generate/drawing.h"

#include <list>
#include <utility>

namespace clvp {

/// A request in a batch, until it settles.
class Member {
public:
    Member(Request request, Done done) : request_(std::move(request)), done_(std::move(done)) {}

    const GenerateOptions & options() const { return request_.options; }
    bool is_cancelled() const { return request_.options.abort && request_.options.abort->load(); }
    bool is_settled() const { return !done_; }
    void give(Generated generated) { settle(Outcome(std::move(generated))); }
    void fail(const Error & error) { settle(Outcome(error)); }

    Request & request() { return request_; }
    std::unique_ptr<Drawing> drawing; // null until its prompt is read
    std::vector<Row *> live;          // its rows in the batch

private:
    void settle(Outcome outcome) {
        const Done done = std::exchange(done_, nullptr);
        done(std::move(outcome));
    }

    Request request_;
    Done done_;
};

using Members = std::list<std::unique_ptr<Member>>;

/// Scheduling rules:
/// - Capacity: as many rows as the largest batch_size among the requests. A request without a row may exceed it, up to twice that number.
/// - A free slot goes to the request with the fewest rows; on a tie, to the one that arrived first.
/// - Small requests get extra steps of their own between the steps of the whole batch, for half the time that those take.
class Batch {
public:
    explicit Batch(const Decoder & decoder);

    /// Adds requests to the batch, and empties the list.
    void join(Members & arrivals) { members_.splice(members_.end(), arrivals); }
    bool is_empty() const { return members_.empty(); }
    /// Begins candidates, takes a step, and removes settled requests. Throws only if the session is closed.
    void advance();
    /// Settles all requests with this error.
    void fail_all(const Error & error);

private:
    template <typename Work> void attempt(Member & member, Work work);
    void give_up(Member & member, const Error & error);
    void leave(Member & member);

    void drop_cancelled();
    void admit();
    Member * next_to_begin();
    void begin(Member & member);
    void read_prompt(Member & member);
    uint32_t free_slot();

    size_t n_live() const;
    std::vector<Member *> live_members() const;
    std::vector<Member *> small_members() const;
    void step();
    void step_of(const std::vector<Member *> & members);
    void reserve(Member & member);
    std::vector<float> compute(const std::vector<Member *> & members, const std::vector<StepRow> & rows, bool deterministic);
    void draw(Member & member, const float * logits);
    void finish_rows(Member & member);

    Decoder decoder_;
    Stepper stepper_;
    Members members_;      // in order of arrival
    double credit_ms_ = 0; // time left for extra steps of small requests
};

} // namespace clvp
