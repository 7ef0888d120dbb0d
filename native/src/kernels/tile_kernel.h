// A tile of a matrix, the rows of x to multiply it with, and the types of their kernels.
#pragma once

#include "ggml.h"

#include <cstdint>
#include <cstring>
#include <limits>

// GCC on Windows does not align the stack for wide registers; Clang does.
#if defined(__x86_64__) && defined(__GNUC__) && (!defined(_WIN32) || defined(__clang__))
#define CLVP_X86 1
#elif defined(__aarch64__) && defined(__GNUC__) && !defined(_WIN32)
#define CLVP_ARM 1
#endif

namespace clvp {

constexpr int tile_rows = 16;
constexpr int tile_block = 32; // columns that share a scale of x

enum class Form { q8_0, q4_0, iq4_nl, q4_k, q6_k };

/// 16 rows in memory. Q8_0: for each block [8][16][4] bytes, signed or offset by 128 as the kernels take them, and [16] F16 scales. Q4_0, IQ4_NL: for each
/// block [4][16][4] bytes of two codes, columns 0-15 low and 16-31 high, and [16] F16 scales. Q4_K: for each 64 columns [8][16][4] bytes of two codes, columns
/// 0-31 low and 32-63 high; for each 256 columns [16] F16 scales, [16] F16 scales of minima, [12][16] bytes of 6-bit numbers. Q6_K: for each 256 columns
/// [32][16][4] bytes of low parts and [16][16][4] of high ones, as Q6_K has them, [16] F16 scales, and for each 16 columns [16] signed bytes that multiply
/// them.
struct Tile {
    const uint8_t * quants;
    const uint8_t * scales;
    int64_t n_blocks; // in a row
    int n_rows;       // rows in use: 1 to 16
};

/// Bytes of a tile's block, without its scales.
template <Form form> constexpr int64_t block_bytes = form == Form::q8_0 ? 512 : form == Form::q6_k ? 384 : 256;

/// Asks for a block of the next tile, which lies behind this one in memory: for the first pass over a tile. So memory is read while the
/// columns are multiplied, in all passes. Past the last tile this does nothing.
template <Form form> inline void fetch_ahead(const Tile & tile, int64_t block) {
#ifdef __GNUC__
    const uint8_t * next = tile.quants + (tile.n_blocks + block) * block_bytes<form>;
    for (int64_t i = 0; i < block_bytes<form>; i += 64) {
        __builtin_prefetch(next + i, 0, 2); // into the second cache: the first holds the columns
    }
#endif
}

/// What products need of a rounded block besides its 32 bytes.
struct BlockParts {
    float scale;
    int32_t offset; // -128 times the sum of the bytes: what a sum with codes that are offset by 128 starts from
    float scaled_sum;
    int32_t upper_offset; // that of the last 16 bytes
};

inline BlockParts block_parts(float scale, int32_t sum, int32_t upper_sum) { return { scale, -128 * sum, scale * static_cast<float>(sum), -128 * upper_sum }; }

/// Rounded rows of x: each has 32 signed bytes for each block, then the parts of each block.
struct Columns {
    const uint8_t * data;
    size_t stride;
    int n;
};

/// One rounded row.
struct Column {
    const uint8_t * quants;
    const BlockParts * parts;
};

inline Column column_at(const Columns & columns, int i, int64_t n_blocks) {
    const uint8_t * at = columns.data + static_cast<size_t>(i) * columns.stride;
    return { at, reinterpret_cast<const BlockParts *>(at + n_blocks * tile_block) };
}

inline BlockParts * parts_of(uint8_t * column, int64_t n_blocks) { return reinterpret_cast<BlockParts *>(column + n_blocks * tile_block); }

inline size_t column_bytes(int64_t n_in) { return static_cast<size_t>(n_in + n_in / tile_block * static_cast<int64_t>(sizeof(BlockParts))); }

/// Stores a block that contains NaN or infinity: every product with it is NaN.
inline void spoil_block(uint8_t * column, int64_t n_blocks, int64_t block) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    memset(column + block * tile_block, 0, tile_block);
    parts_of(column, n_blocks)[block] = { nan, 0, nan, 0 };
}

/// Stores `count` blocks of zeros.
inline void clear_blocks(uint8_t * column, int64_t n_blocks, int64_t first, int64_t count) {
    memset(column + first * tile_block, 0, static_cast<size_t>(count * tile_block));
    memset(static_cast<void *>(parts_of(column, n_blocks) + first), 0, static_cast<size_t>(count) * sizeof(BlockParts));
}

/// Writes n_rows results for each column, `stride` floats apart, with bias [n_rows] or null.
using TileKernel = void (*)(const Tile & tile, const Columns & columns, const float * bias, float * out, size_t stride);
/// Rounds `count` blocks of a row of n_blocks, starting at block `first`, whose numbers are at x.
using RoundKernel = void (*)(const float * x, int64_t n_blocks, int64_t first, int64_t count, uint8_t * column);

/// The weights [n] of a layer norm, or of an RMS norm if there is no bias.
struct NormWeights {
    const float * weight;
    const float * bias;
    float eps;
};

/// Normalises a row x [32 * n_blocks] and rounds it.
using NormKernel = void (*)(const float * x, int64_t n_blocks, const NormWeights & norm, uint8_t * column);
/// An activation of n numbers in place, n a multiple of 16.
using ActivationKernel = void (*)(float * x, int64_t n);

/// The values of IQ4_NL's codes, as GGML defines them.
constexpr int8_t iq4_nl_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

} // namespace clvp
