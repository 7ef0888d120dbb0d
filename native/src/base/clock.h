// A stopwatch in milliseconds.
#pragma once

#include <chrono>

namespace clvp {

class Clock {
public:
    double ms() const { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

} // namespace clvp
