// A running call of a session.
#pragma once

#include "base/turns.h"
#include "runtime/backend.h"

#include <functional>

namespace clvp {

/// What the calls of one session share.
struct Machine {
    Backend backend;
    double piece_work = 0; // multiplications per piece of work; other calls take turns between pieces
    Turns turns{};
    std::atomic<bool> closed{ false };
};

/// Throws disposed if the machine is closed, aborted if the flag is set.
void check_running(const Machine & machine, const AbortFlag & abort);

/// A running call. It has exclusive use of the machine during its lifetime, except in pause() and while a Rest exists.
/// Not thread-safe.
class Call {
public:
    /// Waits for a turn. Throws aborted, or disposed if the session is closed.
    Call(Machine & machine, Turns::Kind kind, AbortFlag abort);
    ~Call();
    Call(const Call &) = delete;
    Call & operator=(const Call &) = delete;

    Backend & backend() { return machine_.backend; }

    /// Lets waiting calls take their turns. Call it between two graphs, after all results have been read. Throws as the constructor.
    void pause();
    /// How many units of work, of `work` multiplications each, fit into the current piece. Pauses and begins another piece if none does;
    /// a piece without work always has room for one.
    size_t room_for(double work);
    /// Counts work towards the current piece.
    void add_work(double work) { done_ += work; }
    /// Sets work to do in each pause() of this call.
    void at_pause(std::function<void()> work) { at_pause_ = std::move(work); }

    /// Gives up the machine during its lifetime: for waits of unknown length.
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
    double done_ = 0; // multiplications since the last pause
};

} // namespace clvp
