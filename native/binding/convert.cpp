#include "convert.h"

#include <cmath>

namespace binding {

Napi::Value to_js(Napi::Env env, const clvp::Error & error) {
    Napi::Object object = Napi::Error::New(env, error.what()).Value();
    object.Set("code", clvp::code_name(error.code));
    return object;
}

void wrong_type(Napi::Env env, const char * what, const char * name) {
    Napi::Error error = Napi::TypeError::New(env, std::string("Expected ") + what + " for " + name);
    error.Value().Set("code", "CLVP_INVALID_ARGUMENT");
    throw error;
}

std::string to_string(const Napi::Value & value, const char * name) {
    if (!value.IsString()) {
        wrong_type(value.Env(), "a string", name);
    }
    return value.As<Napi::String>();
}

double to_number(const Napi::Value & value, const char * name) {
    if (!value.IsNumber()) {
        wrong_type(value.Env(), "a number", name);
    }
    return value.As<Napi::Number>().DoubleValue();
}

static uint64_t to_integer(const Napi::Value & value, const char * name, double max) {
    const double number = to_number(value, name);
    if (!(number >= 0 && number <= max) || number != std::floor(number)) {
        wrong_type(value.Env(), "a non-negative integer in range", name);
    }
    return static_cast<uint64_t>(number);
}

uint32_t to_u32(const Napi::Value & value, const char * name) { return static_cast<uint32_t>(to_integer(value, name, 4294967295.0)); }

uint64_t to_u53(const Napi::Value & value, const char * name) { return to_integer(value, name, 9007199254740991.0); }

bool to_bool(const Napi::Value & value, const char * name) {
    if (!value.IsBoolean()) {
        wrong_type(value.Env(), "a boolean", name);
    }
    return value.As<Napi::Boolean>();
}

Napi::Object to_object(const Napi::Value & value, const char * name) {
    if (!value.IsObject()) {
        wrong_type(value.Env(), "an object", name);
    }
    return value.As<Napi::Object>();
}

template <typename Array, typename T>
static std::vector<T> to_vector(const Napi::Value & value, napi_typedarray_type type, const char * what, const char * name) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
        wrong_type(value.Env(), what, name);
    }
    const Array array = value.As<Array>();
    if (array.ElementLength() == 0) { // a detached array has no data
        return {};
    }
    return std::vector<T>(array.Data(), array.Data() + array.ElementLength());
}

std::vector<float> to_floats(const Napi::Value & value, const char * name) {
    return to_vector<Napi::Float32Array, float>(value, napi_float32_array, "a Float32Array", name);
}

std::vector<int32_t> to_ints(const Napi::Value & value, const char * name) {
    return to_vector<Napi::Int32Array, int32_t>(value, napi_int32_array, "an Int32Array", name);
}

std::vector<uint8_t> to_bytes(const Napi::Value & value, const char * name) {
    return to_vector<Napi::Uint8Array, uint8_t>(value, napi_uint8_array, "a Uint8Array", name);
}

Napi::Array to_array(const Napi::Value & value, const char * name) {
    if (!value.IsArray()) {
        wrong_type(value.Env(), "an array", name);
    }
    return value.As<Napi::Array>();
}

std::vector<std::vector<int32_t>> to_rows(const Napi::Value & value, const char * name) {
    const Napi::Array array = to_array(value, name);
    std::vector<std::vector<int32_t>> rows;
    for (uint32_t i = 0; i < array.Length(); i++) {
        rows.push_back(to_ints(array.Get(i), name));
    }
    return rows;
}

std::vector<float> optional_floats(const Napi::Object & object, const char * name) {
    const Napi::Value value = object.Get(name);
    return value.IsUndefined() ? std::vector<float>() : to_floats(value, name);
}

std::vector<int32_t> optional_ints(const Napi::Object & object, const char * name) {
    const Napi::Value value = object.Get(name);
    return value.IsUndefined() ? std::vector<int32_t>() : to_ints(value, name);
}

template <typename Array, typename T> static Array copy(Napi::Env env, const std::vector<T> & data) {
    Array array = Array::New(env, data.size());
    std::copy(data.begin(), data.end(), array.Data());
    return array;
}

Napi::Float32Array to_js(Napi::Env env, const std::vector<float> & data) { return copy<Napi::Float32Array>(env, data); }

Napi::Int32Array to_js(Napi::Env env, const std::vector<int32_t> & data) { return copy<Napi::Int32Array>(env, data); }

Napi::Array to_js(Napi::Env env, const std::vector<std::vector<float>> & arrays) {
    Napi::Array list = Napi::Array::New(env, arrays.size());
    for (uint32_t i = 0; i < arrays.size(); i++) {
        list.Set(i, to_js(env, arrays[i]));
    }
    return list;
}

Napi::Object to_js(Napi::Env env, const clvp::Candidate & candidate) {
    static const char * const finishes[] = { "stop", "length", "criteria" };
    Napi::Object object = Napi::Object::New(env);
    object.Set("index", candidate.index);
    object.Set("seed", static_cast<double>(candidate.seed));
    object.Set("tokens", to_js(env, candidate.tokens));
    object.Set("meanLogprob", candidate.mean_logprob);
    object.Set("beamScore", candidate.beam_score);
    object.Set("finishReason", finishes[static_cast<int>(candidate.finish)]);
    object.Set("stop", candidate.stop);
    object.Set("path", to_js(env, candidate.path));
    return object;
}

Napi::Object to_js(Napi::Env env, const clvp::Timings & t) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("prefillMs", t.prefill_ms);
    object.Set("decodeMs", t.decode_ms);
    object.Set("sampleMs", t.sample_ms);
    object.Set("prefillPositions", t.n_prefill);
    object.Set("steps", t.n_steps);
    object.Set("kvBytes", static_cast<double>(t.kv_bytes));
    return object;
}

static constexpr std::pair<const char *, clvp::Positions> position_names[] = {
    { "model", clvp::Positions::model },
    { "trained", clvp::Positions::trained },
    { "cached", clvp::Positions::cached },
    { "transformers", clvp::Positions::transformers },
};

static const char * name_of(clvp::Positions positions) {
    for (const auto & [name, known] : position_names) {
        if (positions == known) {
            return name;
        }
    }
    return "model";
}

static constexpr std::pair<const char *, bool clvp::Parts::*> part_names[] = {
    { "decoder", &clvp::Parts::decoder },     { "ranker", &clvp::Parts::ranker },   { "encoder", &clvp::Parts::encoder }, { "hifigan", &clvp::Parts::hifigan },
    { "diffusion", &clvp::Parts::diffusion }, { "vocoder", &clvp::Parts::vocoder }, { "random", &clvp::Parts::random },
};

clvp::Parts to_parts(const Napi::Value & value) {
    const Napi::Array given = to_array(value, "parts");
    clvp::Parts parts = { false, false, false, false, false, false, false };
    for (uint32_t i = 0; i < given.Length(); i++) {
        const std::string name = to_string(given.Get(i), "parts");
        for (const auto & [known, part] : part_names) {
            parts.*part = parts.*part || name == known;
        }
    }
    return parts;
}

void set_parts(Napi::Object object, const clvp::Parts & parts) {
    for (const auto & [name, part] : part_names) {
        object.Set(name, parts.*part);
    }
}

/// Sizes of the speech stages that the file has.
static Napi::Object speech_to_js(Napi::Env env, const clvp::Params & p) {
    Napi::Object all = Napi::Object::New(env);
    const auto stage = [&](const char * name, bool present, std::initializer_list<std::pair<const char *, uint32_t>> sizes) {
        if (present) {
            Napi::Object object = Napi::Object::New(env);
            for (const auto & [key, size] : sizes) {
                object.Set(key, size);
            }
            all.Set(name, object);
        }
    };
    stage("hifigan", p.hifigan.n_channels > 0,
          { { "latentWidth", p.hifigan.n_latent },
            { "voiceWidth", p.hifigan.n_voice },
            { "hop", p.hifigan.hop() },
            { "framesPerLatent", p.hifigan.frames_per_latent() } });
    stage(
        "diffusion", p.diffusion.n_embd > 0,
        { { "width", p.diffusion.n_embd }, { "latentWidth", p.diffusion.n_latent }, { "melChannels", p.diffusion.n_mels }, { "codes", p.diffusion.n_codes } });
    stage("vocoder", p.vocoder.n_channels > 0, { { "melChannels", p.vocoder.n_mels }, { "noiseChannels", p.vocoder.n_noise }, { "hop", p.vocoder.hop() } });
    stage("random", p.random.n_layer > 0, { { "decoder", p.random.n_decoder }, { "diffusion", p.random.n_diffusion } });
    return all;
}

Napi::Object to_js(Napi::Env env, const clvp::Params & p) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", p.name);
    object.Set("type", p.type);
    object.Set("sampleRate", p.mel.sample_rate);
    object.Set("hopLength", p.mel.hop);
    object.Set("clipSeconds", p.mel.seconds);
    object.Set("melChannels", p.mel.n_mels);
    object.Set("textPositions", p.decoder.n_text_positions);
    object.Set("decoderVocab", p.decoder.n_vocab);
    object.Set("decoderWidth", p.decoder.n_embd);
    object.Set("decoderLayers", p.decoder.n_layer);
    object.Set("decoderHeads", p.decoder.n_head);
    object.Set("decoderPositions", p.decoder.n_positions);
    object.Set("textWidth", p.text.n_embd);
    object.Set("textLayers", p.text.n_layer);
    object.Set("textHeads", p.text.n_head);
    object.Set("speechWidth", p.speech.n_embd);
    object.Set("speechLayers", p.speech.n_layer);
    object.Set("speechHeads", p.speech.n_head);
    object.Set("bos", p.decoder.bos);
    object.Set("eos", p.decoder.eos);
    object.Set("fixingCodes", to_js(env, p.decoder.fixing_codes));
    object.Set("textVocab", p.text.n_vocab);
    object.Set("speechVocab", p.speech.n_vocab);
    object.Set("projection", p.speech.n_proj);
    object.Set("maxTextTokens", p.max_text_ids());
    object.Set("positions", name_of(p.positions));
    object.Set("maxTokens", p.max_tokens());
    object.Set("logitScale", static_cast<double>(p.logit_scale));
    object.Set("codebookCodes", p.n_codebook);
    object.Set("dvaeCodes", p.dvae.n_codes);
    object.Set("speech", speech_to_js(env, p));
    return object;
}

clvp::Positions to_positions(const Napi::Value & value) {
    const std::string name = to_string(value, "positions");
    for (const auto & [known, positions] : position_names) {
        if (name == known) {
            return positions;
        }
    }
    wrong_type(value.Env(), "'model', 'trained', 'cached' or 'transformers'", "positions");
}

clvp::Sampling to_sampling(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "sampling");
    clvp::Sampling to;
    to.repetition_penalty = static_cast<float>(to_number(from.Get("repetitionPenalty"), "repetitionPenalty"));
    to.temperature = static_cast<float>(to_number(from.Get("temperature"), "temperature"));
    to.top_k = to_u32(from.Get("topK"), "topK");
    to.top_p = static_cast<float>(to_number(from.Get("topP"), "topP"));
    to.min_p = static_cast<float>(to_number(from.Get("minP"), "minP"));
    to.typical_p = static_cast<float>(to_number(from.Get("typicalP"), "typicalP"));
    return to;
}

} // namespace binding
