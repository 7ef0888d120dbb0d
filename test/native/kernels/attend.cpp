// Attention of a step by our own kernels, against the same sums in double precision.
#include "base/random.h"
#include "kernels/kernel_set.h"
#include "test.h"

#include <cstring>

using namespace clvp;

namespace {

std::vector<float> noise(size_t n, uint64_t seed) {
    std::vector<float> values(n);
    for (size_t i = 0; i < n; i++) {
        values[i] = static_cast<float>(uniform(seed, i)) * 4.0f - 2.0f;
    }
    return values;
}

/// Keys or values of n positions in a cache's type, and their values as floats.
struct Stored {
    std::vector<uint8_t> bytes;
    std::vector<float> values;

    Stored(const std::vector<float> & from, int64_t d_head, ggml_type type) : values(from.size()) {
        const size_t row = ggml_row_size(type, d_head), n = from.size() / static_cast<size_t>(d_head);
        bytes.resize(n * row);
        for (size_t i = 0; i < n; i++) {
            const float * x = from.data() + i * static_cast<size_t>(d_head);
            uint8_t * to = bytes.data() + i * row;
            switch (type) {
            case GGML_TYPE_F32: memcpy(to, x, row); break;
            case GGML_TYPE_F16: kernel_set()->store_f16(x, d_head, to); break;
            default: kernel_set()->store_q8_0(x, d_head, to);
            }
            float * back = values.data() + i * static_cast<size_t>(d_head);
            if (type == GGML_TYPE_F32) {
                memcpy(back, x, row);
            } else {
                ggml_get_type_traits(type)->to_float(to, back, d_head);
            }
        }
    }
};

AttendKernel kernel_of(ggml_type type) {
    return type == GGML_TYPE_F32 ? kernel_set()->attend_f32 : type == GGML_TYPE_F16 ? kernel_set()->attend_f16 : kernel_set()->attend_q8_0;
}

std::vector<double> expected(const float * q, const std::vector<const Stored *> & keys, const std::vector<const Stored *> & values, size_t d_head,
                             double scale) {
    std::vector<double> out(d_head, 0.0);
    double sum = 0;
    for (size_t s = 0; s < keys.size(); s++) {
        for (size_t i = 0; i * d_head < keys[s]->values.size(); i++) {
            double dot = 0;
            for (size_t k = 0; k < d_head; k++) {
                dot += static_cast<double>(q[k]) * static_cast<double>(keys[s]->values[i * d_head + k]);
            }
            const double weight = std::exp(dot * scale);
            sum += weight;
            for (size_t k = 0; k < d_head; k++) {
                out[k] += weight * static_cast<double>(values[s]->values[i * d_head + k]);
            }
        }
    }
    for (double & x : out) {
        x /= sum;
    }
    return out;
}

/// Four rows after one prefix, with pages of different lengths.
struct Case {
    ggml_type type;
    size_t d_head, n_prefix;
};

void check(const Case & c) {
    constexpr size_t n_rows = max_queries;
    const auto d = static_cast<int64_t>(c.d_head);
    const float scale = 1.0f / std::sqrt(static_cast<float>(c.d_head));
    const Stored prefix_keys(noise(c.n_prefix * c.d_head, 1), d, c.type), prefix_values(noise(c.n_prefix * c.d_head, 2), d, c.type);
    std::vector<Stored> keys, values;
    std::vector<std::vector<Span>> spans;
    std::vector<float> q = noise(n_rows * c.d_head, 3), out(n_rows * c.d_head), scores(n_rows * (c.n_prefix + 64));
    for (size_t r = 0; r < n_rows; r++) {
        keys.emplace_back(noise((1 + 5 * r) * c.d_head, 10 + r), d, c.type);
        values.emplace_back(noise((1 + 5 * r) * c.d_head, 20 + r), d, c.type);
    }
    std::vector<Query> queries;
    for (size_t r = 0; r < n_rows; r++) {
        spans.push_back({ { prefix_keys.bytes.data(), prefix_values.bytes.data(), static_cast<int64_t>(c.n_prefix) },
                          { keys[r].bytes.data(), values[r].bytes.data(), static_cast<int64_t>(1 + 5 * r) } });
        queries.push_back({ q.data() + r * c.d_head, spans[r].data(), 2, scores.data() + r * (c.n_prefix + 64), out.data() + r * c.d_head });
    }
    kernel_of(c.type)(queries.data(), n_rows, d, scale);
    double most = 0;
    for (size_t r = 0; r < n_rows; r++) {
        const std::vector<double> right =
            expected(queries[r].q, { &prefix_keys, &keys[r] }, { &prefix_values, &values[r] }, c.d_head, static_cast<double>(scale));
        for (size_t k = 0; k < c.d_head; k++) {
            most = std::max(most, std::fabs(right[k] - static_cast<double>(out[r * c.d_head + k])));
        }
    }
    CHECK(most < 2e-6); // values up to 2, sums in F32
    const std::vector<float> together = out;
    for (size_t r = 0; r < n_rows; r++) {
        kernel_of(c.type)(&queries[r], 1, d, scale);
    }
    CHECK(out == together); // each row is bit-identical to a row computed alone
}

} // namespace

TEST(attention_is_that_of_its_formula_and_rows_do_not_depend_on_their_company) {
    if (!kernel_set()) {
        return;
    }
    for (ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0 }) {
        for (size_t n_prefix : { 1, 7, 40 }) {
            check({ type, 64, n_prefix });
            check({ type, 96, n_prefix });
        }
    }
    check({ GGML_TYPE_F16, 20, 9 }); // not a multiple of the vector width
    check({ GGML_TYPE_F32, 20, 9 });
}

TEST(a_block_of_the_cache_has_no_number_for_what_is_none) {
    if (!kernel_set()) {
        return;
    }
    std::vector<float> x = noise(32, 5);
    x[3] = NAN;
    std::vector<Q8Block> block(1);
    kernel_set()->store_q8_0(x.data(), 32, block.data());
    CHECK(block[0].quants[3] == 0);
}
