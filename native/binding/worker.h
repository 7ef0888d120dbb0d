// A thread of our own that runs jobs one after the other; each job's promise is settled on the JS thread. libuv's pool stays
// free for the program's files and sockets.
#pragma once

#include "convert.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace binding {

/// What the JS thread says to a job that waits for it; given once.
template <typename T> class Answer {
public:
    void give(T value) {
        std::lock_guard<std::mutex> lock(mutex_);
        value_ = std::move(value);
        given_ = true;
        wake_.notify_one();
    }
    /// Throws Code::aborted when `cancelled` turns true first.
    T wait(const std::function<bool()> & cancelled) {
        std::unique_lock<std::mutex> lock(mutex_);
        while (!wake_.wait_for(lock, std::chrono::milliseconds(10), [this] { return given_; })) {
            if (cancelled()) {
                throw clvp::Error(clvp::Code::aborted, "the call was aborted");
            }
        }
        return std::move(value_);
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool given_ = false;
    T value_;
};

class Worker : public std::enable_shared_from_this<Worker> {
public:
    /// `interrupt` is called on the JS thread when the environment ends while jobs are left; it should make them short.
    static std::shared_ptr<Worker> create(Napi::Env env, std::function<void()> interrupt);
    ~Worker();

    /// Runs `work` on the thread, then `convert` (its result -> JS) on the JS thread. `hold`, an object, stays alive until then.
    template <typename T> Napi::Promise run(Napi::Env env, Napi::Object hold, std::function<T()> work, std::function<Napi::Value(Napi::Env, T &)> convert) {
        auto result = std::make_shared<T>();
        return start(
            env, hold, [work = std::move(work), result] { *result = work(); },
            [convert = std::move(convert), result](Napi::Env e) { return convert(e, *result); });
    }

    /// Has `call` run on the JS thread soon, without waiting for it. From the worker's thread, while a job runs.
    void post(std::function<void(Napi::Env)> call);

    /// Has `question` run on the JS thread and waits for the answer that it leads to. From the worker's thread, while a job runs.
    template <typename T> using Question = std::function<void(Napi::Env, const std::shared_ptr<Answer<T>> &)>;
    template <typename T> T ask(Question<T> question, const std::function<bool()> & cancelled) {
        const auto answer = std::make_shared<Answer<T>>();
        post([answer, question = std::move(question)](Napi::Env env) { question(env, answer); });
        return answer->wait(cancelled);
    }

    /// Interrupts, waits for the running job and drops the rest. Afterwards run() rejects.
    void stop();

    /// Stops every worker of this JS thread. For process.exit(), which runs no cleanup hooks on the main thread but does
    /// destroy the statics that a job may be computing with.
    static void stop_all();

private:
    struct Job;

    Worker(Napi::Env env, std::function<void()> interrupt);
    Napi::Promise start(Napi::Env env, Napi::Object hold, std::function<void()> work, std::function<Napi::Value(Napi::Env)> convert);
    void loop();
    void settle(Napi::Env env, Job & job);
    void release();
    static void on_env_end(void * self);

    napi_env env_;
    std::function<void()> interrupt_;
    /// Runs a posted call; also, without an environment, when that ends: then the call is only freed.
    static void call_js(Napi::Env env, Napi::Function, std::nullptr_t *, std::function<void(Napi::Env)> * call);
    using Tsfn = Napi::TypedThreadSafeFunction<std::nullptr_t, std::function<void(Napi::Env)>, call_js>;
    Tsfn js_;
    uint32_t n_pending_ = 0; // touched on the JS thread only
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Job>> queue_;
    bool stopped_ = false;
    bool released_ = false;
    std::thread thread_; // started by the first job
};

} // namespace binding
