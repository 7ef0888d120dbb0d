// The core without Node: draws candidates for text ids in a voice and ranks them.
//
//     clvp_example MODEL.gguf VOICE.wav ID,ID,... [CANDIDATES]
//
// Text ids come from the tokenizer in lib/ ('clvp explain MODEL TEXT' prints them).

#include "clvp.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

static std::vector<char> read_file(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw clvp::Error(clvp::Code::io, "could not read " + path);
    }
    return { std::istreambuf_iterator<char>(file), {} };
}

static std::vector<int32_t> parse_ids(const std::string & text) {
    std::vector<int32_t> ids;
    std::stringstream stream(text);
    for (std::string id; std::getline(stream, id, ',');) {
        ids.push_back(std::atoi(id.c_str()));
    }
    return ids;
}

static void run(const std::string & model_path, const std::string & voice_path, const std::vector<int32_t> & text_ids, uint32_t n_candidates) {
    const auto model = clvp::Model::load(model_path);
    clvp::Session session(model);

    const std::vector<char> bytes = read_file(voice_path);
    const clvp::Audio clip = clvp::decode_audio(bytes.data(), bytes.size());
    const std::vector<float> voice = session.condition(session.mel(clip.resampled(model->params().mel.sample_rate)));

    clvp::GenerateOptions options;
    options.n_candidates = n_candidates;
    options.max_tokens = std::min(options.max_tokens, model->params().max_tokens());
    options.seed = 1;
    const auto found = session.generate(clvp::TextPrompt{ text_ids, voice }, options).candidates;
    const auto scores = session.score(text_ids, clvp::fix_codes(found, model->params())).scores;

    std::vector<size_t> order(found.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    for (size_t i : order) {
        printf("candidate %2u  score %8.4f  %3zu codes\n", found[i].index, static_cast<double>(scores[i]), found[i].tokens.size());
    }
}

int main(int argc, char ** argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s MODEL.gguf VOICE.wav ID,ID,... [CANDIDATES]\n", argv[0]);
        return 2;
    }
    try {
        run(argv[1], argv[2], parse_ids(argv[3]), argc > 4 ? static_cast<uint32_t>(std::atoi(argv[4])) : 4);
    } catch (const clvp::Error & error) {
        fprintf(stderr, "%s: %s\n", clvp::code_name(error.code), error.what());
        return 1;
    }
    return 0;
}
