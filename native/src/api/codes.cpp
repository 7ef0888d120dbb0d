// Functions on codes, embeddings and logits that need no session.
#include "clvp.h"

#include "clvp/limits.h"
#include "generate/logits_limits.h"
#include "generate/sampler.h"
#include "model/rank.h"

#include <algorithm>
#include <cmath>

namespace clvp {

/// fix_speech_decoder_output of the reference for one row that is padded with stops: replaces the codes from the first stop on,
/// or from the third code before the end if that comes first.
static void fix_row(std::vector<int32_t> & row, const Params & params) {
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

std::vector<std::vector<int32_t>> fix_codes(const std::vector<Candidate> & candidates, const Params & params, uint32_t pad_to) {
    if (pad_to > limits::row_codes) {
        fail(Code::invalid_argument, "Expected at most %u for pad_to but received %u", limits::row_codes, pad_to);
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

Similarity similarity(std::vector<float> text, std::vector<float> speech, const Params & params) {
    const size_t width = params.speech.n_proj;
    if (text.empty() || speech.empty() || text.size() % width != 0 || speech.size() % width != 0) {
        fail(Code::invalid_argument, "Expected embeddings of %zu numbers each but received %zu and %zu numbers in total", width, text.size(), speech.size());
    }
    Similarity result;
    result.text = normalised(std::move(text), width);
    result.speech = normalised(std::move(speech), width);
    const double scale = std::exp(static_cast<double>(params.logit_scale));
    for (size_t t = 0; t < result.text.size(); t += width) {
        for (size_t s = 0; s < result.speech.size(); s += width) {
            result.scores.push_back(static_cast<float>(cosine(result.text.data() + t, result.speech.data() + s, width) * scale));
        }
    }
    return result;
}

std::vector<float> warp_logits(std::vector<float> logits, const std::vector<int32_t> & seen, const Sampling & sampling) {
    check_sampling(sampling);
    if (survivors(logits).empty()) {
        fail(Code::invalid_argument, "Expected at least one finite value for logits but received none");
    }
    penalise_repetition(logits, seen, sampling.repetition_penalty);
    warp(logits, sampling);
    return logits;
}

} // namespace clvp
