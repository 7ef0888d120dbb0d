"""How fast torch (MKL, oneDNN) multiplies at the decoder's shapes, as JSON: GFLOP/s, milliseconds, versions.

    python gemm.py THREADS ROWS

`streamed`: each product has weights of its own, 370 MB of F32 in all, as in a step; `cached`: the same ones again and again.
"""

import json
import sys
import time

import torch
import transformers

SHAPES = [(1024, 3072), (1024, 4096), (4096, 1024)]
LAYERS = 8


def best(work, rounds=7):
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def rates(dtype, rows):
    linear = torch.nn.functional.linear
    found = {}
    for n_in, n_out in SHAPES:
        weights = [torch.randn(n_out, n_in).to(dtype) for _ in range(LAYERS)]
        x = torch.randn(rows, n_in).to(dtype)
        flops = 2 * rows * n_in * n_out * LAYERS
        streamed = best(lambda: [linear(x, each) for each in weights])
        cached = best(lambda: [linear(x, weights[0]) for _ in weights])
        found[f"{n_in}x{n_out}"] = {"streamed": flops / streamed / 1e9, "cached": flops / cached / 1e9}
    return found


def main():
    threads, rows = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    with torch.no_grad():
        found = {"f32": rates(torch.float32, rows)}
        if torch.cpu._is_avx512_bf16_supported():
            found["bf16"] = rates(torch.bfloat16, rows)
    print(json.dumps({"rows": rows, "torch": torch.__version__, "transformers": transformers.__version__, "rates": found}))


main()
