// Continuous batching: many requests in one batch, which they join and leave between two steps.
#pragma once

#include "generate/batch.h"

#include <mutex>
#include <thread>

namespace clvp {

/// What a batcher computes on. All of it must outlive the batcher; whoever has the machine's turn may use `last`.
struct BatcherModel {
    Machine & machine;
    const Weights & weights;
    const Params & params;
    const KvShape & shape;
    LastPrefill & last;
};

/// Draws the candidates of many requests on a thread of its own. A request settles when its own candidates have ended; what fails or is
/// cancelled ends one request only. Needs a cache whose rows lie anywhere (KvCache::takes_any_rows).
class Batcher {
public:
    explicit Batcher(const BatcherModel & model) : model_(model) {}
    ~Batcher() { close(); }

    /// Takes a request in whose options have been checked. `done` is called once, on the batcher's thread.
    /// Throws disposed after close(), and out_of_memory where no thread can be had.
    void submit(Request request, Done done);
    /// Waits for the thread. What has not ended ends with Code::disposed, if the machine is closed.
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
