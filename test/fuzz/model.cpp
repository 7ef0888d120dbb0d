// Any bytes as a whole model file, loaded and run: an error, or finite numbers.
#include "../native/tiny_model.h"
#include "target.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace fuzz {

std::vector<std::string> seeds() {
    std::vector<std::string> list;
    for (const char * type : { "f32", "q8_0" }) {
        std::ifstream file(tiny::write(type), std::ios::binary);
        list.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return list;
}

void run(const uint8_t * data, size_t size) {
    static const std::string path = "fuzzed.gguf";
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char *>(data), static_cast<std::streamsize>(size));
    try {
        clvp::Session session(clvp::Model::load(path), { 1 });
        clvp::GenerateOptions options;
        options.max_tokens = 2;
        const auto drawn = session.generate(tiny::prompt(), options).candidates;
        for (const float each : session.embed_speech({ drawn[0].tokens })) {
            if (!std::isfinite(each)) {
                abort();
            }
        }
    } catch (const clvp::Error &) {
    }
}

} // namespace fuzz
