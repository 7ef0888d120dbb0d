// Resampling by a windowed sinc: the band-limited interpolation of J. O. Smith, "Digital Audio Resampling"
// (ccrma.stanford.edu/~jos/resample), with J. F. Kaiser's window of 1974.
//
// Design, for rates in -> out and s = min(1, out / in), so that the filter also removes frequencies above the new rate's half:
//     y[n] = sum over k of x[k] * h(n * in / out - k),  h(t) = w * sinc(w * t) * kaiser(t / half),  w = s * cutoff
// The half width is 64 zero crossings of sinc(s * t). For 110 dB of attenuation Kaiser's formulas give
// beta = 0.1102 * (110 - 8.7) and a transition 0.11 of the lower rate's half wide; the cutoff lies at its middle, so
// that the pass band ends at 0.89 of that half and nothing above the half aliases.
//
// The outputs' positions between inputs repeat every L samples, with out / in = L / M in lowest terms. One row of
// coefficients is stored for each. For ratios with too many positions (44,101 to 22,050 Hz) the rows form a fixed grid, and two
// neighbours are interpolated; at 4,096 positions per zero crossing the error is (pi / 4096)^2 / 8, or -142 dB.
#include "audio/audio_sink.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

namespace clvp {

static constexpr double pi = 3.14159265358979323846;
static constexpr double attenuation = 110;           // dB
static constexpr double n_zeros = 64;                // zero crossings on each side
static constexpr size_t max_table = size_t(1) << 19; // coefficients

/// Modified Bessel function of the first kind, order 0, by its power series.
static double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-17 * sum; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

struct FilterTable {
    uint64_t step_in = 0, step_out = 0; // M and L: out[n] lies at input position n * M / L
    uint64_t n_rows = 0;                // positions between two inputs
    bool exact = false;                 // rows are the L positions; else neighbours are interpolated
    int64_t half = 0;                   // taps on each side
    std::vector<double> rows;           // [n_rows + 1, 2 * half]: taps for inputs from 1 - half to half

    const double * row(uint64_t i) const { return rows.data() + i * 2 * half; }
};

static FilterTable make_table(uint32_t in, uint32_t out) {
    FilterTable table;
    const uint64_t divisor = std::gcd(in, out);
    table.step_in = in / divisor;
    table.step_out = out / divisor;
    const double scale = std::min(1.0, double(out) / in);
    const double transition = (attenuation - 7.95) / (2.285 * 2 * n_zeros * pi); // of the lower rate's half
    const double width = scale * (1 - transition / 2);
    const double half = n_zeros / scale;
    const double beta = 0.1102 * (attenuation - 8.7), i0_beta = bessel_i0(beta);
    table.half = int64_t(std::ceil(half));
    table.exact = table.step_out * 2 * table.half <= max_table;
    table.n_rows = table.exact ? table.step_out : max_table / (2 * table.half);
    table.rows.resize((table.n_rows + 1) * 2 * table.half);
    for (uint64_t i = 0; i <= table.n_rows; i++) {
        double * row = table.rows.data() + i * 2 * table.half;
        double sum = 0;
        for (int64_t j = 0; j < 2 * table.half; j++) {
            const double t = double(i) / double(table.n_rows) - double(j + 1 - table.half);
            const double u = t / half, x = pi * width * t;
            row[j] = std::fabs(u) >= 1 ? 0 : (x == 0 ? 1 : std::sin(x) / x) * bessel_i0(beta * std::sqrt(1 - u * u)) / i0_beta;
            sum += row[j];
        }
        for (int64_t j = 0; j < 2 * table.half; j++) {
            row[j] /= sum; // unit gain at 0 Hz in every position, so that a constant stays one
        }
    }
    return table;
}

/// Sum of taps[j] * x[j], in four chains, which the compiler keeps in vector registers.
static double dot(const double * taps, const float * x, int64_t n) {
    double a = 0, b = 0, c = 0, d = 0;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
        a += taps[j] * x[j];
        b += taps[j + 1] * x[j + 1];
        c += taps[j + 2] * x[j + 2];
        d += taps[j + 3] * x[j + 3];
    }
    for (; j < n; j++) {
        a += taps[j] * x[j];
    }
    return (a + b) + (c + d);
}

static std::vector<float> apply(const FilterTable & table, const std::vector<float> & samples, uint64_t n_out) {
    const int64_t n_in = int64_t(samples.size());
    std::vector<float> result(n_out);
    uint64_t at = 0, phase = 0; // input position: at + phase / step_out
    for (uint64_t n = 0; n < n_out; n++) {
        const int64_t first = std::max<int64_t>(0, int64_t(at) + 1 - table.half); // the samples before and after the clip are silence
        const int64_t last = std::min<int64_t>(n_in, int64_t(at) + table.half + 1);
        const int64_t skip = first - (int64_t(at) + 1 - table.half);
        if (first < last) {
            const float * x = samples.data() + first;
            if (table.exact) {
                result[n] = float(dot(table.row(phase) + skip, x, last - first));
            } else {
                const double row = double(phase) / double(table.step_out) * double(table.n_rows);
                const uint64_t i = std::min(uint64_t(row), table.n_rows - 1);
                const double fraction = row - double(i);
                result[n] = float((1 - fraction) * dot(table.row(i) + skip, x, last - first) + fraction * dot(table.row(i + 1) + skip, x, last - first));
            }
        }
        phase += table.step_in;
        at += phase / table.step_out;
        phase %= table.step_out;
    }
    return result;
}

std::vector<float> Audio::resampled(uint32_t rate) const {
    for (uint32_t hz : { sample_rate, rate }) {
        if (hz < min_sample_rate || hz > max_sample_rate) {
            fail(Code::audio, "Expected a sample rate of %u to %u Hz but received %u", min_sample_rate, max_sample_rate, hz);
        }
    }
    const uint64_t n_in = samples.size();
    if (n_in > max_samples || (n_in * rate + sample_rate - 1) / sample_rate > max_samples) {
        fail(Code::audio, "%llu samples are too many to resample to %u Hz: cut the audio first", (unsigned long long)n_in, rate);
    }
    try {
        if (rate == sample_rate) {
            return samples;
        }
        return apply(make_table(sample_rate, rate), samples, (n_in * rate + sample_rate - 1) / sample_rate);
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory to resample %llu samples", (unsigned long long)n_in);
    }
}

} // namespace clvp
