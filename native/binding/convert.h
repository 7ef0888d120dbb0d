// Converts between JavaScript values and those of the core. Copies typed arrays on the JS thread, before a job is queued: their owner
// may change or transfer them right after the call.
#pragma once

#include "clvp.h"

#include <napi.h>

namespace binding {

/// A JS Error with the core's error code in `code`.
Napi::Value to_js(Napi::Env env, const clvp::Error & error);
/// Throws a TypeError with code CLVP_INVALID_ARGUMENT. lib/ validates all arguments, so this reports an error in lib/.
[[noreturn]] void wrong_type(Napi::Env env, const char * what, const char * name);

std::string to_string(const Napi::Value & value, const char * name);
double to_number(const Napi::Value & value, const char * name);
uint32_t to_u32(const Napi::Value & value, const char * name);
uint64_t to_u53(const Napi::Value & value, const char * name);
bool to_bool(const Napi::Value & value, const char * name);
Napi::Object to_object(const Napi::Value & value, const char * name);
std::vector<float> to_floats(const Napi::Value & value, const char * name);  // from Float32Array
std::vector<int32_t> to_ints(const Napi::Value & value, const char * name);  // from Int32Array
std::vector<uint8_t> to_bytes(const Napi::Value & value, const char * name); // from Uint8Array
Napi::Array to_array(const Napi::Value & value, const char * name);
std::vector<std::vector<int32_t>> to_rows(const Napi::Value & value, const char * name); // from Int32Array[]
/// An optional property; empty if undefined.
std::vector<float> optional_floats(const Napi::Object & object, const char * name);
std::vector<int32_t> optional_ints(const Napi::Object & object, const char * name);

Napi::Float32Array to_js(Napi::Env env, const std::vector<float> & data);
Napi::Array to_js(Napi::Env env, const std::vector<std::vector<float>> & arrays);
Napi::Int32Array to_js(Napi::Env env, const std::vector<int32_t> & data);
Napi::Object to_js(Napi::Env env, const clvp::Candidate & candidate);
Napi::Object to_js(Napi::Env env, const clvp::FileInfo & info);
Napi::Object to_js(Napi::Env env, const clvp::Values & values);
Napi::Object to_js(Napi::Env env, const clvp::Verification & found);
Napi::Array to_js(Napi::Env env, const std::vector<clvp::TensorDifference> & found);
Napi::Object to_js(Napi::Env env, const clvp::Params & params);
Napi::Object to_js(Napi::Env env, const clvp::Timings & timings);

clvp::Values to_values(const Napi::Value & value);
std::vector<clvp::NewTensor> to_tensors(const Napi::Value & value);
clvp::Sampling to_sampling(const Napi::Value & value);
clvp::Positions to_positions(const Napi::Value & value);
/// From an array of names.
clvp::Parts to_parts(const Napi::Value & value);
/// Which parts are loaded: an object of booleans by name.
void set_parts(Napi::Object object, const clvp::Parts & parts);

/// Runs core code on the JS thread; converts its errors to JS errors.
template <typename F> auto checked(Napi::Env env, F work) -> decltype(work()) {
    try {
        return work();
    } catch (const clvp::Error & error) {
        throw Napi::Error(env, to_js(env, error));
    } catch (const std::bad_alloc &) {
        throw Napi::Error(env, to_js(env, clvp::Error(clvp::Code::out_of_memory, "not enough memory")));
    }
}

} // namespace binding
