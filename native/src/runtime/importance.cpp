#include "runtime/importance.h"

#include "kernels/tile.h"

#include <cmath>
#include <cstring>

namespace clvp {

ImportanceCollector::ImportanceCollector(ggml_context * weights) {
    for (ggml_tensor * each = ggml_get_first_tensor(weights); each; each = ggml_get_next_tensor(weights, each)) {
        if (ggml_n_dims(each) == 2) {
            sums_[each->name].squares.resize(static_cast<size_t>(each->ne[0]));
        }
    }
}

/// The scheduler names a copy for another device "device#name#number".
static std::string own_name(const ggml_tensor * tensor) {
    const std::string name = tensor->name;
    const size_t from = name.find('#'), to = name.rfind('#');
    return from == to ? name : name.substr(from + 1, to - from - 1);
}

ImportanceCollector::Sums * ImportanceCollector::find(const ggml_tensor * weight) {
    const auto found = sums_.find(own_name(weight));
    return found == sums_.end() ? nullptr : &found->second;
}

static bool is_product(const ggml_tensor * node) { return is_tile_product(node) || (node->op == GGML_OP_MUL_MAT && node->src[1]->type == GGML_TYPE_F32); }

bool ImportanceCollector::wants(const ggml_tensor * node) { return is_product(node) && find(node->src[0]) != nullptr; }

void ImportanceCollector::see(const ggml_tensor * node) {
    const ggml_tensor * x = node->src[1]; // [n_in, ...]: F32, or columns of a product in tiles
    Sums & sums = *find(node->src[0]);
    bytes_.resize(ggml_nbytes(x));
    ggml_backend_tensor_get(x, bytes_.data(), 0, bytes_.size());
    std::vector<float> values(sums.squares.size());
    for (int64_t row = 0; row < ggml_nrows(x); row++) {
        const int64_t i1 = row % x->ne[1], i2 = row / x->ne[1] % x->ne[2], i3 = row / x->ne[1] / x->ne[2];
        const uint8_t * at = bytes_.data() + static_cast<size_t>(i1) * x->nb[1] + static_cast<size_t>(i2) * x->nb[2] + static_cast<size_t>(i3) * x->nb[3];
        if (x->type == GGML_TYPE_F32) {
            memcpy(values.data(), at, values.size() * sizeof(float));
        } else {
            expand(at, static_cast<int64_t>(values.size()), values.data());
        }
        for (size_t i = 0; i < values.size(); i++) {
            sums.squares[i] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
        }
    }
    sums.n_rows += static_cast<uint64_t>(ggml_nrows(x));
}

std::vector<ColumnImportance> ImportanceCollector::means() const {
    std::vector<ColumnImportance> list;
    for (const auto & [name, sums] : sums_) {
        if (sums.n_rows == 0) {
            continue; // an embedding table, or a tower that no call has used
        }
        ColumnImportance entry;
        entry.name = name;
        entry.n_rows = sums.n_rows;
        for (double square : sums.squares) {
            entry.mean_squares.push_back(static_cast<float>(square / static_cast<double>(sums.n_rows)));
            if (!std::isfinite(entry.mean_squares.back())) {
                fail(Code::model_format,
                     "the inputs of the tensor %s are NaN, infinite or too large: calibrate with a model of type bf16 or f32, and check the file with clvp "
                     "verify",
                     name.c_str());
            }
        }
        list.push_back(std::move(entry));
    }
    return list;
}

} // namespace clvp
