#include "tile.h"

#include "kernel_set.h"

#include <algorithm>
#include <cstring>

namespace clvp {

namespace {

/// How matrices of one type lie in tiles, and who multiplies them. A tensor in tiles has one of these in `extra`.
struct Layout {
    ggml_type type;
    size_t quants, scales; // bytes of one tile's group of columns
    int64_t group;         // columns of a group
    TileKernel KernelSet::* kernel;
    void (*store)(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales); // puts one row's group into place
};

void copy(uint8_t * to, const uint8_t * from, size_t n) { memcpy(to, from, n); }

/// Q8_0: an F16 scale, then 32 bytes.
void store_q8_0(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block, 2);
    for (int j = 0; j < 8; j++) {
        copy(quants + (j * tile_rows + row) * 4, block + 2 + j * 4, 4);
    }
}

/// Q4_0 and IQ4_NL: an F16 scale, then 16 bytes of two codes.
void store_q4_0(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block, 2);
    for (int j = 0; j < 4; j++) {
        copy(quants + (j * tile_rows + row) * 4, block + 2 + j * 4, 4);
    }
}

/// Q4_K: F16 scales of scales and of minima, 12 bytes of 6-bit numbers, then four times 32 bytes of two codes.
void store_q4_k(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block, 2);
    copy(scales + 32 + row * 2, block + 2, 2);
    for (int i = 0; i < 12; i++) {
        scales[64 + i * tile_rows + row] = block[4 + i];
    }
    for (int j = 0; j < 32; j++) {
        copy(quants + (j * tile_rows + row) * 4, block + 16 + j * 4, 4);
    }
}

/// Q6_K: 128 bytes of low parts, 64 of high ones, 16 factors of a scale, the F16 scale.
void store_q6_k(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block + 208, 2);
    for (int i = 0; i < 16; i++) {
        scales[32 + i * tile_rows + row] = block[192 + i];
    }
    for (int j = 0; j < 48; j++) {
        copy(quants + (j * tile_rows + row) * 4, block + j * 4, 4);
    }
}

const Layout layouts[] = {
    { GGML_TYPE_Q8_0, 512, 32, 32, &KernelSet::q8_0, store_q8_0 },     { GGML_TYPE_Q4_0, 256, 32, 32, &KernelSet::q4_0, store_q4_0 },
    { GGML_TYPE_IQ4_NL, 256, 32, 32, &KernelSet::iq4_nl, store_q4_0 }, { GGML_TYPE_Q4_K, 2048, 256, 256, &KernelSet::q4_k, store_q4_k },
    { GGML_TYPE_Q6_K, 3072, 288, 256, &KernelSet::q6_k, store_q6_k },
};

const Layout & layout_of(const ggml_tensor * matrix) { return *static_cast<const Layout *>(matrix->extra); }

int64_t n_tiles(const ggml_tensor * matrix) { return (matrix->ne[1] + tile_rows - 1) / tile_rows; }
int64_t n_groups(const ggml_tensor * matrix) { return matrix->ne[0] / layout_of(matrix).group; }

/// All tiles' quants come first, then all tiles' scales.
Tile tile_at(const ggml_tensor * matrix, int64_t i) {
    const Layout & layout = layout_of(matrix);
    const int64_t groups = n_groups(matrix);
    const auto * data = static_cast<const uint8_t *>(matrix->data);
    const auto * scales = data + static_cast<size_t>(n_tiles(matrix) * groups) * layout.quants;
    const int64_t left = matrix->ne[1] - i * tile_rows;
    return { data + static_cast<size_t>(i * groups) * layout.quants, scales + static_cast<size_t>(i * groups) * layout.scales, matrix->ne[0] / tile_block,
             static_cast<int>(std::min<int64_t>(left, tile_rows)) };
}

const float * row_of(const ggml_tensor * x, int64_t row) {
    const int64_t i1 = row % x->ne[1], i2 = row / x->ne[1] % x->ne[2], i3 = row / x->ne[1] / x->ne[2];
    return reinterpret_cast<const float *>(static_cast<const char *>(x->data) + static_cast<size_t>(i1) * x->nb[1] + static_cast<size_t>(i2) * x->nb[2] +
                                           static_cast<size_t>(i3) * x->nb[3]);
}

/// Thread ith of nth's share of n things: from .first to before .second.
std::pair<int64_t, int64_t> share(int64_t n, int ith, int nth) { return { n * ith / nth, n * (ith + 1) / nth }; }

/// src: x, matrix
void run_round(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * x = dst->src[0];
    const int64_t n_blocks = x->ne[0] / tile_block;
    auto [block, end] = share(n_blocks * ggml_nrows(x), ith, nth);
    while (block < end) {
        const int64_t row = block / n_blocks, first = block % n_blocks, last = std::min(n_blocks, first + end - block);
        kernel_set()->round(row_of(x, row), n_blocks, first, last, static_cast<uint8_t *>(dst->data) + static_cast<size_t>(row) * dst->nb[1]);
        block += last - first;
    }
}

/// src: matrix, rounded x, and the bias if there is one
void run_product(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * matrix = dst->src[0];
    const ggml_tensor * x = dst->src[1];
    const auto * bias = dst->src[2] ? static_cast<const float *>(dst->src[2]->data) : nullptr;
    const TileKernel kernel = kernel_set()->*layout_of(matrix).kernel;
    const Columns columns = { static_cast<const uint8_t *>(x->data), x->nb[1], static_cast<int>(x->ne[1]) };
    const auto [first, last] = share(n_tiles(matrix), ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t row = i * tile_rows;
        kernel(tile_at(matrix, i), columns, bias ? bias + row : nullptr, static_cast<float *>(dst->data) + row, static_cast<size_t>(dst->ne[0]));
    }
}

} // namespace

void choose_tiles(ggml_tensor * matrix) {
    const auto * layout = std::find_if(std::begin(layouts), std::end(layouts), [&](const Layout & each) { return each.type == matrix->type; });
    if (layout != std::end(layouts) && kernel_set() && kernel_set()->*layout->kernel) {
        matrix->extra = const_cast<Layout *>(layout);
    }
}

bool is_tiled(const ggml_tensor * matrix) { return matrix->extra != nullptr; }

size_t tiled_bytes(const ggml_tensor * matrix) { return static_cast<size_t>(n_tiles(matrix) * tile_rows) * matrix->nb[1]; }

void store_tiles(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows) {
    const Layout & layout = layout_of(matrix);
    const size_t block = (layout.quants + layout.scales) / tile_rows; // of the file: a row's part of a group
    for (int64_t i = 0; i < n_rows; i++) {
        const Tile tile = tile_at(matrix, (first + i) / tile_rows);
        auto * quants = const_cast<uint8_t *>(tile.quants);
        auto * scales = const_cast<uint8_t *>(tile.scales);
        for (int64_t group = 0; group < n_groups(matrix); group++) {
            layout.store(rows, static_cast<int>((first + i) % tile_rows), quants + static_cast<size_t>(group) * layout.quants,
                         scales + static_cast<size_t>(group) * layout.scales);
            rows += block;
        }
    }
}

ggml_tensor * tile_product(ggml_context * ctx, ggml_tensor * matrix, ggml_tensor * bias, ggml_tensor * x) {
    ggml_tensor * to_round[] = { x, matrix };
    ggml_tensor * rounded =
        ggml_custom_4d(ctx, GGML_TYPE_I8, static_cast<int64_t>(column_bytes(x->ne[0])), ggml_nrows(x), 1, 1, to_round, 2, run_round, GGML_N_TASKS_MAX, nullptr);
    ggml_tensor * factors[] = { matrix, rounded, bias };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, matrix->ne[1], x->ne[1], x->ne[2], x->ne[3], factors, bias ? 3 : 2, run_product, GGML_N_TASKS_MAX, nullptr);
}

const ggml_tensor * tiles_entered(const ggml_tensor * node) {
    const bool enters = node->op == GGML_OP_CUSTOM && node->type == GGML_TYPE_I8 && node->src[1] && is_tiled(node->src[1]);
    return enters ? node->src[1] : nullptr;
}

} // namespace clvp
