// Whose turn it is to compute, where several threads share one machine.
#pragma once

#include <condition_variable>
#include <mutex>

namespace clvp {

/// Lets one thread at a time compute. Steps of drawing and pieces of other work alternate while both wait, and each kind is first
/// come, first served: a step waits for one piece at most, and a piece for one step.
class Turns {
public:
    enum class Kind { step, piece };

    /// Waits for a turn. Neither needs memory, so neither fails.
    void take(Kind kind);
    /// Ends the turn. Whoever waits is next.
    void give();

private:
    /// A thread that waits; it lies on that thread's stack.
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
