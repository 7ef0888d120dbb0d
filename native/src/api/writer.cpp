// Writer forwards its calls to GgufWriter.
#include "clvp.h"

#include "base/error.h"
#include "gguf/writer.h"

namespace clvp {

struct Writer::Impl : GgufWriter {};

Writer::Writer(const std::string & path, const Values & values, const std::vector<NewTensor> & tensors, const WriterOptions & options)
    : impl_(guarded([] { return std::make_unique<Impl>(); })) {
    guarded([&] { impl_->set_up(path, values, tensors, options); });
}

Writer::~Writer() = default;

void Writer::append(const void * data, size_t n_bytes, const std::string & source, uint64_t n_cols_transposed) {
    guarded([&] {
        impl_->write(impl_->source_of(data, n_bytes, source, n_cols_transposed));
        if (impl_->n_done == impl_->tensors[impl_->current].n_elements()) {
            impl_->end_tensor();
        }
    });
}

void Writer::finish() {
    guarded([&] { impl_->finish(); });
}

} // namespace clvp
