#include "generate/batcher.h"

#include "generate/batch.h"

#include <system_error>

namespace clvp {

void Batcher::submit(Request request, Done done) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) {
        fail(Code::disposed, "the session was closed");
    }
    arrivals_.push_back(std::make_unique<Member>(std::move(request), std::move(done)));
    if (!thread_.joinable()) {
        try {
            thread_ = std::thread([this] { loop(); });
        } catch (const std::system_error &) {
            arrivals_.pop_back();
            fail(Code::out_of_memory, "the system does not allow this process another thread: raise its limit or close other sessions");
        } catch (...) { // no memory for the thread's own state: the caller gets this error, so the request must not be answered too
            arrivals_.pop_back();
            throw;
        }
    }
    wake_.notify_one();
}

void Batcher::close() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        closed_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Batcher::loop() {
    for (;;) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [this] { return closed_ || !arrivals_.empty(); });
            if (arrivals_.empty()) {
                return;
            }
        }
        serve();
    }
}

/// Serves requests from the first arrival until the batch is empty.
void Batcher::serve() {
    const auto error = error_of([&] {
        Call call(model_.machine, Turns::Kind::step, nullptr);
        Batch batch({ call, model_.weights, model_.params, model_.shape, model_.last });
        const auto failed = error_of([&] {
            while (take_in(batch)) {
                batch.advance();
                call.pause();
            }
        });
        if (failed) {
            batch.fail_all(*failed); // not the arrivals: one of them may be the next try of a request that has just failed
        }
    });
    if (error) {
        fail_arrivals(*error);
    }
}

/// Adds the requests that have arrived to the batch. False if the batch stays empty.
bool Batcher::take_in(Batch & batch) {
    std::lock_guard<std::mutex> lock(mutex_);
    batch.join(arrivals_);
    return !batch.is_empty();
}

void Batcher::fail_arrivals(const Error & error) {
    Members waiting;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        waiting.swap(arrivals_);
    }
    for (auto & member : waiting) {
        member->fail(error);
    }
}

} // namespace clvp
