#include "model/rows.h"
#include "clvp/limits.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace clvp {

namespace {

void check_size(const char * what, const char * field, size_t size, size_t wanted) {
    if (size != wanted) {
        fail(Code::invalid_argument, "Expected %zu numbers for the %s of %s but received %zu", wanted, field, what, size);
    }
}

void check_range(const char * what, const char * field, const std::vector<int32_t> & values, uint32_t end) {
    for (int32_t value : values) {
        if (value < 0 || static_cast<uint32_t>(value) >= end) {
            fail(Code::invalid_argument, "Expected %s from 0 to %u for %s but received %d", field, end - 1, what, value);
        }
    }
}

} // namespace

void check_ids(const char * what, const std::vector<int32_t> & ids, uint32_t n_vocab) { check_range(what, "ids", ids, n_vocab); }

void check_rows(const char * what, const Rows & rows, const RowLimits & limits, uint32_t n_past) {
    constexpr uint32_t max_rows = clvp::limits::tower_rows; // qualified: `limits` is the parameter here
    constexpr size_t max_numbers = 1u << 30;                // held by one call at a time: 4 GiB
    if (rows.n_rows < 1 || rows.n_rows > max_rows || rows.n_tokens < 1 || rows.n_tokens > limits.max_tokens) {
        fail(Code::invalid_argument, "Expected 1 to %u rows of 1 to %u tokens for %s but received %u of %u", max_rows, limits.max_tokens, what, rows.n_rows,
             rows.n_tokens);
    }
    const size_t n = static_cast<size_t>(rows.n_rows) * rows.n_tokens;
    const size_t n_keys = static_cast<size_t>(n_past) + rows.n_tokens;
    const size_t n_hidden = n * limits.n_embd * (rows.hidden_states ? limits.n_layer + 2 : 4);
    const size_t n_scores = n * n_keys * limits.n_head * (rows.attentions ? limits.n_layer + 2 : 2);
    if (n_hidden > max_numbers || n_scores > max_numbers) {
        fail(Code::invalid_argument, "Expected fewer or shorter rows for %s but received %u rows of %u tokens: split the batch%s", what, rows.n_rows,
             rows.n_tokens, rows.attentions || rows.hidden_states ? ", or request fewer outputs" : "");
    }
    if (rows.embeds.empty()) {
        check_size(what, "ids", rows.ids.size(), n);
        check_ids(what, rows.ids, limits.n_vocab);
    } else {
        check_size(what, "ids beside embeddings", rows.ids.size(), 0);
        check_size(what, "embeddings", rows.embeds.size(), n * limits.n_embd);
        if (!std::all_of(rows.embeds.begin(), rows.embeds.end(), [](float x) { return std::isfinite(x); })) {
            fail(Code::invalid_argument, "Expected finite embeddings for %s but received NaN or infinity", what);
        }
    }
    if (!rows.mask.empty()) {
        check_size(what, "mask", rows.mask.size(), rows.n_rows * n_keys);
        check_range(what, "mask values", rows.mask, 2);
    }
    if (!rows.positions.empty()) {
        check_size(what, "positions", rows.positions.size(), n);
        check_range(what, "positions", rows.positions, limits.n_positions);
    }
}

ggml_tensor * embed_rows(Graph & graph, ggml_tensor * table, const Rows & rows) {
    const int64_t n_embd = table->ne[0], n_tokens = rows.n_tokens, n_rows = rows.n_rows;
    if (!rows.embeds.empty()) {
        return graph.input("embeds", GGML_TYPE_F32, { n_embd, n_tokens, n_rows }, rows.embeds.data());
    }
    return ggml_reshape_3d(graph.ctx(), ggml_get_rows(graph.ctx(), table, graph.input("ids", rows.ids)), n_embd, n_tokens, n_rows);
}

std::vector<float> score_mask(const Rows & rows, uint32_t n_past, bool causal) {
    const size_t n_tokens = rows.n_tokens, n_keys = n_past + n_tokens;
    std::vector<float> mask(rows.n_rows * n_tokens * n_keys, 0.0f);
    for (size_t r = 0; r < rows.n_rows; r++) {
        for (size_t q = 0; q < n_tokens; q++) {
            for (size_t k = 0; k < n_keys; k++) {
                const bool hidden = (!rows.mask.empty() && rows.mask[r * n_keys + k] == 0) || (causal && k > n_past + q);
                mask[(r * n_tokens + q) * n_keys + k] = hidden ? std::numeric_limits<float>::lowest() : 0.0f;
            }
        }
    }
    return mask;
}

} // namespace clvp
