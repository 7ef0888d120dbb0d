// Temporary files, which are renamed once they are complete.
#pragma once

#include "base/file.h"

namespace clvp {

/// Creates a locked, hidden file with a unique name beside `path`: ".<name>.<pid>.<random>.tmp". First removes stale files that killed
/// processes left for the same path.
/// Throws io if a file cannot be created at `path`: its folder is missing, or something other than a regular file has its name.
File temporary_beside(const std::string & path);

} // namespace clvp
