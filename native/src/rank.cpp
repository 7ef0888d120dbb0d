#include "rank.h"

#include <algorithm>
#include <cmath>
#include <map>

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

std::vector<float> normalised(std::vector<float> vector) {
    double sum = 0;
    for (float x : vector) {
        sum += static_cast<double>(x) * static_cast<double>(x);
    }
    const double length = std::sqrt(sum);
    for (float & x : vector) {
        x = static_cast<float>(static_cast<double>(x) / length);
    }
    return vector;
}

std::vector<std::vector<float>> embed_rows(Backend & backend, const EncoderWeights & weights, const EncoderParams & params,
                                           const std::vector<std::vector<int32_t>> & rows) {
    std::map<size_t, std::vector<size_t>> by_length;
    for (size_t i = 0; i < rows.size(); i++) {
        by_length[rows[i].size()].push_back(i);
    }
    std::vector<std::vector<float>> embeds(rows.size());
    for (const auto & [length, indices] : by_length) {
        const size_t at_once = std::max<size_t>(1, max_tokens_at_once / length);
        for (size_t from = 0; from < indices.size(); from += at_once) {
            std::vector<std::vector<int32_t>> batch;
            for (size_t i = from; i < std::min(indices.size(), from + at_once); i++) {
                batch.push_back(rows[indices[i]]);
            }
            std::vector<Encoding> encodings = encode(backend, weights, params, batch);
            for (size_t i = 0; i < encodings.size(); i++) {
                embeds[indices[from + i]] = std::move(encodings[i].embed);
            }
        }
    }
    return embeds;
}

} // namespace clvp
