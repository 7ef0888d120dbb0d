#include "speech/noise_schedule.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

/// Share of the signal's power that is left after each trained step.
std::vector<double> kept_signal() {
    constexpr double scale = 1000.0 / trained_steps, first = scale * 1e-4, last = scale * 0.02;
    std::vector<double> kept;
    double product = 1;
    for (uint32_t i = 0; i < trained_steps; i++) {
        product *= 1 - (first + i * ((last - first) / (trained_steps - 1)));
        kept.push_back(product);
    }
    return kept;
}

} // namespace

std::vector<uint32_t> spaced_steps(uint32_t n_steps) {
    const double stride = n_steps <= 1 ? 1 : static_cast<double>(trained_steps - 1) / (n_steps - 1);
    std::vector<uint32_t> steps;
    double at = 0;
    for (uint32_t i = 0; i < n_steps; i++, at += stride) {
        steps.push_back(static_cast<uint32_t>(std::nearbyint(at))); // half to even, as Python rounds
    }
    return steps;
}

std::vector<NoiseStep> noise_steps(uint32_t n_steps) {
    const std::vector<double> kept = kept_signal();
    std::vector<NoiseStep> steps;
    double before = 1;
    for (uint32_t time : spaced_steps(n_steps)) {
        const double beta = 1 - kept[time] / before;
        steps.push_back({ time, beta, kept[time], before, 0, std::log(beta) });
        before = kept[time];
    }
    for (size_t i = 0; i < steps.size(); i++) {
        const NoiseStep & step = steps[std::min(std::max<size_t>(i, 1), steps.size() - 1)]; // the first step's own variance is 0
        steps[i].log_variance_low = std::log(std::max(step.beta * (1 - step.kept_before) / (1 - step.kept), 1e-20));
    }
    return steps;
}

SignalRatio::SignalRatio() : log_kept_(kept_signal()) {
    for (double & each : log_kept_) {
        each = std::log(each);
    }
}

double SignalRatio::kept_at(double time) const {
    const double at = std::clamp(time, 0.0, static_cast<double>(trained_steps - 1));
    const auto low = std::min(static_cast<size_t>(at), log_kept_.size() - 2);
    const double share = at - static_cast<double>(low);
    return std::exp((1 - share) * log_kept_[low] + share * log_kept_[low + 1]);
}

double SignalRatio::ratio_at(double time) const {
    const double kept = kept_at(time);
    return 0.5 * std::log(kept / (1 - kept));
}

double SignalRatio::time_at(double ratio) const {
    double low = 0, high = trained_steps - 1;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        (ratio_at(middle) > ratio ? low : high) = middle;
    }
    return (low + high) / 2;
}

} // namespace clvp
