// Threads of our own that run jobs side by side; each job's promise is settled on the JS thread. libuv's pool stays free for the
// program's files and sockets.
#pragma once

#include "convert.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
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

class Crew : public std::enable_shared_from_this<Crew> {
public:
    /// At most n_threads run jobs, not counting those that wait in ask(). With one thread jobs run in order. `interrupt` is called on the
    /// JS thread when the environment ends; it should make the jobs short.
    static std::shared_ptr<Crew> create(Napi::Env env, size_t n_threads, std::function<void()> interrupt);
    ~Crew();

    /// Runs `work` on a thread, then `convert` (its result -> JS) on the JS thread. `hold`, an object, stays alive until then.
    template <typename T> Napi::Promise run(Napi::Env env, Napi::Object hold, std::function<T()> work, std::function<Napi::Value(Napi::Env, T &)> convert) {
        auto result = std::make_shared<std::optional<T>>();
        return start(
            env, hold, nullptr,
            [work = std::move(work), result](const Finish &) {
                result->emplace(work());
                return true;
            },
            [convert = std::move(convert), result](Napi::Env e) { return convert(e, **result); });
    }

    /// Settles a job, from any thread. To be called once.
    template <typename T> using Settle = std::function<void(std::variant<T, clvp::Error>)>;

    /// The same for work that may end on another thread, later: it calls `settle`, or throws. `keep` is freed on the JS thread, after that.
    template <typename T>
    Napi::Promise submit(Napi::Env env, Napi::Object hold, std::shared_ptr<void> keep, std::function<void(Settle<T>)> work,
                         std::function<Napi::Value(Napi::Env, T &)> convert) {
        auto result = std::make_shared<std::optional<T>>();
        return start(
            env, hold, std::move(keep),
            [work = std::move(work), result](const Finish & finish) {
                work([finish, result](std::variant<T, clvp::Error> outcome) {
                    auto * value = std::get_if<T>(&outcome);
                    if (value) {
                        result->emplace(std::move(*value));
                    }
                    finish(value ? nullptr : std::get_if<clvp::Error>(&outcome));
                });
                return false;
            },
            [convert = std::move(convert), result](Napi::Env e) { return convert(e, **result); });
    }

    /// Has `call` run on the JS thread soon, without waiting for it. While a job runs.
    void post(std::function<void(Napi::Env)> call);

    /// Has `question` run on the JS thread and waits for the answer that it leads to. From a job's thread.
    template <typename T> using Question = std::function<void(Napi::Env, const std::shared_ptr<Answer<T>> &)>;
    template <typename T> T ask(Question<T> question, const std::function<bool()> & cancelled) {
        const auto answer = std::make_shared<Answer<T>>();
        post([answer, question = std::move(question)](Napi::Env env) { question(env, answer); });
        const Waiting waiting(*this);
        return answer->wait(cancelled);
    }

    /// Interrupts, waits for the running jobs and drops the rest. Afterwards run() rejects.
    void stop();

    /// Stops every crew of this JS thread. For process.exit(), which runs no cleanup hooks on the main thread but does
    /// destroy the statics that a job may be computing with.
    static void stop_all();

private:
    struct Job;
    struct Pending;
    using Finish = std::function<void(const clvp::Error * error)>;
    using Work = std::function<bool(const Finish &)>; // true: its result is there; false: `finish` is called when it is

    /// While it lives, its thread does not count: another may take its place.
    class Waiting {
    public:
        explicit Waiting(Crew & crew) : crew_(crew) { crew_.count_waiting(1); }
        ~Waiting() { crew_.count_waiting(-1); }

    private:
        Crew & crew_;
    };

    Crew(Napi::Env env, size_t n_threads, std::function<void()> interrupt);
    Napi::Promise start(Napi::Env env, Napi::Object hold, std::shared_ptr<void> keep, Work work, std::function<Napi::Value(Napi::Env)> convert);
    void add_thread();
    void count_waiting(int change);
    void loop();
    void perform(std::shared_ptr<Job> job);
    void settle(Napi::Env env, Job & job);
    void release();
    static void on_env_end(void * self);

    napi_env env_;
    const size_t n_most_;
    std::function<void()> interrupt_;
    /// Runs a posted call; also, without an environment, when that ends: then the call is only freed.
    static void call_js(Napi::Env env, Napi::Function, std::nullptr_t *, std::function<void(Napi::Env)> * call);
    using Tsfn = Napi::TypedThreadSafeFunction<std::nullptr_t, std::function<void(Napi::Env)>, call_js>;
    Tsfn js_;
    uint32_t n_pending_ = 0; // touched on the JS thread only
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Job>> queue_;
    size_t n_idle_ = 0, n_waiting_ = 0;
    bool stopped_ = false;
    bool released_ = false;
    std::vector<std::thread> threads_; // started as jobs come
};

} // namespace binding
