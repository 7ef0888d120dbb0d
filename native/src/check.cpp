#include "check.h"

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
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    throw Error(code, message);
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
