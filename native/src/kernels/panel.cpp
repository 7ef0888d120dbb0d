#include "kernels/panel.h"

#include "kernels/kernel_set.h"
#include "kernels/share.h"

#include <cstring>

namespace clvp {

namespace {

/// The `extra` of a matrix in panels points here.
char panelled;

bool has_kernel(const ggml_tensor * matrix) {
    if (!kernel_set()) {
        return false;
    }
    switch (matrix->type) {
    case GGML_TYPE_F32: return true;
    case GGML_TYPE_F16: return kernel_set()->half_panel != nullptr;
    // No pair may reach from one tap of a convolution into the next. Their number is odd, so all of a row is even if a tap is.
    case GGML_TYPE_BF16: return matrix->ne[0] % 2 == 0;
    default: return false;
    }
}

/// Columns of a row that lie side by side.
int64_t group_of(const ggml_tensor * matrix) { return matrix->type == GGML_TYPE_BF16 ? 2 : 1; }

} // namespace

void choose_panels(ggml_tensor * matrix) {
    if (has_kernel(matrix)) {
        matrix->extra = &panelled;
    }
}

bool is_panelled(const ggml_tensor * matrix) { return matrix->extra == &panelled; }

int64_t n_panels(const ggml_tensor * matrix) { return (matrix->ne[1] + panel_width - 1) / panel_width; }

size_t panelled_bytes(const ggml_tensor * matrix) { return static_cast<size_t>(n_panels(matrix) * panel_width * matrix->ne[0]) * ggml_type_size(matrix->type); }

void store_panels(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows) {
    const int64_t n_in = matrix->ne[0], group = group_of(matrix);
    const size_t size = static_cast<size_t>(group) * ggml_type_size(matrix->type), step = panel_width * size;
    const auto place = [&](int64_t row) {
        return data<uint8_t>(matrix) + static_cast<size_t>(row / panel_width * (n_in / group) * panel_width + row % panel_width) * size;
    };
    for (int64_t i = first; i < first + n_rows; i++) {
        uint8_t * to = place(i);
        for (int64_t k = 0; k < n_in; k += group, rows += size, to += step) {
            memcpy(to, rows, size);
        }
    }
    for (int64_t i = matrix->ne[1]; first + n_rows == matrix->ne[1] && i % panel_width != 0; i++) { // the rows that only fill the last panel
        uint8_t * to = place(i);
        for (int64_t k = 0; k < n_in; k += group, to += step) {
            memset(to, 0, size);
        }
    }
}

} // namespace clvp
