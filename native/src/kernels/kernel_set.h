// Our own CPU kernels, compiled for several kinds of CPU and chosen at run time.
#pragma once

#include "kernels/attend_kernel.h"
#include "kernels/group_norm_kernel.h"
#include "kernels/panel_kernel.h"
#include "kernels/tile_kernel.h"

namespace clvp {

/// The kernels for one kind of CPU. A null kernel leaves that work to GGML.
struct KernelSet {
    const char * name;
    RoundKernel round;
    NormKernel norm;
    ActivationKernel gelu, gelu_tanh;
    uint8_t q8_flip; // XORed into the bytes of Q8_0: 0x80 makes them unsigned, offset by 128
    TileKernel q8_0, q4_0, iq4_nl, q4_k, q6_k;
    StoreKernel store_f16, store_q8_0;
    AttendKernel attend_f16, attend_f32, attend_q8_0;
    PanelKernel<float> panel;
    PanelKernel<ggml_fp16_t> half_panel;
    PanelKernel<ggml_bf16_t> bf16_panel; // of pairs of columns
    PairKernel bf16_pairs;
    EpilogueKernel epilogue;
    GateKernel gate;
    SoftmaxKernel softmax;
    GroupNormKernel group_norm;
};

/// The best set for this CPU, or the one named by the environment variable CLVP_KERNELS. Null if that is "ggml", for
/// comparisons with GGML's own kernels.
const KernelSet * kernel_set();

extern const KernelSet plain_kernels; // any CPU
#ifdef CLVP_X86
extern const KernelSet avx2_kernels;   // AVX2, FMA, F16C
extern const KernelSet avx512_kernels; // AVX-512 F, BW, VL, DQ and VNNI
extern const KernelSet bf16_kernels;   // those and AVX-512 BF16
#elif defined(CLVP_ARM)
extern const KernelSet dotprod_kernels; // dot products of bytes
extern const KernelSet i8mm_kernels;    // those and products of matrices of bytes
#endif

} // namespace clvp
