#include "crew.h"

#include <optional>
#include <system_error>
#include <unordered_set>

namespace binding {

/// Created and destroyed on the JS thread, because it holds references to JS values.
struct Crew::Job {
    Job(Napi::Env env, Napi::Object held) : deferred(Napi::Promise::Deferred::New(env)), hold(Napi::Persistent(held)) {}

    Napi::Promise::Deferred deferred;
    Napi::ObjectReference hold;
    std::shared_ptr<void> keep;
    Work work;
    std::function<Napi::Value(Napi::Env)> convert;
    std::optional<clvp::Error> error;
};

/// An unsettled job. Settling passes it back to the JS thread, which frees it.
struct Crew::Pending {
    std::mutex mutex;
    std::shared_ptr<Job> job;

    std::shared_ptr<Job> take() {
        std::lock_guard<std::mutex> lock(mutex);
        return std::move(job);
    }
};

/// The crews of this JS thread; they are created, destroyed and stopped only there.
static thread_local std::unordered_set<Crew *> live_crews;

std::shared_ptr<Crew> Crew::create(Napi::Env env, size_t n_threads, std::function<void()> interrupt) {
    return std::shared_ptr<Crew>(new Crew(env, n_threads, std::move(interrupt)));
}

Crew::Crew(Napi::Env env, size_t n_threads, std::function<void()> interrupt) : env_(env), n_most_(n_threads), interrupt_(std::move(interrupt)) {
    js_ = Tsfn::New(env, "clvp", 0, 1, static_cast<std::nullptr_t *>(nullptr));
    js_.Unref(env);
    // Hooks run in reverse order, so this one joins the threads before the threadsafe function is freed.
    napi_add_env_cleanup_hook(env_, on_env_end, this);
    live_crews.insert(this);
}

Crew::~Crew() {
    live_crews.erase(this);
    if (!env_ended_) { // a hook that has run is gone: removing it again makes Deno panic and Bun abort
        napi_remove_env_cleanup_hook(env_, on_env_end, this);
    }
    stop();
    release();
}

/// Releases the threadsafe function, once. When the environment ends, this must happen before Node frees it.
void Crew::release() {
    if (!released_) {
        released_ = true;
        js_.Release();
    }
}

void Crew::on_env_end(void * self) {
    Crew * crew = static_cast<Crew *>(self);
    crew->env_ended_ = true;
    crew->stop();
    crew->release();
}

void Crew::stop_all() {
    for (Crew * crew : live_crews) {
        crew->stop();
    }
}

void Crew::stop() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stopped_ = true;
    }
    if (interrupt_) {
        interrupt_();
    }
    wake_.notify_all();
    for (std::thread & thread : threads_) {
        thread.join();
    }
    threads_.clear();
    interrupt_ = nullptr; // frees what it captures
}

Napi::Promise Crew::start(Place place, Napi::Env env, Napi::Object hold, std::shared_ptr<void> keep, Work work, std::function<Napi::Value(Napi::Env)> convert) {
    auto job = std::make_shared<Job>(env, hold);
    const Napi::Promise promise = job->deferred.Promise();
    job->keep = std::move(keep);
    job->work = std::move(work);
    job->convert = std::move(convert);
    if (n_pending_++ == 0) {
        js_.Ref(env); // a waiting promise keeps the process alive
    }
    const auto refuse = [&](clvp::Code code, const char * why) {
        job->error.emplace(code, why);
        settle(env, *job);
    };
    if (is_stopped()) {
        refuse(clvp::Code::disposed, "this object was disposed of");
    } else if (place == Place::here) {
        perform(std::move(job));
    } else if (!enqueue(job)) { // otherwise a thread may own the job by now
        refuse(clvp::Code::out_of_memory, "the system does not allow this process another thread: raise its limit or dispose of other models");
    }
    return promise;
}

bool Crew::is_stopped() {
    std::lock_guard<std::mutex> lock(mutex_);
    return stopped_;
}

/// Queues a job for a thread. Returns false if there is none and the system starts none.
bool Crew::enqueue(const std::shared_ptr<Job> & job) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(job);
    add_thread();
    if (threads_.empty()) {
        queue_.pop_back();
        return false;
    }
    wake_.notify_one();
    return true;
}

/// Starts another thread if a queued job finds no idle one. If the system allows none, the job waits for the existing threads. Call it
/// under the lock.
void Crew::add_thread() {
    if (stopped_ || queue_.size() <= n_idle_ || threads_.size() - n_waiting_ >= n_most_) {
        return;
    }
    try {
        threads_.emplace_back([this] { loop(); });
    } catch (const std::system_error &) {
        return;
    }
}

void Crew::count_waiting(int change) {
    std::lock_guard<std::mutex> lock(mutex_);
    n_waiting_ = change > 0 ? n_waiting_ + 1 : n_waiting_ - 1;
    add_thread();
}

void Crew::loop() {
    for (;;) {
        std::shared_ptr<Job> job;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            n_idle_++;
            wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
            n_idle_--;
            if (queue_.empty()) {
                return;
            }
            job = std::move(queue_.front());
            queue_.pop_front();
            if (stopped_) {
                job->error.emplace(clvp::Code::disposed, "this object was disposed of");
            }
        }
        perform(std::move(job));
    }
}

/// Runs a job. Its JS references must be freed on the JS thread, so the last owner of the job is always a posted call.
void Crew::perform(std::shared_ptr<Job> job) {
    const auto pending = std::make_shared<Pending>();
    pending->job = job;
    const Finish finish = [this, pending](const clvp::Error * error) {
        if (auto settled = pending->take()) {
            if (error) {
                settled->error.emplace(*error);
            }
            post([self = shared_from_this(), settled = std::move(settled)](Napi::Env env) { self->settle(env, *settled); });
        }
    };
    bool is_over = true;
    std::optional<clvp::Error> error = std::move(job->error);
    if (!error) {
        try {
            is_over = job->work(finish);
        } catch (const clvp::Error & thrown) {
            error.emplace(thrown);
        } catch (const std::bad_alloc &) {
            error.emplace(clvp::Code::out_of_memory, "not enough memory");
        } catch (const std::exception & thrown) {
            error.emplace(clvp::Code::device, thrown.what());
        }
    }
    if (is_over || error) {
        job.reset(); // `pending` still owns it
        finish(error ? &*error : nullptr);
    } else {
        post([job = std::move(job)](Napi::Env) {});
    }
}

void Crew::post(std::function<void(Napi::Env)> call) {
    auto * held = new std::function<void(Napi::Env)>(std::move(call));
    const napi_status status = js_.NonBlockingCall(held);
    if (status != napi_ok) {
        // The environment has ended, and the process or worker is about to end. Leak `held`: freeing its JS references here would
        // access the dead environment.
    }
}

void Crew::call_js(Napi::Env env, Napi::Function, std::nullptr_t *, std::function<void(Napi::Env)> * call) {
    std::unique_ptr<std::function<void(Napi::Env)>> owner(call);
    if (static_cast<napi_env>(env) != nullptr) {
        Napi::HandleScope scope(env);
        (*owner)(env);
    }
}

void Crew::settle(Napi::Env env, Job & job) {
    if (--n_pending_ == 0) {
        js_.Unref(env);
    }
    if (job.error) {
        job.deferred.Reject(to_js(env, *job.error));
        return;
    }
    try {
        job.deferred.Resolve(job.convert(env));
    } catch (const Napi::Error & error) {
        job.deferred.Reject(error.Value());
    }
}

clvp::Progress to_progress(Crew & crew, const Napi::Value & value) {
    if (!value.IsFunction()) {
        return {};
    }
    auto on_progress = std::make_shared<Napi::FunctionReference>(Napi::Persistent(value.As<Napi::Function>()));
    return [&crew, on_progress, last = std::make_shared<double>(-1)](double fraction) {
        if (fraction < *last + 0.01 && fraction < 1) {
            return; // a hundred calls are enough for a progress bar
        }
        *last = fraction;
        crew.post([on_progress, fraction](Napi::Env env) { on_progress->Call({ Napi::Number::New(env, fraction) }); });
    };
}

} // namespace binding
