// The entries that clang's libFuzzer calls. With CLVP_SEEDS=FOLDER the seeds are written there, and nothing else is done.
#include "target.h"

#include <cstdlib>
#include <fstream>

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    if (const char * folder = getenv("CLVP_SEEDS")) {
        int i = 0;
        for (const std::string & seed : fuzz::seeds()) {
            std::ofstream(std::string(folder) + "/seed-" + std::to_string(i++), std::ios::binary) << seed;
        }
        exit(0);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    fuzz::run(data, size);
    return 0;
}
