// Beside busy programs fewer threads compute; on a quiet machine all of them.
#include "runtime/thread_count.h"

#include "test.h"

using namespace clvp;

/// Counts half a second of computations in which the thread ran for this share of the time.
static void half_a_second(ThreadCount & threads, double share) {
    for (int i = 0; i < 50; i++) {
        threads.count(10, 10 * share);
    }
}

TEST(a_quiet_machine_keeps_all_threads) {
    ThreadCount threads(8);
    half_a_second(threads, 0.99);
    CHECK(threads.now() == 8);
}

TEST(a_busy_machine_leaves_threads_out_down_to_one) {
    ThreadCount threads(8);
    half_a_second(threads, 0.5);
    CHECK(threads.now() == 1);
    ThreadCount one(1);
    half_a_second(one, 0.5);
    CHECK(one.now() == 1);
}

TEST(threads_come_back_when_the_machine_is_quiet_again) {
    ThreadCount threads(2);
    half_a_second(threads, 0.5);
    CHECK(threads.now() == 1);
    half_a_second(threads, 1);
    CHECK(threads.now() == 2);
}

TEST(a_thread_that_makes_all_others_wait_is_tried_ever_more_rarely) {
    ThreadCount threads(4);
    int n_slow = 0;
    for (int i = 0; i < 2000; i++) { // three cores are free: the fourth thread slows all of them
        n_slow += threads.now() == 4;
        threads.count(50, threads.now() == 4 ? 25 : 50);
    }
    CHECK(n_slow >= 3 && n_slow < 100);
}

TEST(threads_that_cannot_be_started_are_left_out_for_a_while) {
    ThreadCount threads(4);
    threads.keep(2);
    CHECK(threads.now() == 2);
    half_a_second(threads, 1);
    CHECK(threads.now() == 2);
    for (int i = 0; i < 10; i++) {
        half_a_second(threads, 1);
    }
    CHECK(threads.now() > 2);
}

TEST(javascript_of_this_process_leaves_all_threads_in) {
    ThreadCount threads(2);
    half_a_second(threads, 0.66);
    CHECK(threads.now() == 2);
    for (int i = 0; i < 100; i++) { // or for less, but not for long
        threads.count(50, i % 3 == 0 ? 20 : 45);
    }
    CHECK(threads.now() == 2);
}

TEST(short_computations_are_judged_together) {
    ThreadCount threads(2);
    threads.count(1, 0.1);
    CHECK(threads.now() == 2);
}

TEST(the_clock_of_a_thread_counts_its_work_alone) {
    const double before = thread_cpu_ms();
    if (before < 0) {
        return; // the system does not tell
    }
    volatile double sum = 0;
    while (thread_cpu_ms() - before < 2) {
        sum = sum + 1;
    }
    CHECK(sum > 0);
}
