// Any bytes as a clip: WAV, FLAC, MP3 or Ogg Vorbis, brought to another rate.
#include "../native/audio_files.h"
#include "target.h"

namespace fuzz {

std::vector<std::string> seeds() {
    std::vector<std::string> list;
    for (const char * name : { "tone.flac", "tone.mp3", "tone.ogg", "tone.wav" }) {
        const auto bytes = test::fixture(name);
        list.emplace_back(bytes.begin(), bytes.end());
    }
    const auto small = test::s16(std::vector<int16_t>(600, 1000)).file();
    list.emplace_back(small.begin(), small.end());
    return list;
}

void run(const uint8_t * data, size_t size) {
    try {
        const clvp::Audio audio = clvp::decode_audio(data, size, 0.5);
        audio.resampled(22050);
    } catch (const clvp::Error &) {
    }
}

} // namespace fuzz
