"""Beam search by transformers' generate() on the tiny recipes: rows and scores, for test/golden/beam.json.

    python beam_reference.py --recipes test/fixtures/recipes.json --write-golden test/golden/beam.json

For each recipe its first clip, its last text, and the combinations below; a row is its tokens after bos, the stop
included, without padding.
"""

import argparse
import json

import torch
import weights
from reference import condition, make_clips, make_texts, stop_options

CASES = [
    {"num_beams": 4, "max_new_tokens": 10},
    {"num_beams": 4, "max_new_tokens": 40},
    {"num_beams": 2, "max_new_tokens": 25, "length_penalty": 0.0},
    {"num_beams": 3, "max_new_tokens": 25, "length_penalty": 2.0, "early_stopping": True},
    {"num_beams": 4, "max_new_tokens": 25, "length_penalty": -1.0, "early_stopping": "never"},
    {"num_beams": 5, "max_new_tokens": 25, "length_penalty": 0.5, "early_stopping": "never"},
    {"num_beams": 4, "max_new_tokens": 25, "early_stopping": True, "repetition_penalty": 2.0},
    {"num_beams": 16, "max_new_tokens": 12},
]


def row_of(sequence, stop):
    tokens = sequence[1:]
    return tokens[: tokens.index(stop) + 1] if stop in tokens else tokens


@torch.no_grad()
def search(model, prefix, case):
    options = {**stop_options(model.config), **case, "num_return_sequences": case["num_beams"], "output_scores": True}
    found = model.speech_decoder_model.generate(conditioning_embeds=prefix, **options)
    stop = model.config.decoder_config.eos_token_id
    rows = [row_of(sequence, stop) for sequence in found.sequences.tolist()]
    return {**case, "rows": rows, "scores": found.sequences_scores.tolist()}


def run(recipe):
    model = weights.build(recipe)
    extractor = weights.feature_extractor(recipe)
    (spec, samples), *_ = make_clips(recipe)
    mel = extractor(samples, sampling_rate=extractor.sampling_rate, return_tensors="pt")["input_features"]
    ids = make_texts(recipe, model.config)[-1]
    with torch.no_grad():
        prefix = condition(model, ids, mel)
    return {"name": recipe["name"], "clip": spec, "text": ids, "cases": [search(model, prefix, case) for case in CASES]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", required=True)
    parser.add_argument("--write-golden", required=True)
    arguments = parser.parse_args()
    with open(arguments.recipes, encoding="utf-8") as file:
        recipes = [recipe for recipe in json.load(file) if recipe["name"] != "full"]
    found = [run(recipe) for recipe in recipes]
    with open(arguments.write_golden, "w", encoding="utf-8") as file:
        json.dump(found, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
