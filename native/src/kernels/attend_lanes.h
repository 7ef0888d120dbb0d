// The attention algorithm, for vectors of any width. Each kernel file includes this header after defining CLVP_TARGET, the
// function attribute for its CPU, CLVP_INLINE, which also forces inlining, and a type Lanes: a width, loads of floats and halves,
// and the arithmetic used below.

#include "kernels/attend_kernel.h"
#include "kernels/exp_lanes.h"

namespace clvp {

namespace {

constexpr int block_size = 32; // numbers in a Q8_0 block

/// How keys and values are stored: as single numbers or as blocks.
template <typename T> struct Numbers {
    static constexpr int64_t per_item = 1;
    CLVP_INLINE Lanes load(const T * row, int64_t i) { return Lanes::load(row + i); }
    CLVP_INLINE float get(const T * row, int64_t i) { return to_float(row[i]); }
};

template <> struct Numbers<Q8Block> {
    static constexpr int64_t per_item = block_size;
    CLVP_INLINE Lanes load(const Q8Block * row, int64_t i) {
        const Q8Block & block = row[i / block_size];
        return Lanes::multiply(Lanes::load(block.quants + i % block_size), Lanes::all(block.scale));
    }
    CLVP_INLINE float get(const Q8Block * row, int64_t i) { return to_float(row[i / block_size].scale) * to_float(row[i / block_size].quants[i % block_size]); }
};

/// Prefetches cache lines: the CPU does not predict jumps between pages.
CLVP_TARGET void prefetch(const void * from, int64_t at, int64_t n_bytes) {
#ifdef __GNUC__
    for (int64_t i = 0; i < n_bytes; i += 64) {
        __builtin_prefetch(static_cast<const char *>(from) + at + i, 0, 2);
    }
#else
    (void)from, (void)at, (void)n_bytes;
#endif
}

// `fixed` is the head width of the published model, so that the compiler unrolls loops over it, or 0 for any other width.

/// Scores of n queries with `together` keys starting at position i. The sums are independent, so they overlap in the pipeline.
template <int n, int together, typename T, int64_t fixed>
CLVP_TARGET void dots(const Query * queries, const Span & span, int64_t i, int64_t from, int64_t any) {
    const int64_t d_head = fixed ? fixed : any, width = d_head / Numbers<T>::per_item;
    const T * keys = static_cast<const T *>(span.keys) + i * width;
    Lanes sums[n][together];
    for (auto & row : sums) {
        for (Lanes & sum : row) {
            sum = Lanes::all(0.0f);
        }
    }
    int64_t at = 0;
    for (; at + Lanes::width <= d_head; at += Lanes::width) {
        for (int k = 0; k < together; k++) {
            const Lanes key = Numbers<T>::load(keys + k * width, at);
            for (int r = 0; r < n; r++) {
                sums[r][k] = Lanes::multiply_add(Lanes::load(queries[r].q + at), key, sums[r][k]);
            }
        }
    }
    for (int r = 0; r < n; r++) {
        for (int k = 0; k < together; k++) {
            float score = Lanes::sum(sums[r][k]);
            for (int64_t j = at; !fixed && j < d_head; j++) {
                score += queries[r].q[j] * Numbers<T>::get(keys + k * width, j);
            }
            queries[r].scores[from + i + k] = score;
        }
    }
}

/// Scores of n queries with all keys of a span, stored starting at index `from`. `next` is the memory to prefetch: it is read next.
template <int n, typename T, int64_t fixed> CLVP_TARGET void score(const Query * queries, const Span & span, const void * next, int64_t from, int64_t any) {
    constexpr int together = n == 1 ? 4 : 2;
    const int64_t n_bytes = (fixed ? fixed : any) / Numbers<T>::per_item * static_cast<int64_t>(sizeof(T));
    int64_t i = 0;
    for (; i + together <= span.n; i += together) {
        prefetch(next, i * n_bytes, together * n_bytes);
        dots<n, together, T, fixed>(queries, span, i, from, any);
    }
    for (; i < span.n; i++) {
        dots<n, 1, T, fixed>(queries, span, i, from, any);
    }
}

/// out += weighted values of a span, for n queries. The sums of a few channels stay in registers over all positions.
template <int n, typename T, int64_t fixed> CLVP_TARGET void mix(const Query * queries, const Span & span, const void * next, int64_t from, int64_t any) {
    constexpr int parts = n == 1 ? 64 / Lanes::width : 2;
    constexpr int64_t step = parts * Lanes::width;
    const int64_t d_head = fixed ? fixed : any, width = d_head / Numbers<T>::per_item, n_bytes = width * static_cast<int64_t>(sizeof(T));
    const T * values = static_cast<const T *>(span.values);
    int64_t at = 0;
    for (; at + step <= d_head; at += step) {
        Lanes sums[n][parts];
        for (int r = 0; r < n; r++) {
            for (int k = 0; k < parts; k++) {
                sums[r][k] = Lanes::load(queries[r].out + at + k * Lanes::width);
            }
        }
        for (int64_t i = 0; i < span.n; i++) {
            if (at == 0) {
                prefetch(next, i * n_bytes, n_bytes);
            }
            for (int k = 0; k < parts; k++) {
                const Lanes value = Numbers<T>::load(values + i * width, at + k * Lanes::width);
                for (int r = 0; r < n; r++) {
                    sums[r][k] = Lanes::multiply_add(Lanes::all(queries[r].scores[from + i]), value, sums[r][k]);
                }
            }
        }
        for (int r = 0; r < n; r++) {
            for (int k = 0; k < parts; k++) {
                Lanes::store(queries[r].out + at + k * Lanes::width, sums[r][k]);
            }
        }
    }
    for (; !fixed && at < d_head; at++) {
        for (int64_t i = 0; i < span.n; i++) {
            for (int r = 0; r < n; r++) {
                float & sum = queries[r].out[at]; // rounded as vectors are: how many channels are left depends on n
                sum = Lanes::multiply_add(queries[r].scores[from + i], Numbers<T>::get(values + i * width, at), sum);
            }
        }
    }
}

/// scores = exp(scores - most). Returns their sum.
CLVP_TARGET float exponentials(float * scores, int64_t n, float most) {
    Lanes sums = Lanes::all(0.0f);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        const Lanes e = exp_of(Lanes::add(Lanes::load(scores + i), Lanes::all(-most)));
        Lanes::store(scores + i, e);
        sums = Lanes::add(sums, e);
    }
    float sum = Lanes::sum(sums);
    for (; i < n; i++) {
        scores[i] = std::exp(scores[i] - most);
        sum += scores[i];
    }
    return sum;
}

/// scores = exp(scale * (scores - most)), not yet divided by their sum. Returns the sum.
CLVP_TARGET float soften(const Query & query, float scale) {
    int64_t n = 0;
    for (int s = 0; s < query.n_spans; s++) {
        n += query.spans[s].n;
    }
    float most = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        query.scores[i] *= scale;
        most = query.scores[i] > most ? query.scores[i] : most;
    }
    return exponentials(query.scores, n, most);
}

/// Attends to the prefix for all queries at once, so its numbers are converted to F32 once. Then attends to each row's own pages.
template <int n, typename T, int64_t fixed> CLVP_TARGET void attend_together(const Query * queries, int64_t d_head, float scale) {
    const Span & prefix = queries[0].spans[0];
    score<n, T, fixed>(queries, prefix, queries[0].spans[1].keys, 0, d_head);
    for (int r = 0; r < n; r++) {
        const Query & query = queries[r];
        const void * after = r + 1 < n ? queries[r + 1].spans[1].keys : queries[0].spans[1].values;
        int64_t from = prefix.n;
        for (int s = 1; s < query.n_spans; s++) {
            score<1, T, fixed>(&query, query.spans[s], s + 1 < query.n_spans ? query.spans[s + 1].keys : after, from, d_head);
            from += query.spans[s].n;
        }
    }
    float sums[n];
    for (int r = 0; r < n; r++) {
        sums[r] = soften(queries[r], scale);
        for (int64_t i = 0; i < d_head; i++) {
            queries[r].out[i] = 0;
        }
    }
    mix<n, T, fixed>(queries, prefix, queries[0].spans[1].values, 0, d_head);
    for (int r = 0; r < n; r++) {
        const Query & query = queries[r];
        const void * after = queries[r + 1 < n ? r + 1 : r].spans[1].values;
        int64_t from = prefix.n;
        for (int s = 1; s < query.n_spans; s++) {
            mix<1, T, fixed>(&query, query.spans[s], s + 1 < query.n_spans ? query.spans[s + 1].values : after, from, d_head);
            from += query.spans[s].n;
        }
        for (int64_t i = 0; i < d_head; i++) {
            query.out[i] /= sums[r];
        }
    }
}

template <typename T, int64_t fixed> CLVP_TARGET void attend_all(const Query * queries, int n, int64_t d_head, float scale) {
    if (n == max_queries) {
        attend_together<max_queries, T, fixed>(queries, d_head, scale);
    } else {
        for (int r = 0; r < n; r++) {
            attend_together<1, T, fixed>(queries + r, d_head, scale);
        }
    }
}

template <typename T> CLVP_TARGET void attend(const Query * queries, int n, int64_t d_head, float scale) {
    if (d_head == 64) {
        attend_all<T, 64>(queries, n, d_head, scale);
    } else {
        attend_all<T, 0>(queries, n, d_head, scale);
    }
}

CLVP_TARGET void store_f16(const float * x, int64_t n, void * out) {
    auto * halves = static_cast<ggml_fp16_t *>(out);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        Lanes::store(halves + i, Lanes::load(x + i));
    }
    for (; i < n; i++) {
        halves[i] = ggml_fp32_to_fp16(x[i]);
    }
}

/// Scales each block so that its largest magnitude becomes 127.
CLVP_TARGET void store_q8_0(const float * x, int64_t n, void * out) {
    auto * block = static_cast<Q8Block *>(out);
    for (int64_t at = 0; at < n; at += block_size, block++) {
        Lanes largest = Lanes::all(0.0f);
        for (int i = 0; i < block_size; i += Lanes::width) {
            const Lanes part = Lanes::load(x + at + i);
            largest = Lanes::max(largest, Lanes::max(part, Lanes::multiply(part, Lanes::all(-1.0f))));
        }
        float each[Lanes::width], most = 0;
        Lanes::store(each, largest);
        for (const float value : each) {
            most = value > most ? value : most;
        }
        block->scale = ggml_fp32_to_fp16(most / 127.0f);
        const Lanes inverse = Lanes::all(most > 0 ? 127.0f / most : 0.0f);
        for (int i = 0; i < block_size; i += Lanes::width) {
            Lanes::store(each, Lanes::round(Lanes::multiply(Lanes::load(x + at + i), inverse)));
            for (int k = 0; k < Lanes::width; k++) {
                const bool whole = each[k] >= -127.0f && each[k] <= 127.0f; // NaN and infinity become 0
                block->quants[i + k] = whole ? static_cast<int8_t>(each[k]) : int8_t{ 0 };
            }
        }
    }
}

} // namespace

} // namespace clvp
