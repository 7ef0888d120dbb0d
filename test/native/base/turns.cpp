// Turns: one thread at a time, steps and pieces alternating while both wait.
#include "base/turns.h"

#include "test.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace clvp;

TEST(turns_alternate_while_steps_and_pieces_wait) {
    Turns turns;
    std::string order;
    std::atomic<int> n_waiting{ 0 };
    turns.take(Turns::Kind::piece);
    std::vector<std::thread> threads;
    for (const char kind : std::string("ppps")) { // three pieces wait before the first step does
        threads.emplace_back([&, kind] {
            n_waiting++;
            turns.take(kind == 's' ? Turns::Kind::step : Turns::Kind::piece);
            order += kind;
            turns.give();
        });
        while (n_waiting < static_cast<int>(threads.size())) {
            std::this_thread::yield();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20)); // until it waits
    }
    turns.give();
    for (std::thread & thread : threads) {
        thread.join();
    }
    CHECK(order == "sppp");
}

TEST(turns_are_one_at_a_time) {
    Turns turns;
    int n_inside = 0, n_taken = 0; // guarded by the turn alone
    bool alone = true;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 500; round++) {
                turns.take(i % 2 ? Turns::Kind::step : Turns::Kind::piece);
                alone = alone && ++n_inside == 1;
                n_taken++;
                n_inside--;
                turns.give();
            }
        });
    }
    for (std::thread & thread : threads) {
        thread.join();
    }
    CHECK(alone && n_taken == 2000);
}
