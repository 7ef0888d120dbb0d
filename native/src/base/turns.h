// Schedules threads that share one machine.
#pragma once

#include <condition_variable>
#include <mutex>

namespace clvp {

/// Lets one thread at a time compute. Decoder steps and pieces of other work alternate while both wait, and each kind is served in
/// order of arrival. The first waiting step waits for at most one piece, and the first waiting piece for at most one step.
class Turns {
public:
    enum class Kind { step, piece };

    /// Waits for a turn. take() and give() allocate no memory, so they cannot fail.
    void take(Kind kind);
    /// Ends the turn and passes it to the next waiting thread.
    void give();

private:
    /// A waiting thread; lives on that thread's stack.
    struct Waiter {
        std::condition_variable wake;
        bool called = false;
        Waiter * next = nullptr;
    };
    struct Line {
        Waiter *first = nullptr, *last = nullptr;
    };

    Line & line(Kind kind) { return kind == Kind::step ? steps_ : pieces_; }

    std::mutex mutex_;
    Line steps_, pieces_;
    bool taken_ = false;
    Kind last_ = Kind::piece;
};

} // namespace clvp
