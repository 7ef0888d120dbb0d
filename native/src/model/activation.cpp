#include "model/activation.h"

#include <map>

namespace clvp {

namespace {

ggml_tensor * linear(ggml_context *, ggml_tensor * x) { return x; }

ggml_tensor * gelu(ggml_context * ctx, ggml_tensor * x) { return ggml_gelu_erf(ctx, x); }

ggml_tensor * gelu_10(ggml_context * ctx, ggml_tensor * x) { return ggml_clamp(ctx, gelu(ctx, x), -10.0f, 10.0f); }

/// 0.5 x (1 + tanh(c (x + 0.044715 x^3))) with c = sqrt(2/pi) is x sigmoid(2c (x + 0.044715 x^3)). With
/// g = 2c (1 + 0.044715 x^2) > 0 that is silu(x g) / g. GGML's silu is exact and vectorised; its own tanh-GELU reads a
/// half-precision lookup table.
ggml_tensor * gelu_tanh(ggml_context * ctx, ggml_tensor * x) {
    const float c = 2.0f * 0.7978845608028654f; // 2 sqrt(2/pi)
    ggml_tensor * g = ggml_scale_bias(ctx, ggml_sqr(ctx, x), 0.044715f * c, c);
    return ggml_div(ctx, ggml_silu(ctx, ggml_mul(ctx, x, g)), g);
}

ggml_tensor * quick_gelu(ggml_context * ctx, ggml_tensor * x) { return ggml_scale(ctx, ggml_silu(ctx, ggml_scale(ctx, x, 1.702f)), 1.0f / 1.702f); }

ggml_tensor * relu2(ggml_context * ctx, ggml_tensor * x) { return ggml_sqr(ctx, ggml_relu(ctx, x)); }

ggml_tensor * relu6(ggml_context * ctx, ggml_tensor * x) { return ggml_clamp(ctx, x, 0.0f, 6.0f); }

ggml_tensor * leaky_relu(ggml_context * ctx, ggml_tensor * x) { return ggml_leaky_relu(ctx, x, 0.01f, false); }

/// log(1 + exp(x)) = max(x, 0) + log(1 + u) with u = exp(-|x|) in (0, 1], and log(1 + u) = 2 artanh(w) with w = u / (2 + u) up
/// to 1/3. The series 2 (w + w^3/3 + ... + w^13/13) has a truncation error of 1e-8. Unlike GGML's log(1 + exp(x)), it keeps its
/// relative precision when u is tiny.
ggml_tensor * softplus(ggml_context * ctx, ggml_tensor * x) {
    ggml_tensor * u = ggml_exp(ctx, ggml_neg(ctx, ggml_abs(ctx, x)));
    ggml_tensor * w = ggml_div(ctx, u, ggml_scale_bias(ctx, u, 1.0f, 2.0f));
    ggml_tensor * square = ggml_sqr(ctx, w);
    ggml_tensor * series = ggml_scale_bias(ctx, square, 2.0f / 13, 2.0f / 11);
    for (const float term : { 2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3, 2.0f }) {
        series = ggml_scale_bias(ctx, ggml_mul(ctx, series, square), 1.0f, term);
    }
    return ggml_add(ctx, ggml_relu(ctx, x), ggml_mul(ctx, series, w));
}

ggml_tensor * sqrt_softplus(ggml_context * ctx, ggml_tensor * x) { return ggml_sqrt(ctx, softplus(ctx, x)); }

ggml_tensor * mish(ggml_context * ctx, ggml_tensor * x) { return ggml_mul(ctx, x, ggml_tanh(ctx, softplus(ctx, x))); }

/// (1 + erf(y / sqrt 2)) / 2 with y = (x - 0.707107) / 0.282095. That is gelu(y) / y. A y near 0 is
/// moved to 1e-6 from 0, which changes the result by 4e-7.
ggml_tensor * laplace(ggml_context * ctx, ggml_tensor * x) {
    constexpr float nearest = 1e-6f;
    ggml_tensor * y = ggml_scale_bias(ctx, x, 1.0f / 0.282095f, -0.707107f / 0.282095f);
    ggml_tensor * sign = ggml_scale_bias(ctx, ggml_step(ctx, y), 2.0f, -1.0f); // -1 for 0
    y = ggml_mul(ctx, sign, ggml_clamp(ctx, ggml_abs(ctx, y), nearest, 1e30f));
    return ggml_div(ctx, ggml_gelu_erf(ctx, y), y);
}

} // namespace

Activation find_activation(const std::string & name) {
    static const std::map<std::string, Activation> known = {
        { "gelu", gelu },
        { "gelu_10", gelu_10 },
        { "gelu_accurate", gelu_tanh },
        { "gelu_fast", gelu_tanh },
        { "gelu_new", gelu_tanh },
        { "gelu_python", gelu },
        { "gelu_python_tanh", gelu_tanh },
        { "gelu_pytorch_tanh", gelu_tanh },
        { "hardswish", ggml_hardswish },
        { "laplace", laplace },
        { "leaky_relu", leaky_relu },
        { "linear", linear },
        { "mish", mish },
        { "quick_gelu", quick_gelu },
        { "relu", ggml_relu },
        { "relu2", relu2 },
        { "relu6", relu6 },
        { "sigmoid", ggml_sigmoid },
        { "silu", ggml_silu },
        { "sqrtsoftplus", sqrt_softplus },
        { "swish", ggml_silu },
        { "tanh", ggml_tanh },
    };
    const auto found = known.find(name);
    if (found != known.end()) {
        return found->second;
    }
    if (name == "prelu" || name == "xielu") {
        fail(Code::unsupported, "the activation '%s' has weights of its own, which CLVP checkpoints do not store", name.c_str());
    }
    std::string names;
    for (const auto & each : known) {
        names += (names.empty() ? "" : ", ") + each.first;
    }
    fail(Code::unsupported, "the activation '%s' is not supported: expected one of %s", printable(name).c_str(), names.c_str());
}

} // namespace clvp
