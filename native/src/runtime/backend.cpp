#include "runtime/backend.h"

#include "base/clock.h"
#include "ggml-cpu.h"
#include "runtime/cpu_library.h"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <thread>
#include <utility>

namespace clvp {

namespace {

const char * kind_name(enum ggml_backend_dev_type type) {
    switch (type) {
    case GGML_BACKEND_DEVICE_TYPE_CPU: return "cpu";
    case GGML_BACKEND_DEVICE_TYPE_GPU: return "gpu";
    case GGML_BACKEND_DEVICE_TYPE_IGPU: return "igpu";
    default: return "accel";
    }
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::vector<ggml_backend_dev_t> devices_of(std::initializer_list<enum ggml_backend_dev_type> types) {
    std::vector<ggml_backend_dev_t> found;
    for (auto type : types) {
        for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
            ggml_backend_dev_t device = ggml_backend_dev_get(i);
            if (ggml_backend_dev_type(device) == type) {
                found.push_back(device);
            }
        }
    }
    return found;
}

/// Devices that can hold a whole model, GPUs first. "accel" devices are excluded: they only speed up some operations of the CPU.
std::vector<ggml_backend_dev_t> model_devices() {
    require_kernels();
    return devices_of({ GGML_BACKEND_DEVICE_TYPE_GPU, GGML_BACKEND_DEVICE_TYPE_IGPU, GGML_BACKEND_DEVICE_TYPE_CPU });
}

/// A backend's name as users know it: GGML calls Metal "MTL".
std::string backend_name(ggml_backend_dev_t device) {
    const std::string name = lower(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)));
    return name == "mtl" ? "metal" : name;
}

bool is_called(ggml_backend_dev_t device, const std::string & name) {
    return name == lower(ggml_backend_dev_name(device)) || name == backend_name(device) || name == kind_name(ggml_backend_dev_type(device));
}

/// Whether a device has memory for the weights and the computations with them. Always true for the CPU, whose memory the system manages.
bool has_room(ggml_backend_dev_t device, uint64_t n_bytes) {
    constexpr uint64_t reserve = 64u << 20;
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    return ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU || n_bytes == 0 || total == 0 || free >= n_bytes + reserve;
}

template <typename F> F proc(ggml_backend_dev_t device, const char * name) {
    return reinterpret_cast<F>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name));
}

/// Checks that the system can start n threads: GGML ends the process if it cannot start one.
void try_threads(uint32_t n) {
    std::vector<std::thread> threads;
    threads.reserve(n);
    std::mutex gate;
    bool all = true;
    {
        std::lock_guard<std::mutex> closed(gate);
        try {
            for (uint32_t i = 1; i < n; i++) {
                threads.emplace_back([&gate] { std::lock_guard<std::mutex> open(gate); });
            }
        } catch (const std::exception &) { // no thread, or no memory for one
            all = false;
        }
    }
    for (std::thread & thread : threads) {
        thread.join();
    }
    if (!all) {
        fail(Code::out_of_memory, "Expected to start %u threads but the system allows %zu: set threads to a lower number", n, threads.size() + 1);
    }
}

} // namespace

std::vector<Device> list_devices() {
    std::vector<Device> list;
    for (ggml_backend_dev_t device : model_devices()) {
        Device entry;
        entry.name = ggml_backend_dev_name(device);
        entry.description = ggml_backend_dev_description(device);
        entry.kind = kind_name(ggml_backend_dev_type(device));
        size_t free = 0, total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        entry.memory_free = free;
        entry.memory_total = total;
        list.push_back(entry);
    }
    return list;
}

/// "cuda:1" is the second "cuda" device; without an index, the first.
static std::pair<std::string, size_t> split_index(const std::string & name) {
    const size_t colon = name.rfind(':');
    const std::string digits = colon == std::string::npos ? "" : name.substr(colon + 1);
    const bool number = !digits.empty() && digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos;
    return number ? std::pair{ name.substr(0, colon), static_cast<size_t>(std::stoul(digits)) } : std::pair{ name, size_t{ 0 } };
}

static ggml_backend_dev_t named_device(const std::string & wanted, const std::vector<ggml_backend_dev_t> & all) {
    const auto [name, index] = split_index(lower(wanted));
    std::vector<ggml_backend_dev_t> called;
    std::string known;
    for (ggml_backend_dev_t device : all) {
        known += (known.empty() ? "" : ", ") + lower(ggml_backend_dev_name(device));
        if (is_called(device, name)) {
            called.push_back(device);
        }
    }
    if (index < called.size()) {
        return called[index];
    }
    fail(Code::device, "no device '%s' here: there is %s. Use one of these, or 'auto'; see docs/devices.md for how to add backends", wanted.c_str(),
         known.c_str());
}

ggml_backend_dev_t find_device(const std::string & wanted, uint64_t n_bytes) {
    const std::vector<ggml_backend_dev_t> all = model_devices();
    if (lower(wanted) == "auto") {
        return *std::find_if(all.begin(), all.end(), [&](ggml_backend_dev_t device) { return has_room(device, n_bytes); }); // the CPU has
    }
    ggml_backend_dev_t device = named_device(wanted, all);
    if (!has_room(device, n_bytes)) {
        size_t free = 0, total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        fail(Code::device, "the device %s has %.0f MB free, not enough for %.0f MB of weights and the computations: use a smaller type, fewer parts, or 'cpu'",
             ggml_backend_dev_name(device), static_cast<double>(free) / 1e6, static_cast<double>(n_bytes) / 1e6);
    }
    return device;
}

Backend::Backend(ggml_backend_dev_t device, uint32_t n_threads, size_t n_nodes) : device_(device), n_threads_(n_threads), n_nodes_(n_nodes) { start(); }

bool Backend::poll_stop(void * self) { return static_cast<const Backend *>(self)->is_stopped(); }

void Backend::start() {
    if (backends_.empty()) {
        start_backends();
    }
    fit_pool();
    if (!sched_) {
        start_scheduler();
    }
}

static ggml_backend_ptr started(ggml_backend_dev_t device) {
    ggml_backend_ptr backend(device ? ggml_backend_dev_init(device, nullptr) : nullptr);
    if (!backend) {
        fail(Code::device, "the device %s could not be started", device ? ggml_backend_dev_name(device) : "cpu");
    }
    return backend;
}

void Backend::start_backends() {
    std::vector<ggml_backend_ptr> all;
    if (!on_cpu()) {
        all.push_back(started(device_));
    }
    for (ggml_backend_dev_t accelerator : devices_of({ GGML_BACKEND_DEVICE_TYPE_ACCEL })) {
        all.push_back(started(accelerator));
    }
    all.push_back(started(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU))); // the scheduler requires it last
    set_up_cpu(all.back().get());
    backends_ = std::move(all);
}

void Backend::start_scheduler() {
    std::vector<ggml_backend_t> raw;
    for (auto & backend : backends_) {
        raw.push_back(backend.get());
    }
    sched_.reset(ggml_backend_sched_new(raw.data(), nullptr, static_cast<int>(raw.size()), n_nodes_, false, false));
    observe(observer_);
}

void Backend::set_up_cpu(ggml_backend_t cpu) {
    ggml_backend_dev_t device = ggml_backend_get_device(cpu);
    // Looked up by name, not linked: the CPU backend may be a library chosen at run time.
    cpu_.set_threads = proc<ggml_backend_set_n_threads_t>(device, "ggml_backend_set_n_threads");
    cpu_.new_pool = proc<decltype(cpu_.new_pool)>(device, "ggml_threadpool_new");
    cpu_.set_pool = proc<decltype(cpu_.set_pool)>(device, "ggml_backend_cpu_set_threadpool");
    cpu_.free_pool = proc<decltype(cpu_.free_pool)>(device, "ggml_threadpool_free");
    if (auto set_abort = proc<ggml_backend_set_abort_callback_t>(device, "ggml_backend_set_abort_callback")) {
        set_abort(cpu, poll_stop, this);
    }
    pool_size_ = 0; // fit_pool() makes the new backend a pool
}

/// Makes the pool's size the number of threads that compute: a thread that is left out would spin for each graph that it has no part in.
/// Without a pool, GGML starts and joins its threads for every graph.
void Backend::fit_pool() {
    const uint32_t n = n_threads_.now();
    if (!cpu_.set_threads || n == pool_size_) {
        return;
    }
    const auto error = error_of([&] { try_threads(n); });
    if (error && pool_size_ == 0) {
        throw Error(*error);
    }
    if (error) { // the system allowed more threads earlier
        n_threads_.keep(pool_size_);
        return;
    }
    if (cpu_.new_pool && cpu_.set_pool && cpu_.free_pool) {
        ggml_threadpool_params params = ggml_threadpool_params_default(static_cast<int>(n));
        params.poll = 1; // spin for some milliseconds for the next graph, then sleep
        decltype(pool_) pool(cpu_.new_pool(&params), cpu_.free_pool);
        cpu_.set_pool(backends_.back().get(), pool.get());
        pool_ = std::move(pool);
    }
    cpu_.set_threads(backends_.back().get(), static_cast<int>(n));
    pool_size_ = n;
}

void Backend::allocate(ggml_cgraph * graph) {
    start();
    ggml_backend_sched_reset(sched_.get());
    bool allocated = false;
    try {
        allocated = ggml_backend_sched_alloc_graph(sched_.get(), graph);
    } catch (...) {             // bad_alloc, possibly from another C++ runtime
        (void)sched_.release(); // leaks the scheduler: it may hold a buffer that is already freed
        throw;
    }
    if (!allocated) {
        sched_.reset(); // it regards this graph as placed and would not allocate again
        fail(Code::out_of_memory, "not enough memory for a computation: use fewer candidates at a time (batchSize) or a shorter text");
    }
}

void Backend::observe(NodeObserver * observer) {
    observer_ = observer;
    if (sched_) { // otherwise start_scheduler() sets it
        ggml_backend_sched_set_eval_callback(sched_.get(), observer ? on_node : nullptr, this);
    }
}

/// Called by the scheduler: with `ask` before each node, and again after each node for which that returned true. The second call stops
/// the computation by returning false.
bool Backend::on_node(ggml_tensor * node, bool ask, void * self) {
    auto & backend = *static_cast<Backend *>(self);
    try {
        if (ask) {
            return backend.observer_->wants(node);
        }
        backend.observer_->see(node);
        return true;
    } catch (...) { // exceptions must not pass through GGML's frames
        backend.observer_error_ = std::current_exception();
        return false;
    }
}

template <typename F> ggml_status Backend::run(F graph) {
    try {
        return graph();
    } catch (...) {
        // The CPU backend frees its work buffer before it allocates a larger one. If that fails it still points to the freed buffer, so it
        // must be neither used nor freed.
        sched_.reset();
        (void)backends_.back().release();
        backends_.clear();
        throw;
    }
}

/// Runs a graph with as many threads as suit the machine at the moment.
template <typename F> ggml_status Backend::run_timed(F graph) {
    if (!on_cpu() || !cpu_.set_threads) {
        return run(graph);
    }
    const Clock clock;
    const double before = thread_cpu_ms();
    const ggml_status status = run(graph);
    if (before >= 0) {
        n_threads_.count(clock.ms(), thread_cpu_ms() - before);
    }
    return status;
}

void Backend::compute(ggml_cgraph * graph) {
    const ggml_status status = is_stopped() ? GGML_STATUS_ABORTED : run_timed([&] { return ggml_backend_sched_graph_compute(sched_.get(), graph); });
    if (observer_error_) {
        std::rethrow_exception(std::exchange(observer_error_, nullptr));
    }
    if (status == GGML_STATUS_ABORTED || is_stopped()) {
        fail(Code::aborted, "the operation was aborted");
    }
    if (status != GGML_STATUS_SUCCESS) {
        fail(Code::device, "a computation failed on %s: %s", ggml_backend_dev_name(device_), ggml_status_to_string(status));
    }
}

void Backend::compute_in_place(ggml_cgraph * graph) {
    start();
    // Views have no buffers yet, because the scheduler did not allocate this graph. The CPU uses pointers, other devices need the buffers.
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        ggml_tensor * node = ggml_graph_node(graph, i);
        if (node->view_src && !node->buffer) {
            ggml_backend_view_init(node);
        }
    }
    if (run([&] { return ggml_backend_graph_compute(main(), graph); }) != GGML_STATUS_SUCCESS) {
        fail(is_stopped() ? Code::aborted : Code::device, "%s", is_stopped() ? "the operation was aborted" : "a copy in the KV cache failed");
    }
}

} // namespace clvp
