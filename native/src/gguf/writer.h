// A GGUF file in the making: clvp.h says what its calls do.
#pragma once

#include "base/file.h"
#include "base/hash.h"
#include "gguf/weight_rows.h"

#include <optional>

namespace clvp {

struct GgufWriter {
    std::string path;
    uint32_t n_threads;
    AbortFlag abort;
    Values values;
    std::vector<GgufTensor> tensors;
    std::vector<std::vector<float>> importance; // of each tensor
    uint64_t data_start = 0;
    std::optional<File> file; // until finish()
    size_t current = 0;       // tensor
    uint64_t n_done = 0;      // of its elements
    Hash hash;                // of its bytes
    std::vector<char> converted;

    ~GgufWriter() {
        if (file) {
            file->discard();
        }
    }
    void set_up(const std::string & path, const Values & values, const std::vector<NewTensor> & tensors, const WriterOptions & options);
    void finish();

    void lay_out();
    WeightRows source_of(const void * data, size_t n_bytes, const std::string & type, uint64_t n_cols_transposed) const;
    void convert_rows(const WeightRows & source, uint64_t first, uint64_t n, char * to) const;
    void write(const WeightRows & source);
    void end_tensor();
    void read_back();
};

} // namespace clvp
