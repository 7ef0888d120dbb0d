// GGML's waiting threads yield the CPU to the threads that they wait for.
#include "test.h"

#include "runtime/graph.h"

#include <chrono>
#include <cstring>
#include <thread>

#if defined(__GNUC__) && !defined(_WIN32) // elsewhere GGML's barrier is unchanged (native/patches/ggml_barrier.h)

#include <sys/resource.h>

using namespace clvp;

/// A copy by one thread, while the other sleeps.
static void copy_late(ggml_tensor * to, const ggml_tensor * from, int thread, int, void *) {
    if (thread == 0) {
        memcpy(to->data, from->data, ggml_nbytes(to));
    } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
}

/// Number of voluntary context switches of this process, for example to sleep.
static long n_given_away() {
    rusage used = {};
    getrusage(RUSAGE_SELF, &used);
    return used.ru_nvcsw;
}

TEST(a_thread_that_waits_long_for_another_sleeps) {
    Backend backend(find_device("cpu"), 2, graph_nodes(1));
    Graph graph(backend, graph_nodes(1));
    const std::vector<float> x = { 1, 2, 3 };
    ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { 3 }, x.data());
    ggml_tensor * late = ggml_map_custom1(graph.ctx(), input, copy_late, GGML_N_TASKS_MAX, nullptr);
    ggml_tensor * output = graph.output("y", ggml_scale(graph.ctx(), late, 2.0f));
    const long before = n_given_away();
    graph.run();
    const long n = n_given_away() - before;
    test::note("%ld times", n);
    CHECK(n >= 20);
    CHECK(Graph::read(output) == std::vector<float>({ 2, 4, 6 }));
}

#endif
