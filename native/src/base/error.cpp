#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace clvp {

const char * code_name(Code code) {
    switch (code) {
    case Code::invalid_argument: return "CLVP_INVALID_ARGUMENT";
    case Code::model_format: return "CLVP_MODEL_FORMAT";
    case Code::unsupported: return "CLVP_UNSUPPORTED";
    case Code::aborted: return "CLVP_ABORTED";
    case Code::disposed: return "CLVP_DISPOSED";
    case Code::out_of_memory: return "CLVP_OUT_OF_MEMORY";
    case Code::io: return "CLVP_IO";
    case Code::busy: return "CLVP_BUSY";
    case Code::device: return "CLVP_DEVICE";
    case Code::audio: return "CLVP_AUDIO";
    }
    return "CLVP_UNSUPPORTED";
}

void fail(Code code, const char * format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    std::string message(static_cast<size_t>(std::max(0, vsnprintf(nullptr, 0, format, args))), '\0');
    vsnprintf(message.data(), message.size() + 1, format, again); // a path can have kilobytes
    va_end(again);
    va_end(args);
    throw Error(code, message);
}

/// Created at start-up, while memory is available; copies share its text.
static const Error no_memory(Code::out_of_memory, "not enough memory");

void fail_for_memory() { throw Error(no_memory); }

bool all_finite(const float * data, size_t n) {
    return std::all_of(data, data + n, [](float x) { return std::isfinite(x); });
}

void fail_not_finite(const char * what) {
    fail(Code::model_format,
         "the model produced NaN or infinite %s. Its numbers may have grown beyond 65504, where F16 ends, or its input is far out of range: "
         "convert it to bf16, q8_0 or f32, and load it with kvType f32 (--kv-type f32). If that does not help, check the file with clvp verify",
         what);
}

std::vector<float> finite_result(std::vector<float> values, const char * what) {
    if (!all_finite(values)) {
        fail_not_finite(what);
    }
    return values;
}

std::string printable(const std::string & text) {
    std::string shown = text.substr(0, 64);
    for (char & c : shown) {
        c = c >= 0x20 && c < 0x7f ? c : '?';
    }
    return shown;
}

uint64_t checked_mul(uint64_t a, uint64_t b, const char * what) {
    if (b != 0 && a > UINT64_MAX / b) {
        fail(Code::model_format, "%s overflows 64 bits", what);
    }
    return a * b;
}

uint64_t checked_add(uint64_t a, uint64_t b, const char * what) {
    if (a > UINT64_MAX - b) {
        fail(Code::model_format, "%s overflows 64 bits", what);
    }
    return a + b;
}

void check_abort(const AbortFlag & flag) {
    if (flag && flag->load()) {
        fail(Code::aborted, "the operation was aborted");
    }
}

} // namespace clvp
