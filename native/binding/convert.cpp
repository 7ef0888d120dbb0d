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

static Napi::Array to_array(const Napi::Value & value, const char * name) {
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

static Napi::Value value_to_js(Napi::Env env, const clvp::Value & value) {
    return std::visit(
        [&](const auto & held) -> Napi::Value {
            using T = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<T, std::vector<std::string>>) {
                Napi::Array array = Napi::Array::New(env, held.size());
                for (uint32_t i = 0; i < held.size(); i++) {
                    array.Set(i, held[i]);
                }
                return array;
            } else if constexpr (std::is_same_v<T, std::vector<float>> || std::is_same_v<T, std::vector<int32_t>>) {
                return to_js(env, held);
            } else {
                return Napi::Value::From(env, held);
            }
        },
        value);
}

/// Sets a property whose name comes from a file and may be "__proto__".
static void define(Napi::Object & object, const std::string & name, const Napi::Value & value) {
    object.DefineProperty(Napi::PropertyDescriptor::Value(name, value, static_cast<napi_property_attributes>(napi_default_jsproperty)));
}

Napi::Object to_js(Napi::Env env, const clvp::Values & values) {
    Napi::Object object = Napi::Object::New(env);
    for (const auto & [key, value] : values) {
        define(object, key, value_to_js(env, value));
    }
    return object;
}

/// The name of a value's type, as to_values() expects it.
static const char * value_type(const clvp::Value & value) {
    static constexpr const char * names[] = { "bool", "u32", "i32", "f32", "string", "i32[]", "f32[]", "string[]" };
    static_assert(std::size(names) == std::variant_size_v<clvp::Value>);
    return names[value.index()];
}

Napi::Object to_js(Napi::Env env, const clvp::FileInfo & info) {
    Napi::Object object = Napi::Object::New(env);
    Napi::Object types = Napi::Object::New(env);
    for (const auto & [key, value] : info.values) {
        define(types, key, Napi::String::New(env, value_type(value)));
    }
    object.Set("valueTypes", types);
    Napi::Array tensors = Napi::Array::New(env, info.tensors.size());
    for (uint32_t i = 0; i < info.tensors.size(); i++) {
        const clvp::TensorInfo & from = info.tensors[i];
        Napi::Object to = Napi::Object::New(env);
        Napi::Array dims = Napi::Array::New(env, from.dims.size());
        for (uint32_t d = 0; d < from.dims.size(); d++) {
            dims.Set(d, static_cast<double>(from.dims[d]));
        }
        to.Set("name", from.name);
        to.Set("type", from.type);
        to.Set("dims", dims);
        to.Set("bytes", static_cast<double>(from.n_bytes));
        to.Set("offset", static_cast<double>(from.offset));
        tensors.Set(i, to);
    }
    object.Set("values", to_js(env, info.values));
    object.Set("tensors", tensors);
    object.Set("bytes", static_cast<double>(info.n_bytes));
    return object;
}

Napi::Object to_js(Napi::Env env, const clvp::Verification & found) {
    Napi::Object object = Napi::Object::New(env);
    Napi::Array faults = Napi::Array::New(env, found.faults.size());
    for (uint32_t i = 0; i < found.faults.size(); i++) {
        Napi::Object fault = Napi::Object::New(env);
        fault.Set("tensor", found.faults[i].tensor);
        fault.Set("what", found.faults[i].what);
        faults.Set(i, fault);
    }
    object.Set("faults", faults);
    object.Set("checksum", found.checksum);
    object.Set("values", to_js(env, found.values));
    object.Set("bytes", static_cast<double>(found.n_bytes));
    object.Set("tensors", static_cast<double>(found.n_tensors));
    return object;
}

Napi::Array to_js(Napi::Env env, const std::vector<clvp::TensorDifference> & found) {
    Napi::Array list = Napi::Array::New(env, found.size());
    for (uint32_t i = 0; i < found.size(); i++) {
        const clvp::TensorDifference & from = found[i];
        Napi::Object to = Napi::Object::New(env);
        Napi::Array dims = Napi::Array::New(env, from.dims.size());
        for (uint32_t d = 0; d < from.dims.size(); d++) {
            dims.Set(d, static_cast<double>(from.dims[d]));
        }
        to.Set("name", from.name);
        to.Set("typeA", from.type_a);
        to.Set("typeB", from.type_b);
        to.Set("dims", dims);
        to.Set("maxError", from.max_error);
        to.Set("squareError", from.square_error);
        to.Set("squareA", from.square_a);
        to.Set("squareB", from.square_b);
        to.Set("dot", from.dot);
        list.Set(i, to);
    }
    return list;
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
    object.Set("maxTokens", p.max_tokens());
    object.Set("logitScale", static_cast<double>(p.logit_scale));
    object.Set("codebookCodes", p.n_codebook);
    return object;
}

clvp::Values to_values(const Napi::Value & value) {
    const Napi::Object object = to_object(value, "values");
    const Napi::Array keys = object.GetPropertyNames();
    clvp::Values values;
    for (uint32_t i = 0; i < keys.Length(); i++) {
        const std::string key = to_string(keys.Get(i), "a key");
        const Napi::Object entry = to_object(object.Get(key), key.c_str());
        const std::string type = to_string(entry.Get("type"), "a value's type");
        const Napi::Value held = entry.Get("value");
        if (type == "bool") {
            values[key] = to_bool(held, key.c_str());
        } else if (type == "u32") {
            values[key] = to_u32(held, key.c_str());
        } else if (type == "i32") {
            values[key] = static_cast<int32_t>(to_number(held, key.c_str()));
        } else if (type == "f32") {
            values[key] = static_cast<float>(to_number(held, key.c_str()));
        } else if (type == "string") {
            values[key] = to_string(held, key.c_str());
        } else if (type == "i32[]") {
            values[key] = to_ints(held, key.c_str());
        } else if (type == "f32[]") {
            values[key] = to_floats(held, key.c_str());
        } else if (type == "string[]") {
            const Napi::Array array = to_array(held, key.c_str());
            std::vector<std::string> strings;
            for (uint32_t j = 0; j < array.Length(); j++) {
                strings.push_back(to_string(array.Get(j), key.c_str()));
            }
            values[key] = std::move(strings);
        } else {
            wrong_type(value.Env(), "a known value type", key.c_str());
        }
    }
    return values;
}

std::vector<clvp::NewTensor> to_tensors(const Napi::Value & value) {
    const Napi::Array array = to_array(value, "tensors");
    std::vector<clvp::NewTensor> tensors;
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Object from = to_object(array.Get(i), "a tensor");
        const Napi::Array dims = to_array(from.Get("dims"), "a tensor's dims");
        clvp::NewTensor to;
        to.name = to_string(from.Get("name"), "a tensor's name");
        to.type = to_string(from.Get("type"), "a tensor's type");
        for (uint32_t d = 0; d < dims.Length(); d++) {
            to.dims.push_back(to_u53(dims.Get(d), "a tensor's dimension"));
        }
        to.importance = optional_floats(from, "importance");
        tensors.push_back(std::move(to));
    }
    return tensors;
}

clvp::PrefixPositions to_prefix_positions(const Napi::Value & value) {
    const std::string name = to_string(value, "prefixPositions");
    if (name == "transformers") {
        return clvp::PrefixPositions::reference;
    }
    if (name != "cancelled") {
        wrong_type(value.Env(), "'transformers' or 'cancelled'", "prefixPositions");
    }
    return clvp::PrefixPositions::cancelled;
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
