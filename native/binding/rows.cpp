#include "rows.h"

#include "past_wrap.h"

namespace binding {

namespace {

void read_rows(clvp::Rows & rows, const Napi::Object & from) {
    rows.n_rows = to_u32(from.Get("rows"), "rows");
    rows.n_tokens = to_u32(from.Get("tokens"), "tokens");
    rows.ids = optional_ints(from, "ids");
    rows.embeds = optional_floats(from, "embeds");
    rows.mask = optional_ints(from, "mask");
    rows.positions = optional_ints(from, "positions");
    rows.hidden_states = from.Has("hiddenStates") && to_bool(from.Get("hiddenStates"), "hiddenStates");
    rows.attentions = from.Has("attentions") && to_bool(from.Get("attentions"), "attentions");
}

Napi::Object output_to_js(Napi::Env env, const clvp::Output & output) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("lastHidden", to_js(env, output.last_hidden));
    object.Set("hiddenStates", to_js(env, output.hidden_states));
    object.Set("attentions", to_js(env, output.attentions));
    return object;
}

} // namespace

clvp::Rows to_tower_rows(const Napi::Value & value) {
    clvp::Rows rows;
    read_rows(rows, to_object(value, "rows"));
    return rows;
}

clvp::DecoderRows to_decoder_rows(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "rows");
    clvp::DecoderRows rows;
    read_rows(rows, from);
    rows.types = optional_ints(from, "types");
    rows.past = PastWrap::of(from.Get("past"));
    rows.keep = to_bool(from.Get("keep"), "keep");
    rows.logits = to_bool(from.Get("logits"), "logits");
    return rows;
}

Napi::Object to_js(Napi::Env env, const clvp::EncoderOutput & output) {
    Napi::Object object = output_to_js(env, output);
    object.Set("pooled", to_js(env, output.pooled));
    object.Set("embeds", to_js(env, output.embeds));
    return object;
}

Napi::Object to_js(Napi::Env env, const clvp::DecoderOutput & output) {
    Napi::Object object = output_to_js(env, output);
    object.Set("logits", to_js(env, output.logits));
    if (output.past) {
        object.Set("past", PastWrap::create(env, output.past));
    }
    return object;
}

Napi::Object to_js(Napi::Env env, const clvp::Similarity & similarity) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("text", to_js(env, similarity.text));
    object.Set("speech", to_js(env, similarity.speech));
    object.Set("scores", to_js(env, similarity.scores));
    return object;
}

} // namespace binding
