// One call of a session at work.
#pragma once

#include "base/turns.h"
#include "runtime/backend.h"

#include <functional>

namespace clvp {

/// What the calls of one session share.
struct Machine {
    Backend backend;
    double piece_work = 0; // multiplications of a piece of work, between two of which other calls have their turns
    Turns turns{};
    std::atomic<bool> closed{ false };
};

/// Throws disposed if the machine is closed, aborted if the flag is set.
void check_running(const Machine & machine, const AbortFlag & abort);

/// One call at work. It has the machine to itself from its construction to its end, except in pause() and while it rests.
/// Not for several threads.
class Call {
public:
    /// Waits for a turn. Throws aborted, or disposed where the session is closed.
    Call(Machine & machine, Turns::Kind kind, AbortFlag abort);
    ~Call();
    Call(const Call &) = delete;
    Call & operator=(const Call &) = delete;

    Backend & backend() { return machine_.backend; }
    double piece_work() const { return machine_.piece_work; }

    /// Lets the calls that wait have their turns; between two graphs, with nothing left to read. Throws as the constructor.
    void pause();
    /// What is done in each pause() besides.
    void at_pause(std::function<void()> work) { at_pause_ = std::move(work); }

    /// Gives the machine to others while it lives: for waits whose length nobody knows.
    class Rest {
    public:
        explicit Rest(Call & call) : call_(call) { call_.leave(); }
        ~Rest() { call_.enter(); }
        Rest(const Rest &) = delete;
        Rest & operator=(const Rest &) = delete;

    private:
        Call & call_;
    };

    /// Throws disposed or aborted if the session is closed or the call aborted.
    void check() const { check_running(machine_, abort_); }

private:
    void enter();
    void leave();
    bool is_stopped() const { return machine_.closed.load() || (abort_ && abort_->load()); }

    Machine & machine_;
    const Turns::Kind kind_;
    const AbortFlag abort_;
    std::function<void()> at_pause_;
};

} // namespace clvp
