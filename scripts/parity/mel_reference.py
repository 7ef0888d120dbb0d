#!/usr/bin/env python3
"""What transformers' ClvpFeatureExtractor makes of short synthetic clips: writes test/golden/mel.json.

    mel_reference.py [--out test/golden/mel.json]
    mel_reference.py --wav FILE --out OUT [--config preprocessor_config.json]   all frames of a 16-bit mono WAV file

Samples are not stored but made again by who compares. In 64-bit floats, rounded to 32 bits at the end:

    sample[i] = sum over tones of amplitude * sin(2 * pi * hertz * i / sample_rate)  +  noise * (hash(i, seed) / 2^31 - 1)
    hash(i, seed): x = i + seed * 0x9E3779B9;  x ^= x >> 16;  x *= 0x7FEB352D;  x ^= x >> 15;  x *= 0x846CA68B;  x ^= x >> 16
                   all modulo 2^32

Each case has the configuration as preprocessor_config.json spells it, the clip, the whole size [n_mels, n_frames], and
"values": some frames, each with all its channels, as shortest decimals that give back the float32.
"""

import argparse
import json
import wave
from pathlib import Path

import numpy as np
from transformers import ClvpFeatureExtractor

DEFAULT = {"feature_size": 80, "sampling_rate": 22050, "default_audio_length": 6, "hop_length": 256, "n_fft": 1024, "mel_norms": None}
# Every size odd in some way: n_fft neither even nor a power of two, a rate that is not twice a whole number.
ODD = {
    "feature_size": 41,
    "sampling_rate": 16001,
    "default_audio_length": 2,
    "hop_length": 150,
    "n_fft": 441,
    "mel_norms": [round(-2.5 - 0.1 * channel, 6) for channel in range(41)],
}
VOICE = {"seed": 1, "samples": 132300, "noise": 0.01, "tones": [[0.3, 220.0], [0.2, 1234.5], [0.05, 7000.0]]}
SHORT = {"seed": 2, "samples": 9000, "noise": 0.0, "tones": [[0.5, 440.0]]}  # silence follows
HISS = {"seed": 3, "samples": 40000, "noise": 0.5, "tones": []}  # longer than two seconds: it is cut


def make_samples(clip, rate):
    i = np.arange(clip["samples"], dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    x = (i + np.uint64(clip["seed"] * 0x9E3779B9 & 0xFFFFFFFF)) & mask
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & mask
    x ^= x >> np.uint64(16)
    total = clip["noise"] * (x.astype(np.float64) / 2**31 - 1)
    for amplitude, hertz in clip["tones"]:
        total += amplitude * np.sin(2 * np.pi * hertz * i.astype(np.float64) / rate)
    return total.astype(np.float32)


def features(config, samples):
    extractor = ClvpFeatureExtractor(**config)
    return extractor(samples, sampling_rate=config["sampling_rate"], return_tensors="np")["input_features"][0]


def plain(frame):
    """Shortest decimals of float32 values."""
    return [float(str(value)) for value in frame.astype(np.float32)]


def case(name, config, clip):
    mel = features(config, make_samples(clip, config["sampling_rate"]))
    n_frames = mel.shape[1]
    # Both reflected ends, the end of a short clip, and frames in between.
    wanted = {0, 1, 2, 3, 100, 101, n_frames - 3, n_frames - 2, n_frames - 1}
    wanted |= {clip["samples"] // config["hop_length"] + shift for shift in (-2, -1, 0, 1)}
    frames = sorted(frame for frame in wanted if frame < n_frames)
    return {
        "name": name,
        "config": config,
        "clip": clip,
        "shape": list(mel.shape),
        "frames": frames,
        "values": [plain(mel[:, frame]) for frame in frames],
    }


def whole_file(path, config):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (config["sampling_rate"], 1, 2)
        samples = (np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768).astype(np.float32)
    mel = features(config, samples)
    frames = list(range(mel.shape[1]))
    return {"name": path, "config": config, "shape": list(mel.shape), "frames": frames, "values": [plain(mel[:, f]) for f in frames]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    golden = Path(__file__).resolve().parents[2] / "test" / "golden" / "mel.json"
    parser.add_argument("--out", type=Path, default=golden)
    parser.add_argument("--wav")
    parser.add_argument("--config", type=Path)
    args = parser.parse_args()
    config = DEFAULT
    if args.config:
        given = json.loads(args.config.read_text())
        config = {key: given.get(key, value) for key, value in DEFAULT.items()}
    if args.wav:
        cases = [whole_file(args.wav, config)]
    else:
        cases = [case("voice", DEFAULT, VOICE), case("short", DEFAULT, SHORT), case("odd-hiss", ODD, HISS), case("odd-short", ODD, SHORT)]
    lines = ",\n".join("  " + json.dumps(one) for one in cases)
    args.out.write_text('{"formula": "scripts/parity/mel_reference.py", "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
