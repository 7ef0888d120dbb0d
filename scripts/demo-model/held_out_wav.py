"""The held-out sentences as espeak-ng's sound, for score_recordings.mjs.

    python held_out_wav.py --count 64 --out DIR

Writes DIR/000.wav, ... (22,050 Hz, 16 bits, untrimmed, in the voice that the model never learned from) and DIR/texts.json: of each its
text and near misses. They are the sentences of held_out.py.
"""

import argparse
import json
import random
import wave
from pathlib import Path

from held_out import MISSES, SEED, held_out
from sentences import near_misses
from speech import HELD_OUT, RATE, Espeak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    espeak, rng, found = Espeak(), random.Random(SEED), []
    for i, text in enumerate(held_out(options.count)):
        samples, _ = espeak.speak(text, HELD_OUT)
        with wave.open(str(options.out / f"{i:03}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
        found.append({"text": text, "misses": near_misses(text, MISSES, rng)})
    (options.out / "texts.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
