// The steps that a sampler takes and their coefficients are those of tortoise-tts' SpacedDiffusion. scripts/parity/schedule_reference.py
// prints the tables.
#include "speech/noise_schedule.h"

#include "test.h"

#include <algorithm>

using namespace clvp;

namespace {

struct Times {
    uint32_t n_steps, second, middle, last, digest;
};
constexpr Times times_reference[] = {
    { 1, 0, 0, 0, 0u },
    { 2, 3999, 3999, 3999, 7998u },
    { 3, 2000, 2000, 3999, 15997u },
    { 16, 267, 2133, 3999, 362573u },
    { 20, 210, 2105, 3999, 559875u },
    { 30, 138, 2068, 3999, 1239685u },
    { 80, 51, 2025, 3999, 8637838u },
    { 100, 40, 2020, 3999, 13463292u },
    { 200, 20, 2010, 3999, 53586790u },
    { 400, 10, 2005, 3999, 213814025u },
    { 1000, 4, 2002, 3999, 1334346861u },
    { 4000, 1, 2000, 3999, 4153462816u },
};

struct Coefficients {
    uint32_t n_steps, step, time;
    double beta, kept, kept_before, log_variance_low, log_variance_high;
};
constexpr Coefficients coefficients_reference[] = {
    { 2, 0, 0, 2.5000000000052758e-05, 0.999975, 1.0, -10.596634734155698, -10.596634733093962 },
    { 2, 1, 3999, 0.9999575324155524, 4.246652275798072e-05, 0.999975, -10.596634734155698, -4.2468486220987166e-05 },
    { 30, 0, 0, 2.5000000000052758e-05, 0.999975, 1.0, -10.598246156182615, -10.596634733093962 },
    { 30, 1, 138, 0.015265104845811783, 0.9847102767818093, 0.999975, -10.598246156182615, -4.182185784439467 },
    { 30, 2, 276, 0.03832564072470368, 0.9469706244959462, 0.9847102767818093, -4.505301233343943, -3.2616361361721298 },
    { 30, 15, 2068, 0.2915892811527715, 0.06616820885746563, 0.0934037375452743, -1.2620081492293607, -1.2324090382586044 },
    { 30, 29, 3999, 0.4933385470539692, 4.246652275802249e-05, 8.381636793384791e-05, -0.706600985051526, -0.7065596325952904 },
    { 400, 0, 0, 2.5000000000052758e-05, 0.999975, 1.0, -10.672204124591008, -10.596634733093962 },
    { 400, 1, 10, 0.0003183777964939072, 0.9996566301629509, 0.999975, -10.672204124591008, -8.052271841055306 },
    { 400, 200, 2005, 0.02729958020761769, 0.07776048393380339, 0.0799428913070696, -3.6032531797706118, -3.600883953919791 },
    { 400, 399, 3999, 0.048836354917479174, 4.246652275802249e-05, 4.4646915362643186e-05, -3.0192824461516508, -3.0192802656640714 },
    { 4000, 0, 0, 2.5000000000052758e-05, 0.999975, 1.0, -11.265781941821107, -10.596634733093962 },
    { 4000, 1, 1, 2.6244061015257003e-05, 0.9999487565950862, 0.999975, -11.265781941821107, -10.548070841562192 },
    { 4000, 3999, 3999, 0.0050000000000000044, 4.246652275802249e-05, 4.267992236987185e-05, -5.298317579956733, -5.298317366548035 },
};

/// Depends on each time and its place.
uint32_t digest(const std::vector<uint32_t> & times) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < times.size(); i++) {
        sum += (i + 1) * times[i];
    }
    return sum;
}

} // namespace

TEST(a_sampler_takes_the_steps_of_the_reference) {
    for (const Times & expected : times_reference) {
        const std::vector<uint32_t> times = spaced_steps(expected.n_steps);
        CHECK(times.size() == expected.n_steps);
        CHECK(times[std::min<uint32_t>(1, expected.n_steps - 1)] == expected.second);
        CHECK(times[expected.n_steps / 2] == expected.middle);
        CHECK(times.back() == expected.last);
        CHECK(digest(times) == expected.digest);
    }
}

TEST(a_step_has_the_coefficients_of_the_reference) {
    for (const Coefficients & expected : coefficients_reference) {
        const std::vector<NoiseStep> steps = noise_steps(expected.n_steps);
        CHECK(steps.size() == expected.n_steps);
        const NoiseStep & step = steps[expected.step];
        CHECK(step.time == expected.time);
        // Betas are differences of numbers near 1.
        CHECK_CLOSE(step.beta / expected.beta, 1, 1e-10);
        CHECK_CLOSE(step.kept / expected.kept, 1, 1e-12);
        CHECK_CLOSE(step.kept_before / expected.kept_before, 1, 1e-12);
        CHECK_CLOSE(step.log_variance_low, expected.log_variance_low, 1e-9);
        CHECK_CLOSE(step.log_variance_high, expected.log_variance_high, 1e-9);
    }
}
