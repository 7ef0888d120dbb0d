// A device of another process: GGML's server over this machine's CPU. What is on it no pointer of the client can reach, so graphs
// that run there use GGML's backend API only. For scripts/devices/parity.mjs; no part of the package.
#include "ggml-cpu.h"
#include "ggml-rpc.h"

#include <cstdio>

int main(int argc, char ** argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s HOST:PORT\n", argv[0]);
        return 2;
    }
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    ggml_backend_rpc_start_server(argv[1], nullptr, 1, 1, &cpu);
    return 0;
}
