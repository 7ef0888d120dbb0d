#include "model/rank.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace clvp {

namespace {

constexpr size_t max_tokens_at_once = 1024; // of rows encoded together: bounds the memory of their activations

/// The reference's fix_speech_decoder_output for one row that is padded with stops: the row is replaced from its first
/// stop on, or from its third code from the end if that comes first.
void fix_row(std::vector<int32_t> & row, const Params & params) {
    const std::vector<int32_t> & fixing = params.decoder.fixing_codes;
    const auto stop = std::find(row.begin(), row.end(), params.decoder.eos);
    if (stop == row.end()) {
        return;
    }
    const size_t n = row.size(), n_tail = std::min(fixing.size() - 1, n);
    const size_t from = std::min(static_cast<size_t>(stop - row.begin()), n > 3 ? n - 3 : 0);
    for (size_t i = from; i < n; i++) {
        row[i] = i < n - n_tail ? fixing[0] : fixing[fixing.size() - (n - i)];
    }
}

} // namespace

std::vector<std::vector<int32_t>> fix_codes(const std::vector<Candidate> & candidates, const Params & params, uint32_t pad_to) {
    constexpr uint32_t max_row = 4096; // what an encoder takes
    if (pad_to > max_row) {
        fail(Code::invalid_argument, "Expected at most %u for pad_to but received %u", max_row, pad_to);
    }
    std::vector<std::vector<int32_t>> rows;
    size_t n = pad_to;
    for (const Candidate & candidate : candidates) {
        rows.push_back(candidate.tokens);
        if (candidate.finish == Finish::stop) {
            rows.back().push_back(params.decoder.eos);
        }
        n = std::max(n, rows.back().size());
    }
    for (auto & row : rows) {
        row.resize(n, params.decoder.eos);
        fix_row(row, params);
    }
    return rows;
}

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
        const size_t at_once = std::max<size_t>(1, max_tokens_at_once / length);
        for (size_t from = 0; from < indices.size(); from += at_once) {
            if (!std::exchange(is_first, false)) {
                call.pause();
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

Similarity similarity(std::vector<float> text, std::vector<float> speech, const Params & params) {
    const size_t width = params.speech.n_proj;
    if (text.empty() || speech.empty() || text.size() % width != 0 || speech.size() % width != 0) {
        fail(Code::invalid_argument, "Expected embeddings of %zu numbers each but received %zu and %zu in all", width, text.size(), speech.size());
    }
    Similarity result;
    result.text = normalised(std::move(text), width);
    result.speech = normalised(std::move(speech), width);
    const double scale = std::exp(static_cast<double>(params.logit_scale));
    for (size_t t = 0; t < result.text.size(); t += width) {
        for (size_t s = 0; s < result.speech.size(); s += width) {
            double dot = 0;
            for (size_t i = 0; i < width; i++) {
                dot += static_cast<double>(result.text[t + i]) * static_cast<double>(result.speech[s + i]);
            }
            result.scores.push_back(static_cast<float>(dot * scale));
        }
    }
    return result;
}

} // namespace clvp
