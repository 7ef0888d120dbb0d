// Session's calls that run one tower: voices, prefixes, encodings, embeddings and scores.
#include "api/session.h"

#include "model/conditioning.h"
#include "model/past.h"
#include "model/rank.h"

namespace clvp {

static EncoderOutput finite(EncoderOutput output) {
    output.last_hidden = finite_result(std::move(output.last_hidden), "hidden states");
    output.embeds = finite_result(std::move(output.embeds), "embeddings");
    return output;
}

std::vector<float> Session::condition(const Mel & mel, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    if (mel.n_mels != m.params.mel.n_mels || mel.n_frames == 0 || mel.data.size() != static_cast<size_t>(mel.n_mels) * mel.n_frames) {
        fail(Code::invalid_argument, "Expected %u mel channels and at least one frame but received %u channels, %u frames and %zu numbers", m.params.mel.n_mels,
             mel.n_mels, mel.n_frames, mel.data.size());
    }
    return m.piece(abort, [&](Call & call) { return finite_result(condition_mel(call, m.weights, m.params, mel), "a voice"); });
}

std::vector<float> Session::conditioning(const std::vector<float> & voices, const Rows & text, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    check_conditioning(voices, text, m.params);
    return m.piece(abort, [&](Call & call) { return finite_result(condition_rows(call, m.weights, m.params, voices, text), "a prefix"); });
}

EncoderOutput Session::encode_text(const Rows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    check_encode("the text", rows, m.params.text);
    return m.piece(abort, [&](Call & call) { return finite(encode(call, m.weights.text, m.params.text, rows)); });
}

EncoderOutput Session::encode_speech(const Rows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    check_encode("the codes", rows, m.params.speech);
    return m.piece(abort, [&](Call & call) { return finite(encode(call, m.weights.speech, m.params.speech, rows)); });
}

DecoderOutput Session::decode(const DecoderRows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    check_decode(rows, m.params, m.model.get());
    return m.piece(abort, [&](Call & call) {
        DecoderOutput output = clvp::decode(call, m.weights, m.params, rows, m.model.get());
        output.last_hidden = finite_result(std::move(output.last_hidden), "hidden states");
        output.logits = finite_result(std::move(output.logits), "logits");
        return output;
    });
}

std::vector<float> Session::Impl::embed_text(Call & call, const std::vector<int32_t> & text_ids) const {
    return finite_result(clvp::embed_text(call, weights, params, text_ids), "an embedding");
}

std::vector<float> Session::Impl::embed_speech(Call & call, const std::vector<std::vector<int32_t>> & rows) const {
    return finite_result(clvp::embed_speech(call, weights, params, rows), "embeddings");
}

std::vector<float> Session::embed_text(const std::vector<int32_t> & text_ids, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    m.check_text(text_ids);
    return m.piece(abort, [&](Call & call) { return m.embed_text(call, text_ids); });
}

std::vector<float> Session::embed_speech(const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    m.check_codes(rows);
    return m.piece(abort, [&](Call & call) { return m.embed_speech(call, rows); });
}

Similarity Session::score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    m.check_text(text_ids);
    m.check_codes(rows);
    return m.piece(abort, [&](Call & call) {
        std::vector<float> text = m.embed_text(call, text_ids);
        Similarity found = similarity(std::move(text), m.embed_speech(call, rows), m.params);
        found.scores = finite_result(std::move(found.scores), "scores");
        return found;
    });
}

void Session::collect_importance(bool on) {
    Impl & m = *impl_;
    m.piece(nullptr, [&](Call &) {
        m.machine.backend.observe(nullptr);
        m.collector = on ? std::make_unique<ImportanceCollector>(m.weights.ctx.get()) : nullptr;
        m.machine.backend.observe(m.collector.get());
    });
}

std::vector<ColumnImportance> Session::importance() const {
    Impl & m = *impl_;
    return m.piece(nullptr, [&](Call &) {
        if (!m.collector) {
            fail(Code::invalid_argument, "Expected a session that collects importance but received one that does not: call collect_importance(true) first");
        }
        return m.collector->means();
    });
}

} // namespace clvp
