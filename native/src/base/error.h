// Errors: one way to raise them. GGML ends the process on a failed assert, so whatever comes from a file, an argument
// or the machine is checked here first.
#pragma once

#include "clvp/types.h"

#include <new>
#include <optional>

namespace clvp {

/// Throws Error with a printf-formatted message.
[[noreturn]] void fail(Code code, const char * format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/// Throws out_of_memory, and needs no memory for it.
[[noreturn]] void fail_for_memory();

/// Turns what the standard library throws for want of memory into our own error.
template <typename F> auto guarded(F work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc &) {
        fail_for_memory();
    } catch (const std::length_error &) {
        fail(Code::out_of_memory, "not enough memory for so large an array");
    } catch (const std::exception &) {
        throw;
    } catch (...) { // from a library that has a C++ runtime, and so a bad_alloc, of its own: it throws nothing else
        fail_for_memory();
    }
}

/// Runs `work`. Its error, if there is one: what is not one of ours becomes one.
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

/// Are all numbers finite?
bool all_finite(const float * data, size_t n);
inline bool all_finite(const std::vector<float> & data) { return all_finite(data.data(), data.size()); }

/// Gives a model's results back if they are finite: weights that overflow, which a sound model's never do, give others.
std::vector<float> finite_result(std::vector<float> values, const char * what);

/// The beginning of a file's word as a message may show it: a '?' for each byte that is not printable ASCII, which a terminal may obey.
std::string printable(const std::string & text);

/// a * b, or model_format when it does not fit 64 bits.
uint64_t checked_mul(uint64_t a, uint64_t b, const char * what);
/// a + b, or model_format when it does not fit 64 bits.
uint64_t checked_add(uint64_t a, uint64_t b, const char * what);

/// Throws aborted if the flag is set.
void check_abort(const AbortFlag & flag);

} // namespace clvp
