#include "kernels/panel_gate.h"

#include "kernels/kernel_set.h"
#include "kernels/share.h"

#include <algorithm>

namespace clvp {

namespace {

/// A convolution whose kernels change from frame to frame, and the gate behind it.
class LocalGate {
public:
    static constexpr int at_once = 48; // places

    /// Floats of working memory: a frame's kernels in panels, and sums.
    static int64_t scratch(int64_t n) { return n_panels(n) * panel_width * (3 * n + at_once); }

    LocalGate(const ggml_tensor * kernels, const ggml_tensor * biases, const float * y, const float * x, int64_t n_places, float * out, float * scratch)
        : kernels_(kernels), biases_(biases), n_(kernels->ne[0] / 3), hop_(n_places / kernels->ne[2]), n_places_(n_places), y_(y), x_(x), out_(out),
          panels_(scratch), sums_(scratch + n_panels(n_) * panel_width * 3 * n_) {}

    void run(int64_t frame) {
        take_kernels(frame);
        const auto * bias = reinterpret_cast<const float *>(static_cast<const char *>(biases_->data) + static_cast<size_t>(frame) * biases_->nb[1]);
        for (int64_t from = frame * hop_; from < (frame + 1) * hop_; from += at_once) {
            const int n = static_cast<int>(std::min<int64_t>(at_once, (frame + 1) * hop_ - from));
            for (int i = 0; i < n; i++) {
                std::copy_n(bias, 2 * n_, sums_ + i * width());
            }
            multiply(from, n);
            for (int i = 0; i < n; i++) {
                const float * sums = sums_ + i * width();
                kernel_set()->gate(sums, sums + n_, x_ + (from + i) * n_, n_, out_ + (from + i) * n_);
            }
        }
    }

private:
    static int64_t n_panels(int64_t n) { return (2 * n + panel_width - 1) / panel_width; }
    int64_t width() const { return n_panels(n_) * panel_width; }

    void take_kernels(int64_t frame) {
        const auto * rows = reinterpret_cast<const float *>(static_cast<const char *>(kernels_->data) + static_cast<size_t>(frame) * kernels_->nb[2]);
        for (int64_t row = 0; row < 2 * n_; row++) {
            float * to = panels_ + row / panel_width * 3 * n_ * panel_width + row % panel_width;
            for (int64_t k = 0; k < 3 * n_; k++) {
                to[k * panel_width] = rows[row * 3 * n_ + k];
            }
        }
    }

    /// Adds the products of places from .. from+n-1. The taps of a place lie side by side in y; those beyond its ends are zeros.
    void multiply(int64_t from, int n) {
        const int64_t before = from == 0, behind = from + n == n_places_;
        add(from + before, static_cast<int>(n - before - behind), -1, 3);
        if (n_places_ == 1) {
            add(from, 1, 0, 1);
            return;
        }
        if (before) {
            add(from, 1, 0, 2);
        }
        if (behind) {
            add(from + n - 1, 1, -1, 2);
        }
    }

    /// Taps first .. first+n_taps-1 of n places; the middle one is 0.
    void add(int64_t place, int n, int first, int n_taps) {
        const int64_t block = place % hop_ % at_once;
        for (int64_t panel = 0; panel < n_panels(n_) && n > 0; panel++) {
            kernel_set()->panel(y_ + (place + first) * n_, static_cast<size_t>(n_), n, panels_ + (panel * 3 + first + 1) * n_ * panel_width, panel_width,
                                n_taps * n_, sums_ + block * width() + panel * panel_width, static_cast<size_t>(width()));
        }
    }

    const ggml_tensor *kernels_, *biases_;
    const int64_t n_, hop_, n_places_;
    const float *y_, *x_;
    float *out_, *panels_, *sums_;
};

constexpr int gate_tasks = 64; // threads at most, each with its scratch

/// src: kernels, biases, y, x. dst: the result, then the scratch of each thread.
void run_gate(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *kernels = dst->src[0], *y = dst->src[2];
    nth = std::min(nth, gate_tasks); // GGML calls all its threads
    if (ith >= nth) {
        return;
    }
    const int64_t n = y->ne[0], n_places = y->ne[1];
    float * scratch = data<float>(dst) + n * n_places + ith * LocalGate::scratch(n);
    LocalGate gate(kernels, dst->src[1], data<float>(y), data<float>(dst->src[3]), n_places, data<float>(dst), scratch);
    const auto [first, last] = share(kernels->ne[2], ith, nth);
    for (int64_t frame = first; frame < last; frame++) {
        gate.run(frame);
    }
}

} // namespace

bool has_panel_gate() { return kernel_set() != nullptr; }

ggml_tensor * panel_gate(ggml_context * ctx, const LocalKernels & kernels, ggml_tensor * y, ggml_tensor * x) {
    y = ggml_is_contiguous(y) ? y : ggml_cont(ctx, y);
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    const int64_t n = y->ne[0], n_places = y->ne[1];
    ggml_tensor * sources[] = { kernels.kernel, kernels.bias, y, x };
    ggml_tensor * gated =
        ggml_custom_4d(ctx, GGML_TYPE_F32, n * n_places + gate_tasks * LocalGate::scratch(n), 1, 1, 1, sources, 4, run_gate, gate_tasks, nullptr);
    ggml_set_name(gated, "gate");
    return ggml_view_2d(ctx, gated, n, n_places, static_cast<size_t>(n) * sizeof(float), 0);
}

} // namespace clvp
