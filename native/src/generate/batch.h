// The rows of many requests on their way through the decoder.
#pragma once

#include "generate/drawing.h"

#include <list>
#include <utility>

namespace clvp {

/// A request in a batch, until it is settled.
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

/// Rules of the batch:
/// - Room: as many rows as the largest batch_size among its requests. A request without a row gets one all the same, up to twice as many.
/// - A free slot goes to the request with the fewest rows; of equals to the first that came.
/// - Requests with few rows beside large ones get steps of their own between the steps of all, for half as long as these take.
class Batch {
public:
    explicit Batch(const Decoder & decoder);

    /// Lets requests join, and empties the list.
    void join(Members & arrivals) { members_.splice(members_.end(), arrivals); }
    bool is_empty() const { return members_.empty(); }
    /// Lets candidates begin, takes a step, and drops what has ended. Throws only when the session is closed.
    void advance();
    /// Ends all with this error.
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
    Members members_;      // in the order in which they came
    double credit_ms_ = 0; // time for steps of small requests alone
};

} // namespace clvp
