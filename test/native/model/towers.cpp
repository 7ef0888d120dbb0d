// Rows through the towers: masks, positions, a past, and rejected input.
#include "test.h"
#include "tiny_model.h"

using namespace clvp;

static DecoderRows decoder_rows(uint32_t n_rows, std::vector<int32_t> ids) {
    DecoderRows rows;
    rows.n_rows = n_rows;
    rows.n_tokens = static_cast<uint32_t>(ids.size()) / n_rows;
    rows.ids = std::move(ids);
    rows.logits = true;
    return rows;
}

static Rows rows(uint32_t n_rows, std::vector<int32_t> ids) {
    Rows r;
    r.n_rows = n_rows;
    r.n_tokens = static_cast<uint32_t>(ids.size()) / n_rows;
    r.ids = std::move(ids);
    return r;
}

static void check_same(const std::vector<float> & a, const std::vector<float> & b, size_t from_a = 0, size_t from_b = 0, size_t n = 0) {
    n = n ? n : b.size();
    for (size_t i = 0; i < n; i++) {
        CHECK_CLOSE(a[from_a + i], b[from_b + i], 1e-4);
    }
}

TEST(a_past_gives_what_the_whole_gives) {
    Session session(Model::load(tiny::write()));
    const DecoderOutput whole = session.decode(decoder_rows(1, { 3, 1, 4, 1, 5, 9 }));
    auto first = decoder_rows(1, { 3, 1, 4 });
    first.keep = true;
    const DecoderOutput begun = session.decode(first);
    CHECK(begun.past && begun.past->n_tokens() == 3 && begun.past->n_rows() == 1);
    for (int i = 0; i < 2; i++) { // a past is immutable, so it can be continued twice
        auto next = decoder_rows(1, { 1, 5, 9 });
        next.past = begun.past;
        const DecoderOutput end = session.decode(next);
        check_same(whole.logits, end.logits, 3 * tiny::n_vocab, 0, 3 * tiny::n_vocab);
        CHECK(!end.past);
    }
}

TEST(a_hidden_token_changes_nothing) {
    Session session(Model::load(tiny::write()));
    auto hidden = decoder_rows(2, { 7, 3, 1, 4, 8, 3, 1, 4 });
    hidden.mask = { 0, 1, 1, 1, 0, 1, 1, 1 };
    const auto found = session.decode(hidden).logits;
    check_same(found, found, tiny::n_vocab, 5 * tiny::n_vocab, 3 * tiny::n_vocab);
    auto text = rows(2, { 5, 1, 2, 6, 1, 2 });
    text.mask = { 0, 1, 1, 0, 1, 1 };
    const EncoderOutput encoded = session.encode_text(text);
    const size_t width = encoded.last_hidden.size() / 6;
    check_same(encoded.last_hidden, encoded.last_hidden, width, 4 * width, 2 * width);
}

TEST(rows_do_not_touch_each_other) {
    Session session(Model::load(tiny::write()));
    const EncoderOutput two = session.encode_speech(rows(2, { 5, 1, 2, 6, 1, 2 })), one = session.encode_speech(rows(1, { 6, 1, 2 }));
    check_same(two.embeds, one.embeds, tiny::n_proj, 0, tiny::n_proj);
}

TEST(attention_weights_sum_to_one_and_look_back_only) {
    Session session(Model::load(tiny::write()));
    auto asked = decoder_rows(1, { 3, 1, 4, 1 });
    asked.attentions = true;
    asked.hidden_states = true;
    const DecoderOutput found = session.decode(asked);
    CHECK(found.attentions.size() + 1 == found.hidden_states.size());
    check_same(found.hidden_states.back(), found.last_hidden);
    for (const auto & weights : found.attentions) {
        for (size_t q = 0; q < weights.size() / 4; q++) {
            double sum = 0;
            for (size_t k = 0; k < 4; k++) {
                sum += weights[q * 4 + k];
                CHECK(k <= q % 4 || weights[q * 4 + k] == 0);
            }
            CHECK_CLOSE(sum, 1.0, 1e-6);
        }
    }
}

TEST(rows_that_do_not_fit_are_refused) {
    const auto model = Model::load(tiny::write());
    Session session(model);
    auto refuse = [&](auto change) {
        auto asked = decoder_rows(1, { 3, 1, 4 });
        change(asked);
        CHECK_THROWS(Code::invalid_argument, session.decode(asked));
    };
    refuse([](DecoderRows & r) { r.ids[1] = -1; });
    refuse([](DecoderRows & r) { r.ids[1] = tiny::n_vocab; });
    refuse([](DecoderRows & r) { r.ids.pop_back(); });
    refuse([](DecoderRows & r) { r.n_rows = 0; });
    refuse([](DecoderRows & r) { r.mask = { 1, 1 }; });
    refuse([](DecoderRows & r) { r.mask = { 1, 2, 1 }; });
    refuse([](DecoderRows & r) { r.positions = { 0, 1, 100000 }; });
    refuse([](DecoderRows & r) { r.types = { 0, 1 }; });
    refuse([](DecoderRows & r) { r.types = { 0, 1, -3 }; });
    refuse([](DecoderRows & r) { r.embeds.assign(7, 0.0f); });
    refuse([](DecoderRows & r) { r = decoder_rows(1, std::vector<int32_t>(5000, 1)); });
    Rows large = rows(600, std::vector<int32_t>(600 * 4000, 1)); // tens of gigabytes of weights
    large.attentions = true;
    CHECK_THROWS(Code::invalid_argument, session.encode_text(large));
    auto nan = decoder_rows(1, { 1 });
    nan.ids.clear();
    nan.embeds.assign(tiny::n_embd, NAN);
    CHECK_THROWS(Code::invalid_argument, session.decode(nan));
    auto kept = decoder_rows(1, { 1, 2 });
    kept.keep = true;
    const auto past = session.decode(kept).past;
    refuse([&](DecoderRows & r) {
        r = decoder_rows(2, { 1, 2 });
        r.past = past;
    });
    Session other(Model::load(tiny::write()));
    auto foreign = decoder_rows(1, { 1 });
    foreign.past = past;
    CHECK_THROWS(Code::invalid_argument, other.decode(foreign));
    CHECK_THROWS(Code::invalid_argument, session.encode_text(rows(1, { static_cast<int32_t>(tiny::n_text) })));
    auto turned = rows(1, { 1, 2 });
    turned.positions = { 0, 2 }; // rotary angles exist for as many positions as tokens
    CHECK_THROWS(Code::invalid_argument, session.encode_text(turned));
    CHECK_THROWS(Code::invalid_argument, session.conditioning(std::vector<float>(2 * tiny::n_embd, 0.0f), rows(3, { 1, 2, 3 })));
    CHECK_THROWS(Code::invalid_argument, session.conditioning({}, rows(1, { 1 })));
}
