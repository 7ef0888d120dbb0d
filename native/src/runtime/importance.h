// Importance of the input columns of weight matrices: the mean square of their inputs.
#pragma once

#include "clvp/towers.h"

#include "runtime/backend.h"

#include <map>

namespace clvp {

class ImportanceCollector : public NodeObserver {
public:
    /// Observes products with matrices of this context, which holds a model's weights.
    explicit ImportanceCollector(ggml_context * weights);

    bool wants(const ggml_tensor * node) override;
    void see(const ggml_tensor * node) override;

    /// Means for each matrix that was used, sorted by name. Throws model_format if a mean is NaN or infinite.
    std::vector<ColumnImportance> means() const;

private:
    struct Sums {
        uint64_t n_rows = 0;
        std::vector<double> squares; // [n_in]
    };

    Sums * find(const ggml_tensor * weight);

    std::map<std::string, Sums> sums_;
    std::vector<uint8_t> bytes_;
};

} // namespace clvp
