#include "model/prompt.h"

#include "model/conditioning.h"
#include "model/ops.h"
#include "model/rows.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

constexpr uint32_t n_start = 1; // mel start, after the conditioning encoder's output

uint32_t row_count(const ConditioningPrompt & prompt, const Params & params) { return static_cast<uint32_t>(prompt.embeds.size() / params.decoder.n_embd); }

void check_conditioning(const ConditioningPrompt & prompt, Positions positions, const Params & params) {
    const DecoderParams & d = params.decoder;
    const uint32_t max_rows = d.n_text_positions + 1; // the voice, and a text with bos and stops
    const uint32_t n = row_count(prompt, params);
    if (n < 1 || n > max_rows || prompt.embeds.size() % d.n_embd != 0) {
        fail(Code::invalid_argument, "Expected 1 to %u rows of %u numbers from the conditioning encoder but received %zu numbers", max_rows, d.n_embd,
             prompt.embeds.size());
    }
    if (!std::all_of(prompt.embeds.begin(), prompt.embeds.end(), [](float x) { return std::isfinite(x); })) {
        fail(Code::invalid_argument, "Expected finite numbers from the conditioning encoder but received NaN or infinity");
    }
    if (positions == Positions::transformers && n + n_start > d.n_positions) {
        constexpr uint32_t n_extra = 5; // voice, bos, two stops, mel start
        fail(Code::invalid_argument, "Expected at most %u text ids for this model's %u positions but received %u: use fewer, or the positions 'trained'",
             d.n_positions > n_extra ? d.n_positions - n_extra : 0, d.n_positions, n + n_start - n_extra);
    }
}

void check_tokens(const TokenPrompt & prompt, const Params & params) {
    const DecoderParams & d = params.decoder;
    check_rows("the prompt", token_rows(prompt), { d.n_vocab, d.n_embd, d.n_positions, d.n_positions });
    if (!prompt.mask.empty() && visible_rows(prompt).empty()) {
        fail(Code::invalid_argument, "Expected at least one 1 in the prompt's mask but received only zeros");
    }
    if (prompt.n_padding > prompt.seen.size()) {
        fail(Code::invalid_argument, "Expected at most %zu padding ids but received %u", prompt.seen.size(), prompt.n_padding);
    }
    for (int32_t id : prompt.seen) {
        if (id < 0 || static_cast<uint32_t>(id) >= d.n_vocab) {
            fail(Code::invalid_argument, "Expected ids from 0 to %u for the tokens before the prompt's end but received %d", d.n_vocab - 1, id);
        }
    }
}

} // namespace

uint32_t prompt_length(const Prompt & prompt, const Params & params) {
    if (const auto * tokens = std::get_if<TokenPrompt>(&prompt)) {
        return static_cast<uint32_t>(tokens->positions.size());
    }
    return row_count(std::get<ConditioningPrompt>(prompt), params) + n_start;
}

Rows token_rows(const Prompt & prompt) {
    Rows rows;
    if (const auto * tokens = std::get_if<TokenPrompt>(&prompt)) {
        rows.n_rows = 1;
        rows.n_tokens = static_cast<uint32_t>(tokens->positions.size());
        rows.ids = tokens->ids;
        rows.embeds = tokens->embeds;
        rows.positions = tokens->positions;
        rows.mask = tokens->mask;
    }
    return rows;
}

std::vector<int32_t> visible_rows(const Prompt & prompt) {
    std::vector<int32_t> visible;
    const Rows rows = token_rows(prompt);
    for (size_t i = 0; i < rows.mask.size(); i++) {
        if (rows.mask[i] != 0) {
            visible.push_back(static_cast<int32_t>(i));
        }
    }
    return visible;
}

uint32_t visible_length(const Prompt & prompt, const Params & params) {
    const auto n = static_cast<uint32_t>(visible_rows(prompt).size());
    return n ? n : prompt_length(prompt, params);
}

uint32_t padding_length(const Prompt & prompt) {
    const auto * tokens = std::get_if<TokenPrompt>(&prompt);
    return tokens ? tokens->n_padding : 0;
}

uint32_t first_position(const Prompt & prompt, Positions positions) {
    if (const auto * tokens = std::get_if<TokenPrompt>(&prompt)) {
        return static_cast<uint32_t>(tokens->positions.back()) + 1;
    }
    return positions == Positions::trained ? 1 : 2;
}

std::vector<int32_t> written_ids(const Prompt & prompt, const Params & params) {
    const auto * tokens = std::get_if<TokenPrompt>(&prompt);
    return tokens ? tokens->seen : std::vector<int32_t>{ params.decoder.bos };
}

void check_prompt(const Prompt & prompt, Positions positions, uint32_t max_tokens, const Params & params) {
    if (const auto * tokens = std::get_if<TokenPrompt>(&prompt)) {
        check_tokens(*tokens, params);
    } else {
        check_conditioning(std::get<ConditioningPrompt>(prompt), positions, params);
    }
    const uint32_t room =
        params.decoder.n_positions - std::min(first_position(prompt, positions), params.decoder.n_positions) + 1; // the last token is not fed back
    if (max_tokens < 1 || max_tokens > room) {
        fail(Code::invalid_argument, "Expected an integer from 1 to %u for max_tokens, with this prompt and %u positions, but received %u", room,
             params.decoder.n_positions, max_tokens);
    }
}

ggml_tensor * embed_prompt(Graph & graph, const Weights & weights, const Params & params, const Prompt & prompt, Positions positions) {
    ggml_context * ctx = graph.ctx();
    const DecoderWeights & w = weights.dec;
    const int64_t n_embd = params.decoder.n_embd;
    if (const auto * tokens = std::get_if<TokenPrompt>(&prompt)) {
        const auto n = static_cast<int64_t>(tokens->positions.size());
        ggml_tensor * x = tokens->embeds.empty() ? ggml_get_rows(ctx, w.token_embd, graph.input("ids", tokens->ids))
                                                 : graph.input("embeds", GGML_TYPE_F32, { n_embd, n }, tokens->embeds.data());
        return ggml_add(ctx, x, ggml_get_rows(ctx, w.pos_embd, graph.input("positions", tokens->positions)));
    }
    const auto & embeds = std::get<ConditioningPrompt>(prompt).embeds;
    ggml_tensor * first = table_rows(ctx, w.pos_embd, 0, 1);
    ggml_tensor * bos = graph.input("bos", { 1 }, std::vector<int32_t>{ params.decoder.bos });
    ggml_tensor * mel_start = ggml_add(ctx, ggml_get_rows(ctx, w.token_embd, bos), first);
    ggml_tensor * x = graph.input("conditioning", GGML_TYPE_F32, { n_embd, static_cast<int64_t>(embeds.size()) / n_embd }, embeds.data());
    x = ggml_concat(ctx, x, mel_start, 1); // [n_embd, n_prefix]
    if (positions != Positions::transformers) {
        return x;
    }
    // transformers subtracts position i and expects its decoder to add it again, but the decoder adds position 0 to all rows.
    return ggml_add(ctx, ggml_sub(ctx, x, table_rows(ctx, w.pos_embd, 0, x->ne[1])), first);
}

Prompt ready_prompt(Call & call, const Weights & weights, const Params & params, const Prompt & prompt) {
    const auto * text = std::get_if<TextPrompt>(&prompt);
    if (!text) {
        return prompt;
    }
    Rows rows;
    rows.n_rows = 1;
    rows.ids = encoder_ids(text->ids, params); // with generate()'s stop token; the conditioning encoder adds another
    rows.n_tokens = static_cast<uint32_t>(rows.ids.size());
    check_conditioning(text->voice, rows, params);
    return ConditioningPrompt{ finite_result(condition_rows(call, weights, params, text->voice, rows), "a prefix") };
}

} // namespace clvp
