// Devices and the set of GGML backends that one session computes on.
#pragma once

#include "clvp/model.h"

#include "base/error.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "runtime/context.h"
#include "runtime/thread_count.h"

#include <exception>
#include <functional>

namespace clvp {

/// Devices that hold a whole model, best first.
std::vector<Device> list_devices();

/// Finds a device by "auto", a kind ("cpu", "cuda", "metal", "gpu", ...), the n-th of a kind ("cuda:1") or a device's name. Throws
/// device if there is no such device or it lacks memory for n_bytes of weights; only "auto" falls back to another device. Does not
/// check the CPU's memory.
ggml_backend_dev_t find_device(const std::string & wanted, uint64_t n_bytes = 0);

/// Observes nodes of a graph while they are computed. An exception ends the computation.
class NodeObserver {
public:
    virtual ~NodeObserver() = default;
    virtual bool wants(const ggml_tensor * node) = 0;
    /// Called for a wanted node after it, and before any later node, is computed: its sources still hold their values.
    virtual void see(const ggml_tensor * node) = 0;
};

/// The backends of one session: the model's device, CPU accelerators (BLAS) and the CPU. The scheduler places each node on the first
/// backend that can compute it.
class Backend {
public:
    /// For graphs of at most n_nodes operations.
    Backend(ggml_backend_dev_t device, uint32_t n_threads, size_t n_nodes);
    Backend(const Backend &) = delete;
    Backend & operator=(const Backend &) = delete;

    ggml_backend_dev_t device() const { return device_; }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_dev_buffer_type(device_); }
    uint32_t n_threads() const { return n_threads_.most(); }
    bool on_cpu() const { return ggml_backend_dev_type(device_) == GGML_BACKEND_DEVICE_TYPE_CPU; }
    /// Computations end with Code::aborted when `is_stopped` returns true. It is called on the computing thread, between nodes if the backend
    /// supports that.
    void stop_when(std::function<bool()> is_stopped) { is_stopped_ = std::move(is_stopped); }

    /// Places and allocates a graph; its inputs can be set afterwards. Throws out_of_memory.
    void allocate(ggml_cgraph * graph);
    /// Runs a graph that allocate() has placed. Throws aborted.
    void compute(ggml_cgraph * graph);
    /// Sets the observer of nodes in compute(), which must outlive the graphs; null for none, which has no cost.
    void observe(NodeObserver * observer);
    bool is_observed() const { return observer_ != nullptr; }
    /// Runs a graph whose tensors all have memory on the main backend already.
    void compute_in_place(ggml_cgraph * graph);

private:
    /// Creates the backends and the scheduler, initially and after a failure in GGML.
    void start();
    void start_backends();
    void start_scheduler();
    void set_up_cpu(ggml_backend_t cpu);
    void fit_pool();
    template <typename F> ggml_status run(F graph);
    template <typename F> ggml_status run_timed(F graph);
    ggml_backend_t main() const { return (on_cpu() ? backends_.back() : backends_.front()).get(); }
    static bool on_node(ggml_tensor * node, bool ask, void * self);
    static bool poll_stop(void * self);
    bool is_stopped() const { return is_stopped_ && is_stopped_(); }

    const ggml_backend_dev_t device_;
    ThreadCount n_threads_;
    /// Functions of the CPU backend; null where it lacks them.
    struct {
        ggml_backend_set_n_threads_t set_threads;
        ggml_threadpool * (*new_pool)(ggml_threadpool_params *);
        void (*set_pool)(ggml_backend_t, ggml_threadpool *);
        void (*free_pool)(ggml_threadpool *);
    } cpu_{};
    uint32_t pool_size_ = 0;
    const size_t n_nodes_;
    std::function<bool()> is_stopped_;
    std::unique_ptr<ggml_threadpool, void (*)(ggml_threadpool *)> pool_{ nullptr, nullptr }; // outlives the backends
    std::vector<ggml_backend_ptr> backends_;                                                 // the model's device first, the CPU last
    ggml_backend_sched_ptr sched_;
    NodeObserver * observer_ = nullptr;
    std::exception_ptr observer_error_;
};

} // namespace clvp
