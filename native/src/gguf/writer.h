// A GGUF file that is being written. clvp.h documents the calls.
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
    std::optional<File> file; // open until finish()
    size_t current = 0;       // index of the tensor being written
    uint64_t n_done = 0;      // elements of it that are written
    Hash hash;                // of the bytes written to it
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
