// Gaussian noise of a seed: each number depends on nothing but its place.
#include "speech/noise.h"

#include "test.h"

using namespace clvp;

TEST(noise_has_the_moments_of_a_normal_distribution) {
    const std::vector<float> x = gaussian(1, Noise::start, 0, 0, 100000);
    double sum = 0, squares = 0, fourth = 0;
    for (float each : x) {
        const double v = static_cast<double>(each);
        sum += v;
        squares += v * v;
        fourth += v * v * v * v;
    }
    const auto n = static_cast<double>(x.size());
    CHECK_CLOSE(sum / n, 0, 0.02);
    CHECK_CLOSE(squares / n, 1, 0.02);
    CHECK_CLOSE(fourth / n, 3, 0.15);
}

TEST(noise_is_the_same_in_any_pieces) {
    const std::vector<float> all = gaussian(7, Noise::step, 5, 0, 100), rest = gaussian(7, Noise::step, 5, 40, 60);
    CHECK(std::equal(rest.begin(), rest.end(), all.begin() + 40));
}

TEST(seeds_steps_and_purposes_have_noise_of_their_own) {
    const std::vector<float> x = gaussian(7, Noise::step, 5, 0, 100);
    CHECK(x != gaussian(8, Noise::step, 5, 0, 100));
    CHECK(x != gaussian(7, Noise::step, 6, 0, 100));
    CHECK(x != gaussian(7, Noise::vocoder, 5, 0, 100));
}
