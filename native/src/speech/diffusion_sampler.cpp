#include "speech/diffusion_sampler.h"

#include "base/error.h"
#include "speech/noise.h"
#include "speech/noise_schedule.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

float clip(float x) { return std::clamp(x, -1.0f, 1.0f); }

/// What the model says about x at one time.
struct Prediction {
    std::vector<float> noise, variance; // the variance's place between its limits, from -1 to 1
};

/// Asks the model, with guidance: noise = (1 + k) conditioned - k free.
class Guided {
public:
    Guided(size_t n_mels, const DiffusionSampling & options, const Pass & pass)
        : n_mels_(n_mels), n_unguided_(static_cast<size_t>(std::lround(static_cast<double>(options.guidance_from) * options.n_steps))), options_(options),
          pass_(pass) {}

    /// `step` in the order of use; `left`: the share of the way that is left, 1 at the start.
    Prediction at(const std::vector<float> & x, size_t step, double time, double left) const {
        const bool free = options_.guidance > 0 && step >= n_unguided_;
        const std::vector<float> y = pass_(x, static_cast<float>(time), free);
        const auto k = static_cast<float>(static_cast<double>(options_.guidance) * (options_.ramp ? 1 - left : 1));
        Prediction found = { std::vector<float>(x.size()), std::vector<float>(x.size()) };
        for (size_t i = 0; i < x.size(); i++) {
            const size_t at = i / n_mels_ * 2 * n_mels_ + i % n_mels_;
            found.noise[i] = free ? (1 + k) * y[at] - k * y[2 * x.size() + at] : y[at];
            found.variance[i] = y[at + n_mels_];
        }
        return found;
    }

private:
    const size_t n_mels_, n_unguided_;
    const DiffusionSampling & options_;
    const Pass & pass_;
};

/// The noise that a step adds, given or drawn. `step` in the order of use.
std::vector<float> noise_of(const DiffusionSampling & options, size_t step, size_t n) {
    if (options.step_noise.empty()) {
        return gaussian(options.seed, Noise::step, static_cast<uint32_t>(step), 0, n);
    }
    const auto from = options.step_noise.begin() + static_cast<ptrdiff_t>(step * n);
    return { from, from + static_cast<ptrdiff_t>(n) };
}

/// The reference's ancestral sampler, or DDIM: they differ in what follows from the predicted spectrogram.
std::vector<float> sample_steps(std::vector<float> x, const DiffusionSampling & options, const Guided & model, bool is_ddim) {
    const std::vector<NoiseStep> steps = noise_steps(options.n_steps);
    for (size_t i = steps.size(); i-- > 0;) {
        const NoiseStep & s = steps[i];
        const size_t step = steps.size() - 1 - i;
        const Prediction found = model.at(x, step, s.time, static_cast<double>(i) / static_cast<double>(steps.size()));
        const auto recip = static_cast<float>(std::sqrt(1 / s.kept)), recip_less = static_cast<float>(std::sqrt(1 / s.kept - 1));
        const auto of_start = static_cast<float>(s.beta * std::sqrt(s.kept_before) / (1 - s.kept));
        const auto of_x = static_cast<float>((1 - s.kept_before) * std::sqrt(1 - s.beta) / (1 - s.kept));
        const auto low = static_cast<float>(s.log_variance_low), high = static_cast<float>(s.log_variance_high);
        const auto ddim_start = static_cast<float>(std::sqrt(s.kept_before)), ddim_noise = static_cast<float>(std::sqrt(1 - s.kept_before));
        std::vector<float> noise;
        if (!is_ddim && i > 0) {
            noise = noise_of(options, step, x.size());
        }
        for (size_t j = 0; j < x.size(); j++) {
            const float start = clip(recip * x[j] - recip_less * found.noise[j]);
            if (is_ddim) {
                x[j] = start * ddim_start + ddim_noise * ((recip * x[j] - start) / recip_less);
                continue;
            }
            x[j] = of_start * start + of_x * x[j];
            if (i > 0) {
                const float share = (found.variance[j] + 1) / 2;
                x[j] += std::exp(0.5f * (share * high + (1 - share) * low)) * noise[j];
            }
        }
    }
    return x;
}

/// DPM-Solver++ of second order in multiple steps (Lu and others 2022, algorithm 2), on the trained schedule itself.
std::vector<float> sample_dpm(std::vector<float> x, const DiffusionSampling & options, const Guided & model) {
    const SignalRatio schedule;
    const double first = schedule.ratio_at(trained_steps - 1), last = schedule.ratio_at(0);
    std::vector<float> start, before; // the predicted spectrogram, now and one step before
    double h_before = 0;
    for (uint32_t i = 0; i < options.n_steps; i++) {
        const double share = options.n_steps == 1 ? 0 : static_cast<double>(i) / (options.n_steps - 1);
        const double ratio = first + share * (last - first), time = schedule.time_at(ratio), kept = schedule.kept_at(time);
        const Prediction found = model.at(x, i, time, time / trained_steps);
        const auto signal = static_cast<float>(std::sqrt(kept)), sigma = static_cast<float>(std::sqrt(1 - kept));
        before = std::move(start);
        start.resize(x.size());
        for (size_t j = 0; j < x.size(); j++) {
            start[j] = clip((x[j] - sigma * found.noise[j]) / signal);
        }
        if (i + 1 == options.n_steps) {
            break; // the last prediction is the result
        }
        const double h = (last - first) / (options.n_steps - 1), next = schedule.kept_at(schedule.time_at(ratio + h));
        const auto keep = static_cast<float>(std::sqrt((1 - next) / (1 - kept)));
        const auto add = static_cast<float>(-std::sqrt(next) * std::expm1(-h));
        const auto slope = static_cast<float>(before.empty() ? 0 : h / (2 * h_before));
        for (size_t j = 0; j < x.size(); j++) {
            const float ahead = before.empty() ? start[j] : start[j] + slope * (start[j] - before[j]);
            x[j] = keep * x[j] + add * ahead;
        }
        h_before = h;
    }
    return start;
}

void check_between(const char * name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
        fail(Code::invalid_argument, "Expected %g to %g for %s but received %g", least, most, name, value);
    }
}

} // namespace

void check_sampler(const DiffusionSampling & options) {
    check_between("steps", options.n_steps, 1, trained_steps);
    check_between("guidance", static_cast<double>(options.guidance), 0, 100);
    check_between("guidance_from", static_cast<double>(options.guidance_from), 0, 1);
    check_between("temperature", static_cast<double>(options.temperature), 0, 2);
    if (options.sampler != "p" && options.sampler != "ddim" && options.sampler != "dpm++2m") {
        fail(Code::invalid_argument, "Expected p, ddim or dpm++2m for sampler but received %s", printable(options.sampler).c_str());
    }
}

std::vector<float> sample(std::vector<float> x, size_t n_mels, const DiffusionSampling & options, const Pass & pass) {
    uint32_t n_done = 0;
    const Pass counted = [&](const std::vector<float> & at, float time, bool free) {
        std::vector<float> y = pass(at, time, free);
        if (options.progress) {
            options.progress(static_cast<double>(++n_done) / options.n_steps);
        }
        return y;
    };
    const Guided model(n_mels, options, counted);
    return options.sampler == "dpm++2m" ? sample_dpm(std::move(x), options, model) : sample_steps(std::move(x), options, model, options.sampler == "ddim");
}

/// The range of natural logarithms that stands for -1 to 1.
static constexpr float quietest = -11.512925148010254f, loudest = 2.3143386840820312f;

float denormalised(float x) { return (x + 1) / 2 * (loudest - quietest) + quietest; }

} // namespace clvp
