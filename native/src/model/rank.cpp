#include "model/rank.h"
#include "clvp/limits.h"
#include "model/conditioning.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace clvp {

std::vector<float> normalised(std::vector<float> rows, size_t width) {
    for (size_t from = 0; from < rows.size(); from += width) {
        double sum = 0;
        for (size_t i = from; i < from + width; i++) {
            sum += static_cast<double>(rows[i]) * static_cast<double>(rows[i]);
        }
        const double length = std::sqrt(sum);
        for (size_t i = from; i < from + width; i++) {
            rows[i] = static_cast<float>(static_cast<double>(rows[i]) / length);
        }
    }
    return rows;
}

std::vector<float> embed_codes(Call & call, const EncoderWeights & weights, const EncoderParams & params, const std::vector<std::vector<int32_t>> & rows) {
    std::map<size_t, std::vector<size_t>> by_length;
    for (size_t i = 0; i < rows.size(); i++) {
        by_length[rows[i].size()].push_back(i);
    }
    const size_t n_proj = params.n_proj;
    std::vector<float> embeds(rows.size() * n_proj);
    bool is_first = true;
    for (const auto & [length, indices] : by_length) {
        const size_t at_once = std::max<size_t>(1, limits::scored_together / length);
        for (size_t from = 0; from < indices.size(); from += at_once) {
            if (!std::exchange(is_first, false)) {
                call.pause(); // many short rows would be one long piece
            }
            const size_t n = std::min(at_once, indices.size() - from);
            Rows batch;
            batch.n_rows = static_cast<uint32_t>(n);
            batch.n_tokens = static_cast<uint32_t>(length);
            for (size_t i = 0; i < n; i++) {
                const std::vector<int32_t> & row = rows[indices[from + i]];
                batch.ids.insert(batch.ids.end(), row.begin(), row.end());
            }
            const std::vector<float> found = encode(call, weights, params, batch).embeds;
            for (size_t i = 0; i < n; i++) {
                std::copy_n(found.begin() + static_cast<ptrdiff_t>(i * n_proj), n_proj, embeds.begin() + static_cast<ptrdiff_t>(indices[from + i] * n_proj));
            }
        }
    }
    return embeds;
}

std::vector<float> embed_text(Call & call, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids) {
    return normalised(embed_codes(call, weights.text, params.text, { encoder_ids(text_ids, params) }), params.text.n_proj);
}

std::vector<float> embed_speech(Call & call, const Weights & weights, const Params & params, const std::vector<std::vector<int32_t>> & rows) {
    return normalised(embed_codes(call, weights.speech, params.speech, rows), params.speech.n_proj);
}

double cosine(const float * a, const float * b, size_t width) {
    double dot = 0;
    for (size_t i = 0; i < width; i++) {
        dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    return dot;
}

std::vector<float> likeness(Call & call, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                            const std::vector<std::vector<int32_t>> & rows) {
    const size_t width = params.text.n_proj;
    const std::vector<float> text = embed_text(call, weights, params, text_ids), speech = embed_speech(call, weights, params, rows);
    std::vector<float> found;
    for (size_t from = 0; from < speech.size(); from += width) {
        found.push_back(static_cast<float>(cosine(text.data(), speech.data() + from, width)));
    }
    return found;
}

} // namespace clvp
