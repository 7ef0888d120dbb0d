// Devices and the set of GGML backends that one session computes on.
#pragma once

#include "base/error.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "runtime/context.h"

#include <exception>
#include <functional>

namespace clvp {

/// Devices that hold a whole model, best first.
std::vector<Device> list_devices();

/// The device a user means by "auto", a kind ("cpu", "cuda", "metal", "gpu", ...), one of a kind ("cuda:1") or a device's name,
/// with room for n_bytes of weights. Throws device where there is none such, or it has no room; only "auto" takes another.
/// Whether the CPU's memory is enough is not asked here.
ggml_backend_dev_t find_device(const std::string & wanted, uint64_t n_bytes = 0);

/// Looks at nodes of a graph as they are computed. What it throws ends the computation.
class NodeObserver {
public:
    virtual ~NodeObserver() = default;
    virtual bool wants(const ggml_tensor * node) = 0;
    /// Called for a node that it wants when that, and nothing behind it, has been computed: its sources still hold their values.
    virtual void see(const ggml_tensor * node) = 0;
};

/// The backends of one session: the model's device, accelerators of the CPU (BLAS) and the CPU, and the scheduler that places
/// each node on the first of them that can compute it.
class Backend {
public:
    /// For graphs of at most n_nodes operations.
    Backend(ggml_backend_dev_t device, uint32_t n_threads, size_t n_nodes);
    Backend(const Backend &) = delete;
    Backend & operator=(const Backend &) = delete;

    ggml_backend_dev_t device() const { return device_; }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_dev_buffer_type(device_); }
    bool on_cpu() const { return ggml_backend_dev_type(device_) == GGML_BACKEND_DEVICE_TYPE_CPU; }
    uint32_t n_threads() const { return n_threads_; }
    /// Computations end with Code::aborted when this says so. Asked between nodes where the backend allows it, on the thread that computes.
    void stop_when(std::function<bool()> is_stopped) { is_stopped_ = std::move(is_stopped); }

    /// Places and allocates a graph; its inputs can be set afterwards. Throws out_of_memory.
    void allocate(ggml_cgraph * graph);
    /// Runs a graph that allocate() has placed. Throws aborted.
    void compute(ggml_cgraph * graph);
    /// From now on shows compute()'s nodes to an observer that outlives the graphs; null for none, which costs nothing.
    void observe(NodeObserver * observer);
    bool is_observed() const { return observer_ != nullptr; }
    /// Runs a graph all of whose tensors have memory on the main backend already.
    void compute_in_place(ggml_cgraph * graph);

private:
    /// Makes the backends and the scheduler, at first and after GGML has failed with them.
    void start();
    void start_backends();
    void start_scheduler();
    void set_up_cpu(ggml_backend_t cpu);
    template <typename F> ggml_status run(F graph);
    ggml_backend_t main() const { return (on_cpu() ? backends_.back() : backends_.front()).get(); }
    static bool on_node(ggml_tensor * node, bool ask, void * self);
    static bool poll_stop(void * self);
    bool is_stopped() const { return is_stopped_ && is_stopped_(); }

    const ggml_backend_dev_t device_;
    const uint32_t n_threads_;
    const size_t n_nodes_;
    std::function<bool()> is_stopped_;
    std::unique_ptr<ggml_threadpool, void (*)(ggml_threadpool *)> pool_{ nullptr, nullptr }; // outlives the backends
    std::vector<ggml_backend_ptr> backends_;                                                 // the CPU last, before it others, the model's device first
    ggml_backend_sched_ptr sched_;
    NodeObserver * observer_ = nullptr;
    std::exception_ptr observer_error_;
};

} // namespace clvp
