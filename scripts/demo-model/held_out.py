"""What the demo model is measured on: sentences and voices that it never learned from, and what transformers makes of them.

    python held_out.py --model DIR --voice demo/voice.wav --out DIR

Writes DIR/held_out.json:
- `sentences`: of each its text, near misses, espeak-ng's own rendering in the held-out voice as codes and as float32 log mel [frames, 80] (base64), and,
  of the first ones, the ids that transformers' generate() gives greedily
- `voices`: of each the path of a clip, and `true`: the paths of espeak-ng's renderings of the first SPOKEN sentences in it
"""

import argparse
import base64
import json
import random
import wave
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import ClvpModelForConditionalGeneration, ClvpProcessor

import codebook
import corpus
from sentences import near_misses, passage, sentences
from speech import CLIP_TEXT, HELD_OUT, MEASURED, N_MELS, RATE, code_frames, say, write_wav

SEED = 77
MISSES = 16
SPOKEN = 8  # sentences that each measured voice says


def held_out(count):
    """Sentences that are no family's, and whose near misses are none either."""
    learned = {text for family in corpus.families()[0] for text in family}
    return sentences(count, SEED, without=learned, draw=passage)


@torch.no_grad()
def greedy(model, processor, text, samples):
    inputs = processor(raw_speech=samples, sampling_rate=RATE, text=text.lower(), return_tensors="pt")
    found = model.generate(
        input_ids=inputs["input_ids"], input_features=inputs["input_features"], do_sample=False, return_dict_in_generate=True, top_p=None, temperature=None
    )
    return found.speech_ids[0].tolist()


def read_wav(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def measured_sentences(options, texts, centres):
    model, processor = ClvpModelForConditionalGeneration.from_pretrained(options.model).eval(), ClvpProcessor.from_pretrained(options.model)
    clip = read_wav(options.voice)
    rng, found = random.Random(SEED), []
    for i, text in enumerate(texts):
        samples = say(text, HELD_OUT)
        mel = code_frames(samples)
        found.append(
            {
                "text": text,
                "misses": near_misses(text, MISSES, rng),
                "true": write_wav(options.out / f"true-{i:03}.wav", samples),
                "codes": codebook.assign(mel.flatten(1), centres).tolist(),
                "mel": base64.b64encode(mel.reshape(-1, N_MELS).contiguous().numpy().tobytes()).decode(),
                "greedy": greedy(model, processor, text, clip) if i < options.greedy else None,
            }
        )
    return found


def measured_voices(folder, texts):
    return [
        {
            "name": f"en-us{voice.variant} at {voice.pitch}",
            "clip": write_wav(folder / f"voice-{v:02}.wav", say(CLIP_TEXT, voice)),
            "true": [write_wav(folder / f"voice-{v:02}-{i}.wav", say(text, voice)) for i, text in enumerate(texts[:SPOKEN])],
        }
        for v, voice in enumerate(MEASURED)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--voice", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--greedy", type=int, default=100)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    centres = load_file(options.model / "codebook.safetensors")["codebook"].float().flatten(1)
    texts = held_out(options.count)
    found = {"sentences": measured_sentences(options, texts, centres), "voices": measured_voices(options.out, texts)}
    (options.out / "held_out.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
