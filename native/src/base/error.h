// Functions that raise errors. GGML ends the process on a failed assert, so everything that comes from a file, an argument or the
// system is checked first.
#pragma once

#include "clvp/error.h"

#include <new>
#include <optional>

namespace clvp {

/// Throws Error with a printf-formatted message.
[[noreturn]] void fail(Code code, const char * format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/// Throws out_of_memory without allocating memory.
[[noreturn]] void fail_for_memory();

/// Runs `work`; converts out-of-memory exceptions of the standard library into clvp::Error.
template <typename F> auto guarded(F work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc &) {
        fail_for_memory();
    } catch (const std::length_error &) {
        fail(Code::out_of_memory, "not enough memory for so large an array");
    } catch (const std::exception &) {
        throw;
    } catch (...) { // bad_alloc of a library with a C++ runtime of its own: such libraries throw nothing else
        fail_for_memory();
    }
}

/// Runs `work` and returns its error, if any. Converts other exceptions into clvp::Error.
template <typename F> std::optional<Error> error_of(F work) {
    try {
        guarded(work);
        return std::nullopt;
    } catch (const Error & error) {
        return error;
    } catch (const std::exception & error) {
        return Error(Code::device, error.what());
    }
}

/// Whether all numbers are finite.
bool all_finite(const float * data, size_t n);
inline bool all_finite(const std::vector<float> & data) { return all_finite(data.data(), data.size()); }

/// Throws model_format for a model's results that are not finite. Weights are checked when they are read (but not when they are
/// mapped), so overflow is likelier than damage: F16 ends at 65504, and GGML rounds the inputs of F16 matrices to F16.
[[noreturn]] void fail_not_finite(const char * what);

/// Returns a model's results if all are finite.
std::vector<float> finite_result(std::vector<float> values, const char * what);

/// The beginning of a text from a file, safe to show in a message: '?' replaces bytes that are not printable ASCII, which may control a
/// terminal.
std::string printable(const std::string & text);

/// a * b; throws model_format on 64-bit overflow.
uint64_t checked_mul(uint64_t a, uint64_t b, const char * what);
/// a + b; throws model_format on 64-bit overflow.
uint64_t checked_add(uint64_t a, uint64_t b, const char * what);

/// Throws aborted if the flag is set.
void check_abort(const AbortFlag & flag);

} // namespace clvp
