// Kernels for any CPU: the compiler vectorises them, and GGML computes the matrix products.
#include "kernels/kernel_set.h"

#define CLVP_TARGET
#define CLVP_INLINE static inline

namespace clvp {

namespace {

struct Lanes {
    static constexpr int width = 4;
    float at[width];

    template <typename Make> static Lanes each(Make make) {
        Lanes lanes;
        for (int i = 0; i < width; i++) {
            lanes.at[i] = make(i);
        }
        return lanes;
    }
    static Lanes all(float x) {
        return each([&](int) { return x; });
    }
    static Lanes all(ggml_fp16_t x) { return all(to_float(x)); }
    template <typename T> static Lanes load(const T * from) {
        return each([&](int i) { return to_float(from[i]); });
    }
    /// The first or the second of 4 pairs.
    static Lanes load_first(const ggml_bf16_t * pairs) {
        return each([&](int i) { return ggml_bf16_to_fp32(pairs[2 * i]); });
    }
    static Lanes load_second(const ggml_bf16_t * pairs) { return load_first(pairs + 1); }
    static void store(ggml_bf16_t * to, const Lanes & x) {
        for (int i = 0; i < width; i++) {
            to[i] = ggml_fp32_to_bf16(x.at[i]);
        }
    }
    static void store(float * to, const Lanes & x) {
        for (int i = 0; i < width; i++) {
            to[i] = x.at[i];
        }
    }
    static void store(ggml_fp16_t * to, const Lanes & x) {
        for (int i = 0; i < width; i++) {
            to[i] = ggml_fp32_to_fp16(x.at[i]);
        }
    }
    static Lanes multiply_add(const Lanes & a, const Lanes & b, const Lanes & c) {
        return each([&](int i) { return a.at[i] * b.at[i] + c.at[i]; });
    }
    static float multiply_add(float a, float b, float c) { return a * b + c; }
    static Lanes multiply(const Lanes & a, const Lanes & b) {
        return each([&](int i) { return a.at[i] * b.at[i]; });
    }
    static Lanes divide(const Lanes & a, const Lanes & b) {
        return each([&](int i) { return a.at[i] / b.at[i]; });
    }
    static Lanes add(const Lanes & a, const Lanes & b) {
        return each([&](int i) { return a.at[i] + b.at[i]; });
    }
    static Lanes max(const Lanes & a, const Lanes & b) {
        return each([&](int i) { return a.at[i] > b.at[i] ? a.at[i] : b.at[i]; });
    }
    static Lanes min(const Lanes & a, const Lanes & b) {
        return each([&](int i) { return a.at[i] < b.at[i] ? a.at[i] : b.at[i]; });
    }
    static Lanes round(const Lanes & x) {
        return each([&](int i) { return std::nearbyint(x.at[i]); });
    }
    static Lanes power_of_two(const Lanes & k) {
        return each([&](int i) { return std::ldexp(1.0f, static_cast<int>(k.at[i])); });
    }
    static float sum(const Lanes & x) { return (x.at[0] + x.at[1]) + (x.at[2] + x.at[3]); }
};

} // namespace

} // namespace clvp

#include "kernels/attend_lanes.h"
#include "kernels/group_norm_lanes.h"
#include "kernels/panel_lanes.h"

namespace clvp {

const KernelSet plain_kernels = {
    "plain",
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    0,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    store_f16,
    store_q8_0,
    attend<ggml_fp16_t>,
    attend<float>,
    attend<Q8Block>,
    multiply_panel<float>,
    nullptr, // GGML's F16 products are faster where the CPU has instructions for them
    multiply_panel<ggml_bf16_t>,
    nullptr,
    epilogue,
    gate,
    softmax,
    normalise_group,
};

} // namespace clvp
