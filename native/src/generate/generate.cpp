#include "generate/generate.h"

#include "clvp/limits.h"
#include "generate/drawing.h"

#include <algorithm>

namespace clvp {

namespace {

/// Removes finished rows. Moves the last live row into each gap, because the cache requires live rows in its first slots.
void drop_finished(std::vector<Row *> & live, KvCache & cache) {
    for (size_t i = 0; i < live.size();) {
        if (!live[i]->done) {
            i++;
            continue;
        }
        Row * last = live.back();
        const uint32_t slot = live[i]->slot;
        cache.close(slot);
        if (last->slot != slot) {
            cache.move(last->slot, slot);
            last->slot = slot;
        }
        live[i] = last;
        live.pop_back();
    }
}

/// Draws the next candidates, at most n, until all of them have ended.
void draw_wave(Drawing & drawing, KvCache & cache, uint32_t n) {
    std::vector<Row *> live;
    std::vector<float> logits;
    while (live.size() < n && drawing.waits()) {
        live.push_back(&drawing.begin(static_cast<uint32_t>(live.size())));
        logits.insert(logits.end(), drawing.first_logits().begin(), drawing.first_logits().end());
    }
    for (;;) {
        drawing.draw(live, logits);
        drawing.report();
        drawing.prune();
        drop_finished(live, cache);
        if (live.empty()) {
            return;
        }
        logits = drawing.step(live);
    }
}

} // namespace

void check_generate(const GenerateOptions & o) {
    auto check = [](const char * name, uint32_t value, uint32_t min, uint32_t max) {
        if (value < min || value > max) {
            fail(Code::invalid_argument, "Expected an integer from %u to %u for %s but received %u", min, max, name, value);
        }
    };
    check("n_candidates", o.n_candidates, 1, limits::candidates);
    check("first", o.first, 0, UINT32_MAX - limits::candidates);
    check("batch_size", o.batch_size, 1, limits::batch_size);
    if (!(o.prune.share >= 0 && o.prune.share < 1)) {
        fail(Code::invalid_argument, "Expected a number from 0 to less than 1 for prune but received %g", o.prune.share);
    }
}

bool is_watched(const GenerateOptions & o) {
    return o.process || o.criteria || o.record.scores || o.record.logits || o.record.hidden_states || o.record.attentions;
}

Generated generate(const Decoder & decoder, const Request & request) {
    const GenerateOptions & o = request.options;
    const uint32_t n = std::min(o.batch_size, o.n_candidates);
    Stepper stepper(decoder, o.record.attentions, o.deterministic ? std::max(n, deterministic_rows) : n, o.max_tokens);
    Drawing drawing(stepper, decoder.params, request);
    drawing.read_prompt();
    while (drawing.waits()) {
        draw_wave(drawing, stepper.cache, n);
    }
    return drawing.result();
}

} // namespace clvp
