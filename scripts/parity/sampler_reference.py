"""What transformers' own logits processors make of made-up logits: test/golden/sampler.json.

    python sampler_reference.py test/golden/sampler.json

The processors are built by generate()'s own method, so order and arithmetic are the reference's. Logits come from the
hash in weights.py (uniform() in test/helpers/checkpoint.js), so a case names only how to make them:
    {vocab, seed, step?: round to multiples of this (makes ties), holes?: every holes-th entry from 0 is -inf}
and its result is `kept`, a bit mask (bit i % 8 of byte i / 8, base64), with `values`, the kept scores (base64).
`tied`: a dropped entry had the same logit as a kept one, so only how many are kept, and their values, can be compared.
A case at whose limit a last bit decides is refused here: such a one would test rounding, not a rule.
"""

import base64
import json
import sys
import warnings

import numpy as np
import torch
from transformers import ClvpDecoderConfig, ClvpForCausalLM, GenerationConfig

import weights

NEUTRAL = {"temperature": 1.0, "topK": 0, "topP": 1.0, "minP": 0.0, "typicalP": 1.0, "repetitionPenalty": 1.0}
NAMES = {
    "temperature": "temperature",
    "topK": "top_k",
    "topP": "top_p",
    "minP": "min_p",
    "typicalP": "typical_p",
    "repetitionPenalty": "repetition_penalty",
}
SEEN = {7: [5, 0, 3, 3], 100: [98, 4, 4, 17, 50], 700: [698, *range(0, 690, 23), 23]}

# Each: the settings that are not neutral, and how its logits differ from the plain ones.
CASES = [
    ({}, {}),
    ({"temperature": 0.8}, {}),
    ({"temperature": 1.7}, {}),
    ({"topK": 3}, {}),
    ({"topK": 1}, {}),
    ({"topK": 50}, {}),
    ({"topP": 0.8}, {}),
    ({"topP": 0.3}, {}),
    ({"topP": 0.0001}, {}),
    ({"minP": 0.05}, {}),
    ({"minP": 1.0}, {}),
    ({"typicalP": 0.2}, {}),
    ({"typicalP": 0.9}, {}),
    ({"repetitionPenalty": 2.0}, {}),
    ({"repetitionPenalty": 0.5}, {}),
    ({"temperature": 0.8, "topK": 50, "topP": 0.8, "repetitionPenalty": 2.0}, {}),
    ({"temperature": 0.6, "topP": 0.7, "minP": 0.02}, {}),
    ({"temperature": 1.3, "topK": 20, "typicalP": 0.6, "repetitionPenalty": 1.2}, {}),
    ({"temperature": 0.9, "topK": 40, "topP": 0.9, "minP": 0.01, "typicalP": 0.8, "repetitionPenalty": 1.5}, {}),
    ({"topK": 4}, {"step": 0.5}),
    ({"topK": 50}, {"step": 0.5}),
    ({"topP": 0.5}, {"step": 1.0}),
    ({"minP": 0.3}, {"step": 0.5}),
    ({"typicalP": 0.5}, {"step": 1.0}),
    ({"temperature": 0.8, "topP": 0.8, "repetitionPenalty": 2.0}, {"holes": 3}),
    ({"topK": 50}, {"holes": 2}),
    ({"minP": 0.1}, {"holes": 5}),
    ({"typicalP": 0.7}, {"holes": 4}),
]


def make_logits(spec):
    logits = weights.uniform(spec["seed"], "logits", spec["vocab"], 6.0)
    if "step" in spec:
        logits = np.floor(logits / np.float32(spec["step"])) * np.float32(spec["step"])
    if "holes" in spec:
        logits[:: spec["holes"]] = -np.inf
    return logits


def process(model, sampling, seen, logits):
    settings = {NAMES[name]: value for name, value in {**NEUTRAL, **sampling}.items()}
    if not settings["min_p"]:
        settings["min_p"] = None  # generate() has no other way to leave it out
    config = GenerationConfig(do_sample=True, **settings)
    processors = model._get_logits_processor(generation_config=config, input_ids_seq_length=1)
    return processors(torch.tensor([seen]), torch.from_numpy(logits.copy())[None])[0].numpy()


def is_settled(model, sampling, seen, logits, kept):
    """Whether a slightly different limit keeps the same entries."""
    for name in ("topP", "minP", "typicalP"):
        for factor in (1 - 2e-5, 1 + 2e-5):
            if name not in sampling or not 0 < sampling[name] * factor < 1:
                continue
            near = {**sampling, name: sampling[name] * factor}
            if not np.array_equal(np.isfinite(process(model, near, seen, logits)), kept):
                return False
    return True


def make_case(model, vocab, number, sampling, extra):
    """The first of several seeds whose result does not hang on a last bit."""
    for attempt in range(50):
        spec = {"vocab": vocab, "seed": 1000 * attempt + number, **extra}
        logits, seen = make_logits(spec), SEEN[vocab]
        scores = process(model, sampling, seen, logits)
        kept = np.isfinite(scores)
        if not is_settled(model, sampling, seen, logits, kept):
            continue
        return {
            "logits": spec,
            "seen": seen,
            "sampling": {**NEUTRAL, **sampling},
            # torch.sort is not stable: which of two equal entries a limit drops is its own affair.
            "tied": bool(np.isin(logits[kept], logits[~kept & np.isfinite(logits)]).any()),
            "kept": base64.b64encode(np.packbits(kept, bitorder="little").tobytes()).decode(),
            "values": base64.b64encode(scores[kept].astype("<f4").tobytes()).decode(),
        }
    raise SystemExit(f"no settled seed for {sampling} {extra} with {vocab} tokens")


def main():
    warnings.simplefilter("ignore")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 700}
    model = ClvpForCausalLM(ClvpDecoderConfig(**sizes, bos_token_id=698, eos_token_id=699))
    cases = [
        make_case(model, vocab, number, sampling, extra)
        for number, (sampling, extra) in enumerate(CASES)
        for vocab in (7, 100, 700)
    ]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(f"  {json.dumps(case)}" for case in cases) + "\n]\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
