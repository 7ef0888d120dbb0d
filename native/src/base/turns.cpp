#include "base/turns.h"

namespace clvp {

void Turns::take(Kind kind) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (taken_) {
        Waiter waiter;
        Line & all = line(kind);
        (all.last ? all.last->next : all.first) = &waiter;
        all.last = &waiter;
        waiter.wake.wait(lock, [&] { return waiter.called; });
    }
    taken_ = true;
    last_ = kind;
}

void Turns::give() {
    std::lock_guard<std::mutex> lock(mutex_);
    const Kind other = last_ == Kind::step ? Kind::piece : Kind::step;
    Line & all = line(other).first ? line(other) : line(last_);
    if (!all.first) {
        taken_ = false;
        return;
    }
    // The turn passes directly to the next waiter, so that a newly arrived thread cannot overtake it.
    Waiter & next = *all.first;
    all.first = next.next;
    all.last = all.first ? all.last : nullptr;
    next.called = true;
    next.wake.notify_one(); // under the lock, so that the waiter's stack frame still exists
}

} // namespace clvp
