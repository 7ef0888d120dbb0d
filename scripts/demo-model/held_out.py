"""What the demo model is measured on: sentences and a voice that it never learned from, and what transformers makes of them.

    python held_out.py --model DIR --voice demo/voice.wav --out DIR

Writes held_out.json: of each sentence its text, near misses, espeak-ng's own rendering as codes and as float32 log mel
[frames, 80] (base64), and the ids that transformers' generate() gives greedily.
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
from sentences import near_misses, sentences
from speech import HELD_OUT, N_MELS, code_frames, say

SEED = 77
MISSES = 16


def held_out(count):
    """Sentences that are no family's, and whose near misses are none either."""
    rng = random.Random(corpus.SEED)
    learned = {text for family in sentences(corpus.FAMILIES, corpus.SEED) for text in (family, *near_misses(family, corpus.MISSES, rng))}
    return sentences(count, SEED, without=learned)


@torch.no_grad()
def greedy(model, processor, text, samples):
    inputs = processor(raw_speech=samples, sampling_rate=22050, text=text, return_tensors="pt")
    found = model.generate(
        input_ids=inputs["input_ids"], input_features=inputs["input_features"], do_sample=False, return_dict_in_generate=True, top_p=None, temperature=None
    )
    return found.speech_ids[0].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--voice", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--greedy", type=int, default=100)
    options = parser.parse_args()
    model, processor = ClvpModelForConditionalGeneration.from_pretrained(options.model).eval(), ClvpProcessor.from_pretrained(options.model)
    centres = load_file(options.model / "codebook.safetensors")["codebook"].float().flatten(1)
    with wave.open(str(options.voice)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768
    rng, found = random.Random(SEED), []
    for i, text in enumerate(held_out(options.count)):
        mel = code_frames(say(text, HELD_OUT))
        found.append(
            {
                "text": text,
                "misses": near_misses(text, MISSES, rng),
                "codes": codebook.assign(mel.flatten(1), centres).tolist(),
                "mel": base64.b64encode(mel.reshape(-1, N_MELS).contiguous().numpy().tobytes()).decode(),
                "greedy": greedy(model, processor, text, samples) if i < options.greedy else None,
            }
        )
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "held_out.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
