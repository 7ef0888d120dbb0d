#include "gguf/gguf_values.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace clvp {

static constexpr size_t buffer_size = 1 << 16;

GgufReader::GgufReader(const ByteSource & source, uint64_t n_bytes) : source_(source), end_(n_bytes), buffer_(new char[buffer_size]) {}

void GgufReader::read(void * data, size_t n) {
    need(n);
    char * to = static_cast<char *>(data);
    while (n > 0) {
        if (position_ >= start_ + filled_) {
            fill();
        }
        const size_t at = size_t(position_ - start_);
        const size_t some = std::min(n, filled_ - at);
        memcpy(to, buffer_.get() + at, some);
        to += some;
        n -= some;
        position_ += some;
    }
}

void GgufReader::fill() {
    filled_ = size_t(std::min<uint64_t>(buffer_size, end_ - position_));
    start_ = position_;
    source_(start_, buffer_.get(), filled_);
}

void GgufReader::need(uint64_t n) const {
    if (n > end_ - position_) {
        fail(Code::model_format, "the file ends within its header, at byte %llu", (unsigned long long)end_);
    }
}

void GgufReader::charge(uint64_t n) {
    // The sum cannot overflow: need() or a cap has bounded each n before.
    memory_ += n;
    if (memory_ > gguf_max_memory) {
        fail(Code::model_format, "the header takes more than %llu bytes of memory", (unsigned long long)gguf_max_memory);
    }
}

std::string GgufReader::string(uint64_t max_size, const char * what) {
    const uint64_t n = number<uint64_t>();
    if (n > max_size) {
        fail(Code::model_format, "%s of %llu bytes is longer than %llu", what, (unsigned long long)n, (unsigned long long)max_size);
    }
    need(n);
    charge(n);
    std::string text(size_t(n), '\0');
    read(text.data(), size_t(n));
    return text;
}

std::string GgufReader::name(uint64_t max_size, const char * what) {
    std::string text = string(max_size, what);
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    if (text.empty() || !plain) {
        fail(Code::model_format, "%s is empty or holds a byte that is not printable ASCII", what);
    }
    return text;
}

namespace {

// Reads a number of the file's type From and converts it, if it fits.
template <typename To, typename From> To read_as(GgufReader & reader, const std::string & key) {
    const From value = reader.number<From>();
    bool fits;
    if constexpr (std::is_floating_point_v<To>) {
        fits = !std::isfinite(value) || std::abs(value) <= From(std::numeric_limits<To>::max());
    } else if constexpr (std::is_unsigned_v<From>) {
        fits = uint64_t(value) <= uint64_t(std::numeric_limits<To>::max());
    } else {
        fits = int64_t(value) >= int64_t(std::numeric_limits<To>::min()) && int64_t(value) <= int64_t(std::numeric_limits<To>::max());
    }
    if (!fits) {
        fail(Code::model_format, "key '%s' holds a number that does not fit 32 bits", key.c_str());
    }
    return To(value);
}

/// Describes a part of a key's value in messages.
std::string part_of(const std::string & key, const char * part) { return "key '" + key + "': " + part; }

template <typename To, typename From> std::vector<To> read_array(GgufReader & reader, const std::string & key, uint64_t n) {
    const std::string size = part_of(key, "an array's size");
    reader.need(checked_mul(n, sizeof(From), size.c_str()));
    reader.charge(checked_mul(n, sizeof(To), size.c_str()));
    std::vector<To> items;
    items.reserve(size_t(n));
    for (uint64_t i = 0; i < n; i++) {
        items.push_back(read_as<To, From>(reader, key));
    }
    return items;
}

std::vector<std::string> read_strings(GgufReader & reader, const std::string & key, uint64_t n) {
    const std::string size = part_of(key, "an array's size"), string = part_of(key, "a string");
    reader.need(checked_mul(n, sizeof(uint64_t), size.c_str()));
    reader.charge(checked_mul(n, sizeof(std::string), size.c_str()));
    std::vector<std::string> items;
    items.reserve(size_t(n));
    for (uint64_t i = 0; i < n; i++) {
        items.push_back(reader.string(gguf_max_string, string.c_str()));
    }
    return items;
}

Value read_array_value(GgufReader & reader, const std::string & key) {
    const uint32_t type = reader.number<uint32_t>();
    const uint64_t n = reader.number<uint64_t>();
    switch (type) {
    case gguf_u8: return read_array<int32_t, uint8_t>(reader, key, n);
    case gguf_i8: return read_array<int32_t, int8_t>(reader, key, n);
    case gguf_u16: return read_array<int32_t, uint16_t>(reader, key, n);
    case gguf_i16: return read_array<int32_t, int16_t>(reader, key, n);
    case gguf_u32: return read_array<int32_t, uint32_t>(reader, key, n);
    case gguf_i32: return read_array<int32_t, int32_t>(reader, key, n);
    case gguf_u64: return read_array<int32_t, uint64_t>(reader, key, n);
    case gguf_i64: return read_array<int32_t, int64_t>(reader, key, n);
    case gguf_f32: return read_array<float, float>(reader, key, n);
    case gguf_f64: return read_array<float, double>(reader, key, n);
    case gguf_string: return read_strings(reader, key, n);
    default: fail(Code::model_format, "key '%s' is an array of type %u, which model files do not use", key.c_str(), type);
    }
}

Value read_value(GgufReader & reader, const std::string & key) {
    const uint32_t type = reader.number<uint32_t>();
    switch (type) {
    case gguf_u8: return read_as<uint32_t, uint8_t>(reader, key);
    case gguf_i8: return read_as<int32_t, int8_t>(reader, key);
    case gguf_u16: return read_as<uint32_t, uint16_t>(reader, key);
    case gguf_i16: return read_as<int32_t, int16_t>(reader, key);
    case gguf_u32: return read_as<uint32_t, uint32_t>(reader, key);
    case gguf_i32: return read_as<int32_t, int32_t>(reader, key);
    case gguf_u64: return read_as<uint32_t, uint64_t>(reader, key);
    case gguf_i64: return read_as<int32_t, int64_t>(reader, key);
    case gguf_f32: return read_as<float, float>(reader, key);
    case gguf_f64: return read_as<float, double>(reader, key);
    case gguf_string: return reader.string(gguf_max_string, part_of(key, "a string").c_str());
    case gguf_array: return read_array_value(reader, key);
    case gguf_bool: {
        const uint8_t value = reader.number<uint8_t>();
        if (value > 1) {
            fail(Code::model_format, "key '%s' is a bool with the value %u", key.c_str(), value);
        }
        return value == 1;
    }
    default: fail(Code::model_format, "key '%s' has the unknown type %u", key.c_str(), type);
    }
}

// --- writing ------------------------------------------------------------------------------------------------------

void put_string(std::string & out, const std::string & text) {
    put<uint64_t>(out, text.size());
    out += text;
}

template <typename T> void put_array(std::string & out, uint32_t type, const std::vector<T> & items) {
    put<uint32_t>(out, gguf_array);
    put<uint32_t>(out, type);
    put<uint64_t>(out, items.size());
    for (const T & item : items) {
        if constexpr (std::is_same_v<T, std::string>) {
            put_string(out, item);
        } else {
            put<T>(out, item);
        }
    }
}

struct PutValue {
    std::string & out;

    template <typename T> void number(uint32_t type, T value) const {
        put<uint32_t>(out, type);
        put<T>(out, value);
    }

    void operator()(bool value) const { number<uint8_t>(gguf_bool, value); }
    void operator()(uint32_t value) const { number(gguf_u32, value); }
    void operator()(int32_t value) const { number(gguf_i32, value); }
    void operator()(float value) const { number(gguf_f32, value); }
    void operator()(const std::string & value) const {
        put<uint32_t>(out, gguf_string);
        put_string(out, value);
    }
    void operator()(const std::vector<int32_t> & items) const { put_array(out, gguf_i32, items); }
    void operator()(const std::vector<float> & items) const { put_array(out, gguf_f32, items); }
    void operator()(const std::vector<std::string> & items) const { put_array(out, gguf_string, items); }
};

} // namespace

Values read_values(GgufReader & reader, uint64_t n) {
    Values values;
    for (uint64_t i = 0; i < n; i++) {
        std::string key = reader.name(gguf_max_key_size, "a key");
        reader.charge(sizeof(Values::value_type));
        Value value = read_value(reader, key);
        if (!values.emplace(key, std::move(value)).second) {
            fail(Code::model_format, "key '%s' appears twice", key.c_str());
        }
    }
    return values;
}

Values copied(const Values & values) {
    Values copies;
    for (const auto & [key, value] : values) {
        copies.emplace(key, std::visit([](auto copy) { return Value(std::move(copy)); }, value));
    }
    return copies;
}

void put_values(std::string & out, const Values & values) {
    for (const auto & [key, value] : values) {
        put_string(out, key);
        std::visit(PutValue{ out }, value);
    }
}

} // namespace clvp
