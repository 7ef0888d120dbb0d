#!/usr/bin/env bash
# All that needs an NVIDIA GPU, in one run of some eight minutes: builds the core with CUDA, holds it against golden files and against transformers on
# the same GPU, tries faults of the device, and measures both. Needs no network, but for a machine that lacks Node, packages and GGML's sources a
# file of pack.mjs. Needs nvcc, CMake, ninja, a C++ compiler, and a Python with PyTorch and transformers.
#
#   scripts/devices/gpu.sh [--pack FILE.tar.xz] [--out DIR] [--device cuda] [--quick]
#
#   --pack FILE    unpack this first (made by: node scripts/devices/pack.mjs FILE)
#   --out DIR      where the logs and gpu.json go (default: gpu-results)
#   --device NAME  another device: 'cpu' tries the script where there is no GPU
#   --quick        little of everything, to see that all works; its figures mean nothing
#
# A step that fails or takes too long is told, and the others go on. Ends with 1 if one failed.
set -uo pipefail
cd "$(dirname "$0")/../.."

pack='' out=gpu-results device=cuda quick=''
while [ $# -gt 0 ]; do
  case $1 in
    --pack) pack=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --device) device=$2; shift 2 ;;
    --quick) quick=--quick; shift ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
mkdir -p "$out"
out=$(realpath "$out")
node=node
if [ -n "$pack" ]; then
  tar -xJf "$pack" --exclude=./node
  mkdir -p .cache/gpu
  tar -xJf "$pack" -C .cache/gpu ./node
  node=$PWD/.cache/gpu/node
fi
export NODE_CLVP_PREBUILD=$PWD/.build/gpu CLVP_TEST_DEVICE=$device
failed=0
: >"$out/steps.tsv"

# step NAME SECONDS COMMAND...: the output goes to DIR/NAME.log, its last lines to the terminal.
step() {
  local name=$1 limit=$2 begun=$SECONDS status
  shift 2
  timeout "$limit" "$@" >"$out/$name.log" 2>&1
  status=$?
  [ $status -eq 0 ] || failed=1
  printf '%s\t%d\t%d\n' "$name" $status $((SECONDS - begun)) | tee -a "$out/steps.tsv"
  [ $status -eq 0 ] || tail -n 15 "$out/$name.log"
}

configure() {
  local cuda=()
  if [ "$device" = cuda ]; then
    # Only this GPU's code, and of attention only the kernels for halves.
    cuda=(-DCLVP_BACKENDS=cuda -DCMAKE_CUDA_ARCHITECTURES=native -DGGML_CUDA_NCCL=OFF -DGGML_CUDA_FA_QUANTS=f16-f16)
  fi
  cmake -S . -B .build/gpu/objects -G Ninja "${cuda[@]}" -DCLVP_ADDON=ON -DCLVP_TESTS=ON \
    "-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$PWD/.build/gpu/build/Release"
}

export -f configure
export device
step configure 60 bash -c configure
step build 400 cmake --build .build/gpu/objects --parallel "$(nproc)"
step devices 30 "$node" dist/lib/cli/main.js devices
step limits 60 python3 scripts/devices/gpu_limits.py "$out/limits.json" ${quick:+--quick}
step native 60 .build/gpu/objects/clvp_tests devices
step golden 120 bash -c 'status=0; for file in $(find test -name "parity-*.test.js"); do "$0" "$file" || status=1; done; exit $status' "$node"
if [ -n "$quick" ]; then recipe=plain; else recipe=full; fi
step live 150 "$node" scripts/parity/live.mjs --only "$recipe" --device "$device" --reference-device "$device" --python "$(command -v python3)"
step faults 60 "$node" scripts/devices/gpu_faults.mjs "$device"
step bench 240 "$node" scripts/devices/gpu_bench.mjs --device "$device" --out "$out/gpu.json" $quick
cat "$out/bench.log"
exit $failed
