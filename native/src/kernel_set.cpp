#include "kernel_set.h"

#include <cstdlib>
#include <string>

namespace clvp {

static const KernelSet * choose() {
    const char * given = getenv("CLVP_KERNELS");
    const std::string wanted = given ? given : "";
#ifdef CLVP_X86
    auto may_be = [&](const KernelSet & each) { return wanted.empty() || wanted == each.name; };
    __builtin_cpu_init();
    if (may_be(avx512_kernels) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni")) {
        return &avx512_kernels;
    }
    if (may_be(avx2_kernels) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
        return &avx2_kernels;
    }
#endif
    return wanted == "ggml" ? nullptr : &plain_kernels;
}

const KernelSet * kernel_set() {
    static const KernelSet * const chosen = choose();
    return chosen;
}

} // namespace clvp
