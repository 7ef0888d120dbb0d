#include "worker.h"

#include <optional>
#include <system_error>
#include <unordered_set>

namespace binding {

/// Made and destroyed on the JS thread, for its references' sake.
struct Worker::Job {
    Job(Napi::Env env, Napi::Object held) : deferred(Napi::Promise::Deferred::New(env)), hold(Napi::Persistent(held)) {}

    Napi::Promise::Deferred deferred;
    Napi::ObjectReference hold;
    std::function<void()> work;
    std::function<Napi::Value(Napi::Env)> convert;
    std::optional<clvp::Error> error;
};

/// Those of this JS thread; made, destroyed and stopped on it alone.
static thread_local std::unordered_set<Worker *> live_workers;

std::shared_ptr<Worker> Worker::create(Napi::Env env, std::function<void()> interrupt) {
    return std::shared_ptr<Worker>(new Worker(env, std::move(interrupt)));
}

Worker::Worker(Napi::Env env, std::function<void()> interrupt) : env_(env), interrupt_(std::move(interrupt)) {
    js_ = Tsfn::New(env, "clvp", 0, 1, static_cast<std::nullptr_t *>(nullptr));
    js_.Unref(env);
    // Hooks run in reverse order, so this one joins the thread before the threadsafe function goes.
    napi_add_env_cleanup_hook(env_, on_env_end, this);
    live_workers.insert(this);
}

Worker::~Worker() {
    live_workers.erase(this);
    napi_remove_env_cleanup_hook(env_, on_env_end, this);
    stop();
    release();
}

/// Lets go of the threadsafe function once. When the environment ends this must come before Node frees it.
void Worker::release() {
    if (!released_) {
        released_ = true;
        js_.Release();
    }
}

void Worker::on_env_end(void * self) {
    static_cast<Worker *>(self)->stop();
    static_cast<Worker *>(self)->release();
}

void Worker::stop_all() {
    for (Worker * worker : live_workers) {
        worker->stop();
    }
}

void Worker::stop() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stopped_ = true;
    }
    if (interrupt_) {
        interrupt_();
    }
    wake_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
    interrupt_ = nullptr; // and with it what it holds
}

Napi::Promise Worker::start(Napi::Env env, Napi::Object hold, std::function<void()> work, std::function<Napi::Value(Napi::Env)> convert) {
    auto job = std::make_shared<Job>(env, hold);
    job->work = std::move(work);
    job->convert = std::move(convert);
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (stopped_) {
            job->deferred.Reject(to_js(env, clvp::Error(clvp::Code::disposed, "this object was disposed of")));
            return job->deferred.Promise();
        }
        try {
            if (!thread_.joinable()) {
                thread_ = std::thread([this] { loop(); });
            }
        } catch (const std::system_error &) {
            job->deferred.Reject(to_js(env, clvp::Error(clvp::Code::out_of_memory, "the system lets this process start no more threads")));
            return job->deferred.Promise();
        }
        queue_.push_back(job);
    }
    if (n_pending_++ == 0) {
        js_.Ref(env); // a waiting promise keeps the process alive
    }
    wake_.notify_one();
    return job->deferred.Promise();
}

void Worker::loop() {
    for (;;) {
        std::shared_ptr<Job> job;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
            if (queue_.empty()) {
                return;
            }
            job = std::move(queue_.front());
            queue_.pop_front();
            if (stopped_) {
                job->error.emplace(clvp::Code::disposed, "this object was disposed of");
            }
        }
        if (!job->error) {
            try {
                job->work();
            } catch (const clvp::Error & error) {
                job->error.emplace(error.code, error.what());
            } catch (const std::bad_alloc &) {
                job->error.emplace(clvp::Code::out_of_memory, "not enough memory");
            } catch (const std::exception & error) {
                job->error.emplace(clvp::Code::device, error.what());
            }
        }
        post([self = shared_from_this(), job = std::move(job)](Napi::Env env) { self->settle(env, *job); });
    }
}

void Worker::post(std::function<void(Napi::Env)> call) {
    auto * held = new std::function<void(Napi::Env)>(std::move(call));
    const napi_status status = js_.NonBlockingCall(held);
    if (status != napi_ok) {
        // The environment is gone, and what `held` refers to in it with it: freeing it from this thread would touch the
        // dead environment. The process or its worker is about to end.
    }
}

void Worker::call_js(Napi::Env env, Napi::Function, std::nullptr_t *, std::function<void(Napi::Env)> * call) {
    std::unique_ptr<std::function<void(Napi::Env)>> owner(call);
    if (static_cast<napi_env>(env) != nullptr) {
        Napi::HandleScope scope(env);
        (*owner)(env);
    }
}

void Worker::settle(Napi::Env env, Job & job) {
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

} // namespace binding
