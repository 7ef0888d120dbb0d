// Reads the keys of a model file under one prefix. Presence, type and range are checked before a value is used.
#pragma once

#include "base/error.h"
#include "clvp/model.h"

namespace clvp {

constexpr uint32_t max_width = 1u << 16; // of any layer
constexpr uint32_t max_layers = 1024;
constexpr uint32_t max_vocab = 1u << 22;

template <typename T> struct TypeName;
template <> struct TypeName<bool> {
    static constexpr const char * text = "bool";
};
template <> struct TypeName<uint32_t> {
    static constexpr const char * text = "u32";
};
template <> struct TypeName<int32_t> {
    static constexpr const char * text = "i32";
};
template <> struct TypeName<float> {
    static constexpr const char * text = "f32";
};
template <> struct TypeName<std::string> {
    static constexpr const char * text = "string";
};
template <> struct TypeName<std::vector<int32_t>> {
    static constexpr const char * text = "array of i32";
};
template <> struct TypeName<std::vector<float>> {
    static constexpr const char * text = "array of f32";
};

class KeyReader {
public:
    KeyReader(const Values & values, std::string prefix) : values_(values), prefix_(std::move(prefix)) {}

    template <typename T> const T & get(const char * name) const {
        const std::string key = prefix_ + name;
        const auto found = values_.find(key);
        if (found == values_.end()) {
            fail(Code::model_format, "the key %s is missing: the file is not a CLVP model, or has another format version", key.c_str());
        }
        const T * value = std::get_if<T>(&found->second);
        if (!value) {
            fail(Code::model_format, "the key %s has the wrong type: expected %s", key.c_str(), TypeName<T>::text);
        }
        return *value;
    }

    bool has(const char * name) const { return values_.count(prefix_ + name) != 0; }

    uint32_t size(const char * name, uint32_t min, uint32_t max) const {
        const uint32_t value = get<uint32_t>(name);
        if (value < min || value > max) {
            fail(Code::model_format, "the key %s%s is %u: expected %u to %u", prefix_.c_str(), name, value, min, max);
        }
        return value;
    }

    /// A list of n_min to n_max numbers, each from 1 to max.
    std::vector<int32_t> sizes(const char * name, size_t n_min, size_t n_max, uint32_t max) const {
        const std::vector<int32_t> & list = get<std::vector<int32_t>>(name);
        if (list.size() < n_min || list.size() > n_max) {
            fail(Code::model_format, "the key %s%s holds %zu numbers: expected %zu to %zu", prefix_.c_str(), name, list.size(), n_min, n_max);
        }
        for (int32_t value : list) {
            if (value < 1 || static_cast<uint32_t>(value) > max) {
                fail(Code::model_format, "the key %s%s holds %d: expected numbers from 1 to %u", prefix_.c_str(), name, value, max);
            }
        }
        return list;
    }

    float eps(const char * name) const {
        const float value = get<float>(name);
        if (!(value >= 0.0f && value <= 1.0f)) {
            fail(Code::model_format, "the key %s%s is %g: expected 0 to 1", prefix_.c_str(), name, static_cast<double>(value));
        }
        return value;
    }

    int32_t token(const char * name, uint32_t n_vocab) const {
        const int32_t value = get<int32_t>(name);
        if (value < 0 || static_cast<uint32_t>(value) >= n_vocab) {
            fail(Code::model_format, "the key %s%s is %d: expected an id of the vocabulary of %u", prefix_.c_str(), name, value, n_vocab);
        }
        return value;
    }

    uint32_t heads(const char * name, uint32_t n_embd) const {
        const uint32_t value = size(name, 1, n_embd);
        if (n_embd % value != 0) {
            fail(Code::model_format, "the key %s%s is %u: expected a divisor of the embedding width %u", prefix_.c_str(), name, value, n_embd);
        }
        return value;
    }

    /// Reads a value and passes it to `check`. If `check` throws, adds the key to the message.
    template <typename T, typename F> const T & checked(const char * name, F check) const {
        const T & value = get<T>(name);
        try {
            check(value);
        } catch (const Error & error) {
            fail(error.code, "the key %s%s: %s", prefix_.c_str(), name, error.what());
        }
        return value;
    }

private:
    const Values & values_;
    std::string prefix_;
};

} // namespace clvp
