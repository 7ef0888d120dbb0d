// A thread pool that runs jobs concurrently and settles each job's promise on the JS thread. libuv's pool stays free for the program's
// files and sockets.
#pragma once

#include "convert.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace binding {

/// The JS thread's answer to a waiting job; given once.
template <typename T> class Answer {
public:
    void give(T value) {
        std::lock_guard<std::mutex> lock(mutex_);
        value_ = std::move(value);
        given_ = true;
        wake_.notify_one();
    }
    /// Throws Code::aborted if `cancelled` returns true first.
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
    /// At most n_threads run jobs, not counting threads that wait in ask(). With one thread, jobs run in order. `interrupt` is called on the
    /// JS thread when the environment ends; it should make running jobs end soon.
    static std::shared_ptr<Crew> create(Napi::Env env, size_t n_threads, std::function<void()> interrupt);
    ~Crew();

    /// Runs `work` on a thread, then `convert` (its result to JS) on the JS thread. The object `hold` stays alive until then.
    template <typename T> Napi::Promise run(Napi::Env env, Napi::Object hold, std::function<T()> work, std::function<Napi::Value(Napi::Env, T &)> convert) {
        auto result = std::make_shared<std::optional<T>>();
        return start(
            Place::thread, env, hold, nullptr,
            [work = std::move(work), result](const Finish &) {
                result->emplace(work());
                return true;
            },
            [convert = std::move(convert), result](Napi::Env e) { return convert(e, **result); });
    }

    /// Settles a job, from any thread. Must be called once.
    template <typename T> using Settle = std::function<void(std::variant<T, clvp::Error>)>;

    enum class Place { thread, here };

    /// Like run(), for work that may end later and on another thread: it calls `settle` or throws. Work that returns at once may run
    /// here, on the JS thread. `keep` is freed on the JS thread after the job has settled.
    template <typename T>
    Napi::Promise submit(Place place, Napi::Env env, Napi::Object hold, std::shared_ptr<void> keep, std::function<void(Settle<T>)> work,
                         std::function<Napi::Value(Napi::Env, T &)> convert) {
        auto result = std::make_shared<std::optional<T>>();
        return start(
            place, env, hold, std::move(keep),
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

    /// Queues `call` to run on the JS thread and does not wait for it. Only while a job runs.
    void post(std::function<void(Napi::Env)> call);

    /// Runs `question` on the JS thread and waits for its answer. Call it from the thread of a job.
    template <typename T> using Question = std::function<void(Napi::Env, const std::shared_ptr<Answer<T>> &)>;
    template <typename T> T ask(Question<T> question, const std::function<bool()> & cancelled) {
        const auto answer = std::make_shared<Answer<T>>();
        post([answer, question = std::move(question)](Napi::Env env) { question(env, answer); });
        const Waiting waiting(*this);
        return answer->wait(cancelled);
    }

    /// Interrupts and waits for the running jobs, and rejects the queued ones. Afterwards run() rejects.
    void stop();

    /// Stops every crew of this JS thread. For process.exit(): on the main thread it runs no cleanup hooks, but destroys static objects
    /// that a job may still use.
    static void stop_all();

private:
    struct Job;
    struct Pending;
    using Finish = std::function<void(const clvp::Error * error)>;
    using Work = std::function<bool(const Finish &)>; // true: the result is ready; false: `finish` will be called

    /// During its lifetime, its thread does not count towards the maximum: another may replace it.
    class Waiting {
    public:
        explicit Waiting(Crew & crew) : crew_(crew) { crew_.count_waiting(1); }
        ~Waiting() { crew_.count_waiting(-1); }

    private:
        Crew & crew_;
    };

    Crew(Napi::Env env, size_t n_threads, std::function<void()> interrupt);
    Napi::Promise start(Place place, Napi::Env env, Napi::Object hold, std::shared_ptr<void> keep, Work work, std::function<Napi::Value(Napi::Env)> convert);
    bool is_stopped();
    bool enqueue(const std::shared_ptr<Job> & job);
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
    /// Runs a posted call. If the environment has ended, `env` is null and the call is only freed.
    static void call_js(Napi::Env env, Napi::Function, std::nullptr_t *, std::function<void(Napi::Env)> * call);
    using Tsfn = Napi::TypedThreadSafeFunction<std::nullptr_t, std::function<void(Napi::Env)>, call_js>;
    Tsfn js_;
    uint32_t n_pending_ = 0; // accessed on the JS thread only
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Job>> queue_;
    size_t n_idle_ = 0, n_waiting_ = 0;
    bool stopped_ = false;
    bool released_ = false;
    bool env_ended_ = false;           // the cleanup hook has run
    std::vector<std::thread> threads_; // started on demand
};

/// A progress callback for a job of this crew, or none if the value is not a function. Called at most a hundred times.
clvp::Progress to_progress(Crew & crew, const Napi::Value & value);

} // namespace binding
