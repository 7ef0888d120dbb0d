// The noise that the diffusion model was trained to remove: 4,000 time steps with linear betas.
#pragma once

#include <cstdint>
#include <vector>

namespace clvp {

constexpr uint32_t trained_steps = 4000;

/// Steps of the trained schedule that a sampler takes, first to last: tortoise's space_timesteps().
std::vector<uint32_t> spaced_steps(uint32_t n_steps);

/// The coefficients of one step of the shortened process, as tortoise's SpacedDiffusion has them.
struct NoiseStep {
    uint32_t time;                              // in the trained schedule
    double beta, kept, kept_before;             // kept: the share of the signal's power left after this step and after the one before it in time
    double log_variance_low, log_variance_high; // the model chooses between them
};

/// Steps in the order of the schedule: the sampler goes from the last to the first.
std::vector<NoiseStep> noise_steps(uint32_t n_steps);

/// log(signal / noise) over time, and its inverse: falls from time 0 to the last.
class SignalRatio {
public:
    SignalRatio();

    double kept_at(double time) const;
    double ratio_at(double time) const;
    double time_at(double ratio) const;

private:
    std::vector<double> log_kept_;
};

} // namespace clvp
