// A pass through a tower, split into pieces so that other calls can run in between.
#pragma once

#include "runtime/call.h"

#include <algorithm>

namespace clvp {

/// Iterates over blocks from .. to-1 of a tower, one graph for each piece. Intermediate results pass through host memory, so that the
/// output does not depend on how the blocks are split.
///
///     for (Pieces pieces(call, n_block, work); pieces.next();) { ... }
class Pieces {
public:
    /// `work`: multiplications of one block, for all tokens. A piece has as many blocks as Machine::piece_work allows, at least one. Short
    /// passes of one call share a piece.
    Pieces(Call & call, size_t n_block, double work) : call_(call), n_block_(n_block), work_(work) {}

    /// Advances to the next piece, after a pause for other calls if the last one is full. Returns false at the end. A tower without
    /// blocks has one piece.
    bool next() {
        if (has_begun_ && to_ == n_block_) {
            return false;
        }
        has_begun_ = true;
        from_ = to_;
        to_ = std::min(n_block_, from_ + call_.room_for(work_));
        call_.add_work(work_ * static_cast<double>(size()));
        return true;
    }

    size_t from() const { return from_; }
    size_t to() const { return to_; }
    size_t size() const { return to_ - from_; }
    bool is_first() const { return from_ == 0; }
    bool is_last() const { return to_ == n_block_; }

private:
    Call & call_;
    const size_t n_block_;
    const double work_;
    size_t from_ = 0, to_ = 0;
    bool has_begun_ = false;
};

} // namespace clvp
