// Conversions of what model files contain.
#include "convert.h"

namespace binding {

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

} // namespace binding
