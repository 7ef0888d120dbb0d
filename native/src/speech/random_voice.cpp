#include "speech/random_voice.h"

#include "model/ops.h"
#include "runtime/graph.h"

#include <cmath>

namespace clvp {

size_t random_nodes(const RandomParams & params) { return 64 + 8 * size_t(params.n_layer); }

std::vector<float> random_voice(Call & call, const std::vector<Linear> & layers, const std::vector<float> & noise) {
    constexpr float slope = 0.2f;
    Graph graph(call.backend(), 64 + 8 * layers.size());
    ggml_context * ctx = graph.ctx();
    ggml_tensor * x = graph.input("noise", GGML_TYPE_F32, { static_cast<int64_t>(noise.size()), 1 }, noise.data());
    for (size_t i = 0; i < layers.size(); i++) {
        x = linear(ctx, layers[i], x);
        if (i + 1 < layers.size()) { // all but the last are followed by a leaky ReLU that keeps the variance
            x = ggml_scale(ctx, ggml_leaky_relu(ctx, x, slope, false), std::sqrt(2.0f));
        }
    }
    return graph.result("voice", x);
}

} // namespace clvp
