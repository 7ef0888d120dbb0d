#include "kernels/tile.h"

#include "base/error.h"
#include "kernels/kernel_set.h"
#include "kernels/share.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace clvp {

namespace {

/// The tile layout of a matrix type and its kernel. The `extra` of a tiled tensor points to its layout.
struct Layout {
    ggml_type type;
    size_t quants, scales; // bytes of one group of columns in a tile
    int64_t group;         // columns of a group
    TileKernel KernelSet::* kernel;
    void (*store)(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales); // stores one row's group of columns
};

void copy(uint8_t * to, const uint8_t * from, size_t n) { memcpy(to, from, n); }

/// Q8_0: an F16 scale, then 32 bytes.
void store_q8_0(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block, 2);
    const uint32_t flip = 0x01010101u * kernel_set()->q8_flip;
    for (int j = 0; j < 8; j++) {
        uint32_t four;
        memcpy(&four, block + 2 + j * 4, sizeof four);
        four ^= flip;
        memcpy(quants + (j * tile_rows + row) * 4, &four, sizeof four);
    }
}

/// Q4_0 and IQ4_NL: an F16 scale, then 16 bytes of two codes.
void store_q4_0(const uint8_t * block, int row, uint8_t * quants, uint8_t * scales) {
    copy(scales + row * 2, block, 2);
    for (int j = 0; j < 4; j++) {
        copy(quants + (j * tile_rows + row) * 4, block + 2 + j * 4, 4);
    }
}

/// Q4_K: the F16 scales of scales and of minima, 12 bytes of 6-bit numbers, then four times 32 bytes of two codes.
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

/// The number of values in a row of columns.
int64_t row_numbers(const ggml_tensor * columns) { return columns->ne[0] / static_cast<int64_t>(column_bytes(tile_block)) * tile_block; }

const float * row_of(const ggml_tensor * x, int64_t row) {
    const int64_t i1 = row % x->ne[1], i2 = row / x->ne[1] % x->ne[2], i3 = row / x->ne[1] / x->ne[2];
    return reinterpret_cast<const float *>(static_cast<const char *>(x->data) + static_cast<size_t>(i1) * x->nb[1] + static_cast<size_t>(i2) * x->nb[2] +
                                           static_cast<size_t>(i3) * x->nb[3]);
}

Columns columns_of(const ggml_tensor * tensor) { return { static_cast<const uint8_t *>(tensor->data), tensor->nb[1], static_cast<int>(ggml_nrows(tensor)) }; }

/// src: x
void run_round(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * x = dst->src[0];
    const int64_t n_blocks = x->ne[0] / tile_block;
    auto [block, end] = share(n_blocks * ggml_nrows(x), ith, nth);
    while (block < end) {
        const int64_t row = block / n_blocks, first = block % n_blocks, count = std::min(n_blocks - first, end - block);
        kernel_set()->round(row_of(x, row) + first * tile_block, n_blocks, first, count, data<uint8_t>(dst) + static_cast<size_t>(row) * dst->nb[1]);
        block += count;
    }
}

/// src: x
void run_round_windows(ggml_tensor * dst, int ith, int nth, void * packed) {
    const ggml_tensor * x = dst->src[0];
    const Window window = unpack_window(packed);
    const int64_t tap_blocks = x->ne[0] / tile_block, n_blocks = tap_blocks * window.width, n_frames = x->ne[1];
    const auto [first, last] = share(dst->ne[1] * dst->ne[2], ith, nth);
    for (int64_t row = first; row < last; row++) {
        uint8_t * column = data<uint8_t>(dst) + static_cast<size_t>(row) * dst->nb[1];
        for (int tap = 0; tap < window.width; tap++) {
            const int64_t at = window.frame(row % dst->ne[1], tap);
            if (at >= 0 && at < n_frames) {
                kernel_set()->round(row_of(x, row / dst->ne[1] * n_frames + at), n_blocks, tap * tap_blocks, tap_blocks, column);
            } else {
                clear_blocks(column, n_blocks, tap * tap_blocks, tap_blocks);
            }
        }
    }
}

/// src: x, weight, and the bias if there is one
void run_norm(ggml_tensor * dst, int ith, int nth, void * norm) {
    const ggml_tensor * x = dst->src[0];
    const NormWeights weights = { data<float>(dst->src[1]), dst->src[2] ? data<float>(dst->src[2]) : nullptr, static_cast<const Norm *>(norm)->eps };
    const auto [first, last] = share(ggml_nrows(x), ith, nth);
    for (int64_t row = first; row < last; row++) {
        kernel_set()->norm(row_of(x, row), x->ne[0] / tile_block, weights, data<uint8_t>(dst) + static_cast<size_t>(row) * dst->nb[1]);
    }
}

void add(float * to, const float * x, int n) {
    for (int i = 0; i < n; i++) {
        to[i] += x[i];
    }
}

/// src: matrix, columns, bias or null, residual or null: as contiguous as dst
void run_product(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * matrix = dst->src[0];
    const float * bias = dst->src[2] ? data<float>(dst->src[2]) : nullptr;
    const TileKernel kernel = kernel_set()->*layout_of(matrix).kernel;
    const Columns columns = columns_of(dst->src[1]);
    const auto [first, last] = share(n_tiles(matrix), ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t row = i * tile_rows;
        const Tile tile = tile_at(matrix, i);
        float * out = data<float>(dst) + row;
        kernel(tile, columns, bias ? bias + row : nullptr, out, static_cast<size_t>(dst->ne[0]));
        for (int c = 0; c < columns.n && dst->src[3]; c++) {
            add(out + c * dst->ne[0], data<float>(dst->src[3]) + c * dst->ne[0] + row, tile.n_rows);
        }
    }
}

/// src: matrix, columns, and the bias if there is one
void run_feed(ggml_tensor * dst, int ith, int nth, void * act) {
    constexpr int at_once = 64; // columns: their results stay in the L1 cache
    const ggml_tensor * matrix = dst->src[0];
    const float * bias = dst->src[2] ? data<float>(dst->src[2]) : nullptr;
    const TileKernel kernel = kernel_set()->*layout_of(matrix).kernel;
    const Columns all = columns_of(dst->src[1]);
    const int64_t n_ff = row_numbers(dst), n_blocks = n_ff / tile_block;
    const bool gated = matrix->ne[1] != n_ff;
    auto multiply = [&](int64_t row, const Columns & columns, float (&out)[at_once * tile_block]) { // one block of matrix rows, starting at `row`
        for (int64_t i = 0; i < tile_block; i += tile_rows) {
            kernel(tile_at(matrix, (row + i) / tile_rows), columns, bias ? bias + row + i : nullptr, out + i, tile_block);
        }
    };
    const auto [first, last] = share(n_blocks, ith, nth);
    for (int64_t block = first; block < last; block++) {
        for (int from = 0; from < all.n; from += at_once) {
            const Columns columns = { all.data + static_cast<size_t>(from) * all.stride, all.stride, std::min(at_once, all.n - from) };
            float values[at_once * tile_block], gates[at_once * tile_block];
            const int n = columns.n * tile_block;
            multiply(block * tile_block, columns, values);
            if (gated) {
                multiply(n_ff + block * tile_block, columns, gates);
            }
            (*static_cast<const ActivationKernel *>(act))(gated ? gates : values, n);
            for (int i = 0; i < n && gated; i++) {
                values[i] *= gates[i];
            }
            for (int c = 0; c < columns.n; c++) {
                kernel_set()->round(values + c * tile_block, n_blocks, block, 1, data<uint8_t>(dst) + static_cast<size_t>(from + c) * dst->nb[1]);
            }
        }
    }
}

} // namespace

void choose_tiles(ggml_tensor * matrix) {
    const auto * layout = std::find_if(std::begin(layouts), std::end(layouts), [&](const Layout & each) { return each.type == matrix->type; });
    if (layout != std::end(layouts) && kernel_set() && kernel_set()->*layout->kernel) {
        matrix->extra = const_cast<Layout *>(layout);
    }
}

bool is_tiled(const ggml_tensor * matrix) { return matrix->extra >= std::begin(layouts) && matrix->extra < std::end(layouts); }

size_t tiled_bytes(const ggml_tensor * matrix) { return static_cast<size_t>(n_tiles(matrix) * tile_rows) * matrix->nb[1]; }

void store_tiles(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows) {
    const Layout & layout = layout_of(matrix);
    const size_t block = (layout.quants + layout.scales) / tile_rows; // in the file: one row's part of a group
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

/// Columns for n_rows rows of n numbers in each batch of `like`. The name identifies the node in graph dumps.
static ggml_tensor * new_columns(ggml_context * ctx, const char * name, int64_t n, int64_t n_rows, const ggml_tensor * like,
                                 std::initializer_list<ggml_tensor *> from, ggml_custom_op_t run, const void * userdata) {
    std::vector<ggml_tensor *> sources(from);
    ggml_tensor * columns = ggml_custom_4d(ctx, GGML_TYPE_I8, static_cast<int64_t>(column_bytes(n)), n_rows, like->ne[2], like->ne[3], sources.data(),
                                           static_cast<int>(sources.size()), run, GGML_N_TASKS_MAX, const_cast<void *>(userdata));
    return ggml_set_name(columns, name);
}

ggml_tensor * tile_round(ggml_context * ctx, ggml_tensor * x) { return new_columns(ctx, "round", x->ne[0], x->ne[1], x, { x }, run_round, nullptr); }

ggml_tensor * tile_windows(ggml_context * ctx, ggml_tensor * x, const Window & window) {
    return new_columns(ctx, "round", window.width * x->ne[0], window.count(x->ne[1]), x, { x }, run_round_windows, pack_window(window, window.stride));
}

ggml_tensor * tile_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x) {
    return new_columns(ctx, "norm", x->ne[0], x->ne[1], x, { x, norm.weight, norm.bias }, run_norm, &norm);
}

ggml_tensor * tile_product(ggml_context * ctx, const Linear & layer, ggml_tensor * columns, ggml_tensor * residual) {
    residual = residual && !ggml_is_contiguous(residual) ? ggml_cont(ctx, residual) : residual;
    ggml_tensor * sources[] = { layer.weight, columns, layer.bias, residual };
    ggml_tensor * product = ggml_custom_4d(ctx, GGML_TYPE_F32, layer.weight->ne[1], columns->ne[1], columns->ne[2], columns->ne[3], sources, 4, run_product,
                                           GGML_N_TASKS_MAX, nullptr);
    return ggml_set_name(product, "product");
}

const ActivationKernel * tile_activation(const std::string & name) {
    static const std::map<std::string, ActivationKernel KernelSet::*> known = {
        { "gelu", &KernelSet::gelu },
        { "gelu_python", &KernelSet::gelu },
        { "gelu_new", &KernelSet::gelu_tanh },
        { "gelu_pytorch_tanh", &KernelSet::gelu_tanh },
        { "gelu_fast", &KernelSet::gelu_tanh },
        { "gelu_accurate", &KernelSet::gelu_tanh },
        { "gelu_python_tanh", &KernelSet::gelu_tanh },
    };
    const auto found = known.find(name);
    return found == known.end() ? nullptr : &(kernel_set()->*found->second);
}

ggml_tensor * tile_feed(ggml_context * ctx, const Linear & up, const ActivationKernel & act, int64_t n_ff, ggml_tensor * columns) {
    return new_columns(ctx, "up", n_ff, columns->ne[1], columns, { up.weight, columns, up.bias }, run_feed, &act);
}

bool is_tile_product(const ggml_tensor * node) { return node->op == GGML_OP_CUSTOM && node->src[1] && is_tiled(node->src[0]); }

void expand(const uint8_t * column, int64_t n_in, float * out) {
    const Column from = column_at({ column, 0, 1 }, 0, n_in / tile_block);
    for (int64_t i = 0; i < n_in; i++) {
        out[i] = static_cast<float>(reinterpret_cast<const int8_t *>(from.quants)[i]) * from.parts[i / tile_block].scale;
    }
}

} // namespace clvp
