/* clvp/towers.h: inputs and outputs of the encoders and the decoder. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace clvp {

/// Rows of equal length for a tower: ids, or embeddings instead.
struct Rows {
    uint32_t n_rows = 0, n_tokens = 0;
    std::vector<int32_t> ids;       // [n_rows, n_tokens]
    std::vector<float> embeds;      // [n_rows, n_tokens, n_embd]
    std::vector<int32_t> mask;      // [n_rows, n_tokens], or [n_rows, n_past + n_tokens] after a past; 0 hides; empty to hide nothing
    std::vector<int32_t> positions; // [n_rows, n_tokens]; empty for 0, 1, 2, ..., after a past for n_past, n_past + 1, ...
    bool hidden_states = false;     // return hidden states
    bool attentions = false;        // return attention weights
};

/// Outputs of a tower.
struct Output {
    std::vector<float> last_hidden;                // [n_rows, n_tokens, n_embd], after the final norm
    std::vector<std::vector<float>> hidden_states; // the embeddings, then the output of each block, the last one after the final norm
    std::vector<std::vector<float>> attentions;    // one per block: [n_rows, n_head, n_tokens, n_keys]
};

struct EncoderOutput : Output {
    std::vector<float> pooled; // [n_rows, n_embd]
    std::vector<float> embeds; // [n_rows, n_proj], not normalised
};

/// Keys and values of rows of tokens that the decoder has read. Immutable: continuing from a past creates a new one.
class Past {
public:
    virtual ~Past() = default;
    virtual uint32_t n_rows() const = 0;
    virtual uint32_t n_tokens() const = 0;
    virtual uint64_t n_bytes() const = 0;
};

struct DecoderRows : Rows {
    std::vector<int32_t> types; // token type ids [n_rows, n_tokens]; their token embeddings are added
    std::shared_ptr<const Past> past;
    bool keep = false;   // return a past
    bool logits = false; // return logits
};

struct DecoderOutput : Output {
    std::vector<float> logits; // [n_rows, n_tokens, n_vocab]
    std::shared_ptr<const Past> past;
};

/// L2-normalised embeddings and the scores of all pairs.
struct Similarity {
    std::vector<float> text, speech; // [n_texts, n_proj], [n_rows, n_proj]
    std::vector<float> scores;       // [n_texts, n_rows]: cosine * exp(logit_scale)
};

/// Input statistics of a weight matrix: the mean square of each input column over all rows (tokens).
struct ColumnImportance {
    std::string name;                // of the matrix
    uint64_t n_rows = 0;             // rows that were multiplied by the matrix
    std::vector<float> mean_squares; // [n_in]
};

} // namespace clvp
