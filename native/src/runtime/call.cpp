#include "runtime/call.h"

#include <algorithm>

namespace clvp {

void check_running(const Machine & machine, const AbortFlag & abort) {
    if (machine.closed.load()) {
        fail(Code::disposed, "the session was closed");
    }
    check_abort(abort);
}

Call::Call(Machine & machine, Turns::Kind kind, AbortFlag abort) : machine_(machine), kind_(kind), abort_(std::move(abort)) {
    check(); // an aborted call does not wait
    enter();
    if (is_stopped()) {
        leave();
        check();
    }
}

Call::~Call() { leave(); }

void Call::enter() {
    machine_.turns.take(kind_);
    machine_.backend.stop_when([this] { return is_stopped(); });
}

void Call::leave() {
    machine_.backend.stop_when(nullptr);
    machine_.turns.give();
}

size_t Call::room_for(double work) {
    const auto fits = [&] { return static_cast<size_t>(std::clamp((machine_.piece_work - done_) / std::max(work, 1.0), 0.0, 1e6)); };
    if (done_ > 0 && fits() == 0) {
        pause();
    }
    return std::max<size_t>(1, fits());
}

void Call::pause() {
    done_ = 0;
    leave();
    enter();
    check();
    if (at_pause_) {
        at_pause_();
    }
}

} // namespace clvp
