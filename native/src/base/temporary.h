// The file that a new one is written to before it gets its name.
#pragma once

#include "base/file.h"

namespace clvp {

/// Makes a locked file beside `path`, hidden and unlike any other: ".<name>.<pid>.<random>.tmp". Those that a process which was
/// killed left behind for the same path are removed first.
/// Throws io if `path` cannot become a file: its folder is missing, or something that is no regular file has its name.
File temporary_beside(const std::string & path);

} // namespace clvp
