// Continuous batching: requests join and leave one batch between two steps.
#pragma once

#include "generate/batch.h"

#include <mutex>
#include <thread>

namespace clvp {

/// The resources of a batcher, which must outlive it. Only the thread that holds the machine's turn may use `last`.
struct BatcherModel {
    Machine & machine;
    const Weights & weights;
    const Params & params;
    const KvShape & shape;
    LastPrefill & last;
};

/// Draws the candidates of many requests on a thread of its own. A request settles when its own candidates have ended. An error or a
/// cancellation ends only its own request. Needs a cache that takes any rows (KvCache::takes_any_rows).
class Batcher {
public:
    explicit Batcher(const BatcherModel & model) : model_(model) {}
    ~Batcher() { close(); }

    /// Queues a request whose options have been checked. `done` is called once, on the batcher's thread.
    /// Throws disposed after close(), and out_of_memory if the thread cannot be started.
    void submit(Request request, Done done);
    /// Waits for the thread. If the machine is closed, unfinished requests end with Code::disposed.
    void close();

private:
    void loop();
    void serve();
    bool take_in(Batch & batch);
    void fail_arrivals(const Error & error);

    const BatcherModel model_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Members arrivals_;
    bool closed_ = false;
    std::thread thread_; // started by the first request
};

} // namespace clvp
