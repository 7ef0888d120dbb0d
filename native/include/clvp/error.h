/* clvp/error.h: errors, and how a running call is watched and stopped. */
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace clvp {

enum class Code { invalid_argument, model_format, unsupported, aborted, disposed, out_of_memory, io, busy, device, audio };

/// The code's public name, such as "CLVP_MODEL_FORMAT".
const char * code_name(Code code);

class Error : public std::runtime_error {
public:
    Error(Code code, const std::string & message) : std::runtime_error(message), code(code) {}
    const Code code;
};

/// Called with the completed fraction, 0 to 1, on the thread that does the work.
using Progress = std::function<void(double fraction)>;
/// Set to true from any thread to stop a call with Code::aborted.
using AbortFlag = std::shared_ptr<std::atomic<bool>>;

} // namespace clvp
