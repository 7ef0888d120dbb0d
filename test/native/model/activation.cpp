// Every activation against torch's in double precision, on inputs from far below to far above zero.
#include "test.h"

#include "model/activation.h"
#include "runtime/backend.h"
#include "runtime/graph.h"

#include <map>

using namespace clvp;

static const std::vector<float> numbers = { -30, -12, -3.3f, -1, -0.2f, 0, 0.3f, 0.707107f, 1, 2.7f, 7, 12, 30 };

/// The results of transformers' ACT2FN.
static const std::map<std::string, std::vector<double>> expected = {
    { "gelu", { -0, -0, -0.00159529992, -0.158655254, -0.0841480591, 0, 0.185373435, 0.537578109, 0.841344746, 2.69063922, 7, 12, 30 } },
    { "gelu_10", { -0, -0, -0.00159529992, -0.158655254, -0.0841480591, 0, 0.185373435, 0.537578109, 0.841344746, 2.69063922, 7, 10, 10 } },
    { "gelu_accurate", { -0, -0, -0.00131122834, -0.158808009, -0.0841485712, 0, 0.185370932, 0.537520958, 0.841191991, 2.69111245, 7, 12, 30 } },
    { "gelu_fast", { -0, -0, -0.00131122834, -0.158808009, -0.0841485712, 0, 0.185370932, 0.537520958, 0.841191991, 2.69111245, 7, 12, 30 } },
    { "gelu_new", { -0, -0, -0.00131122834, -0.158808009, -0.0841485712, 0, 0.185370932, 0.537520958, 0.841191991, 2.69111245, 7, 12, 30 } },
    { "gelu_python", { -0, -0, -0.00159529992, -0.158655254, -0.0841480591, 0, 0.185373435, 0.537578109, 0.841344746, 2.69063922, 7, 12, 30 } },
    { "gelu_python_tanh", { -0, -0, -0.00131122834, -0.158808009, -0.0841485712, 0, 0.185370932, 0.537520958, 0.841191991, 2.69111245, 7, 12, 30 } },
    { "gelu_pytorch_tanh", { -0, -0, -0.00131122834, -0.158808009, -0.0841485712, 0, 0.185370932, 0.537520958, 0.841191991, 2.69111245, 7, 12, 30 } },
    { "hardswish", { -0, -0, -0, -0.333333333, -0.0933333346, 0, 0.165000007, 0.43688689, 0.666666667, 2.56500007, 7, 12, 30 } },
    { "laplace", { 0, 0, 0, 7.17372606e-10, 0.000650842008, 0.00609445962, 0.0744883173, 0.500000011, 0.850429649, 1, 1, 1, 1 } },
    { "leaky_relu", { -0.3, -0.12, -0.0329999995, -0.01, -0.00200000003, 0, 0.300000012, 0.707107008, 1, 2.70000005, 7, 12, 30 } },
    { "linear", { -30, -12, -3.29999995, -1, -0.200000003, 0, 0.300000012, 0.707107008, 1, 2.70000005, 7, 12, 30 } },
    { "mish",
      { -2.80728689e-12, -7.37303217e-05, -0.11947132, -0.303401461, -0.107144782, 0, 0.208001382, 0.568042514, 0.865098388, 2.67867016, 6.99998838, 12, 30 } },
    { "quick_gelu",
      { -2.00467977e-21, -1.61864178e-08, -0.011958561, -0.154204234, -0.0831424641, 0, 0.187484144, 0.543868626, 0.845795766, 2.67300754, 6.99995313, 12,
        30 } },
    { "relu", { 0, 0, 0, 0, 0, 0, 0.300000012, 0.707107008, 1, 2.70000005, 7, 12, 30 } },
    { "relu2", { 0, 0, 0, 0, 0, 0, 0.0900000072, 0.50000032, 1, 7.29000026, 49, 144, 900 } },
    { "relu6", { 0, 0, 0, 0, 0, 0, 0.300000012, 0.707107008, 1, 2.70000005, 6, 6, 6 } },
    { "sigmoid",
      { 9.35762297e-14, 6.1441746e-06, 0.0355711909, 0.268941421, 0.450166002, 0.5, 0.57444252, 0.669761599, 0.731058579, 0.937026647, 0.999088949, 0.999993856,
        1 } },
    { "silu",
      { -2.80728689e-12, -7.37300952e-05, -0.117384928, -0.268941421, -0.0900332017, 0, 0.172332763, 0.47359312, 0.731058579, 2.52997199, 6.99362264,
        11.9999263, 30 } },
    { "sqrtsoftplus",
      { 3.05902321e-07, 0.00247874837, 0.190313585, 0.559697854, 0.773394381, 0.832554611, 0.924313395, 1.05258751, 1.1459763, 1.66284203, 2.64592356,
        3.4641025, 5.47722558 } },
    { "swish",
      { -2.80728689e-12, -7.37300952e-05, -0.117384928, -0.268941421, -0.0900332017, 0, 0.172332763, 0.47359312, 0.731058579, 2.52997199, 6.99362264,
        11.9999263, 30 } },
    { "tanh", { -1, -1, -0.99728296, -0.761594156, -0.197375323, 0, 0.291312623, 0.608859507, 0.761594156, 0.991007455, 0.999998337, 1, 1 } },
};

static std::vector<float> apply(const std::string & name, const std::vector<float> & x) {
    Backend backend(find_device("cpu"), 1, graph_nodes(1));
    Graph graph(backend, graph_nodes(1));
    ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { static_cast<int64_t>(x.size()) }, x.data());
    // A copy, because an activation may reuse its operand's memory.
    ggml_tensor * output = graph.output("y", ggml_cont(graph.ctx(), find_activation(name)(graph.ctx(), ggml_scale(graph.ctx(), input, 1.0f))));
    graph.run();
    return Graph::read(output);
}

TEST(activations_are_torchs) {
    for (const auto & [name, values] : expected) {
        const std::vector<float> found = apply(name, numbers);
        for (size_t i = 0; i < numbers.size(); i++) {
            // In F32 the error is a few times 1e-7 of x or of the result, whichever is larger.
            const double limit = 1e-6 * std::max({ 1.0, std::fabs(static_cast<double>(numbers[i])), std::fabs(values[i]) });
            if (!(std::fabs(found[i] - values[i]) <= limit)) {
                test::report(__FILE__, __LINE__, name + " of " + std::to_string(numbers[i]) + " is " + std::to_string(found[i]));
            }
        }
    }
    CHECK(expected.size() == 22);
}

TEST(small_softplus_keeps_its_precision) {
    const float found = apply("sqrtsoftplus", { -17 })[0];
    CHECK_CLOSE(found, std::sqrt(std::log1p(std::exp(-17.0))), 1e-9);
}

TEST(laplace_is_smooth_where_it_would_divide_by_zero) {
    const std::vector<float> found = apply("laplace", { 0.707106f, 0.707107f, 0.707108f });
    for (float y : found) {
        CHECK_CLOSE(y, 0.5, 3e-6);
    }
}

TEST(unknown_activations_are_refused) {
    for (const char * name : { "prelu", "xielu", "gelu_11", "" }) {
        CHECK_THROWS(Code::unsupported, find_activation(name));
    }
}
