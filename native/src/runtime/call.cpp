#include "runtime/call.h"

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

void Call::pause() {
    leave();
    enter();
    check();
    if (at_pause_) {
        at_pause_();
    }
}

} // namespace clvp
