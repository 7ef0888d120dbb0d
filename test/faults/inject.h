// Faults at will: chosen calls for memory or files, of this program and of all that is linked into it, fail.
#pragma once

#include <cstdint>

namespace faults {

/// Where faults strike. Blocks are what is asked of malloc and its like, GGML's tensors and tables; `operator new` is counted by itself.
enum class Site { none, operator_new, big_block, small_block, memory, open, stat, lock, dup, read, write, sync, close, rename, map, stream };

/// What becomes of a read or write that is struck: an error, half of its bytes, or none of them.
enum class Effect { fail, half, nothing };

constexpr uint64_t big = 4096; // bytes: GGML's tensors and tables, and no list's node

struct Fault {
    Site site = Site::none;
    int error = 0; // errno
    Effect effect = Effect::fail;
    uint64_t n_more = 0; // calls after the struck one that are struck too
    uint64_t n = 0;      // which call is struck, from 1 on; of Site::memory: bytes that may be held in big blocks of any kind
};

/// From now on the fault is waited for.
void arm(const Fault & fault);
/// No more. Returns how many calls of the site there were; of Site::memory the most bytes that were held.
uint64_t disarm();
bool has_struck();
/// Has each strike tell where, on stderr: offsets for addr2line.
void trace_strikes();

} // namespace faults
