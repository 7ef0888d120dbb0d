"""What a GPU can do at most: bytes read a second, and products a second, by type. Prints and writes JSON.

    python gpu_limits.py FILE.json [--quick]
"""

import json
import sys
import time

import torch


def seconds(work, rounds):
    """The shortest of some rounds."""
    found = []
    for _ in range(rounds):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - started)
    return min(found)


def read_rate(device, n_bytes):
    """Bytes a second of a sum, which reads all and writes nothing to speak of."""
    data = torch.ones(n_bytes // 4, device=device)
    return n_bytes / seconds(data.sum, 5)


def product_rate(device, n, dtype, tf32=False):
    """Operations a second of a square product."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    a, b = (torch.randn(n, n, device=device, dtype=torch.float32).to(dtype) for _ in range(2))
    return 2 * n**3 / seconds(lambda: a @ b, 5)


def main():
    path, quick = sys.argv[1], "--quick" in sys.argv
    device = "cuda" if torch.cuda.is_available() else "cpu"
    n = 1024 if quick or device == "cpu" else 8192
    found = {
        "device": torch.cuda.get_device_name(0) if device == "cuda" else "cpu",
        "torch": torch.__version__,
        "readGBs": read_rate(device, 2**28 if quick else 2**32) / 1e9,
        "tflops": {
            "f32": product_rate(device, n, torch.float32) / 1e12,
            "tf32": product_rate(device, n, torch.float32, tf32=True) / 1e12,
            "bf16": product_rate(device, n, torch.bfloat16) / 1e12,
        },
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)
    print(json.dumps(found, indent=2))


main()
