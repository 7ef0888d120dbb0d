#include "kernels/kernel_set.h"

#include <cstdlib>
#include <string>

#ifdef CLVP_X86
#include <cpuid.h>
#elif defined(CLVP_ARM) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(CLVP_ARM) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace clvp {

#ifdef CLVP_X86
/// __builtin_cpu_supports() knows F16C in GCC, but not in Clang 14.
static bool has_f16c() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}
#endif

#ifdef CLVP_ARM
struct ArmFeatures {
    bool dotprod = false, i8mm = false;
};

static ArmFeatures arm_features() {
#if defined(__linux__)
    constexpr unsigned long has_dotprod = 1ul << 20, has_i8mm = 1ul << 13; // HWCAP_ASIMDDP, HWCAP2_I8MM: older headers lack them
    return { (getauxval(AT_HWCAP) & has_dotprod) != 0, (getauxval(AT_HWCAP2) & has_i8mm) != 0 };
#elif defined(__APPLE__)
    const auto has = [](const char * name) {
        int value = 0;
        size_t size = sizeof value;
        return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
    };
    return { has("hw.optional.arm.FEAT_DotProd"), has("hw.optional.arm.FEAT_I8MM") };
#else
    return {};
#endif
}
#endif

static const KernelSet * choose() {
    const char * given = getenv("CLVP_KERNELS");
    const std::string wanted = given ? given : "";
#ifdef CLVP_X86
    auto may_be = [&](const KernelSet & each) { return wanted.empty() || wanted == each.name; };
    __builtin_cpu_init();
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
    if (may_be(bf16_kernels) && has_avx512 && __builtin_cpu_supports("avx512bf16")) {
        return &bf16_kernels;
    }
    if (may_be(avx512_kernels) && has_avx512) {
        return &avx512_kernels;
    }
    if (may_be(avx2_kernels) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c()) {
        return &avx2_kernels;
    }
#endif
#ifdef CLVP_ARM
    const ArmFeatures features = arm_features();
    if ((wanted.empty() || wanted == i8mm_kernels.name) && features.dotprod && features.i8mm) {
        return &i8mm_kernels;
    }
    if ((wanted.empty() || wanted == dotprod_kernels.name) && features.dotprod) {
        return &dotprod_kernels;
    }
#endif
    return wanted == "ggml" ? nullptr : &plain_kernels;
}

const KernelSet * kernel_set() {
    static const KernelSet * const chosen = choose();
    return chosen;
}

} // namespace clvp
