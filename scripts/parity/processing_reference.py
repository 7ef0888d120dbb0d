#!/usr/bin/env python3
"""What transformers' configurations, tokenizer, feature extractor and processor make of the cases that are written here.

    processing_reference.py --out FILE [--vocab test/golden/tokenizer.json]     the cases and all answers
    processing_reference.py --write-golden [FILE]                               the same with floats sampled
    processing_reference.py --load FOLDER --out FILE                            what it reads out of saved folders

A case of the tokenizer or the feature extractor has its options in transformers' spelling. Where transformers raises an
error the answer is {"error": its class}. Samples are made by the formula of mel_reference.py. Sampled features are the
columns of some frames: [frame, [channel 0, channel 1, ...]].
"""

import argparse
import itertools
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from transformers import (
    ClvpConfig,
    ClvpDecoderConfig,
    ClvpEncoderConfig,
    ClvpFeatureExtractor,
    ClvpProcessor,
    ClvpTokenizer,
)
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mel_reference import make_samples, plain  # noqa: E402

logging.set_verbosity_error()
warnings.simplefilter("ignore")
GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"

# --- configurations ------------------------------------------------------------------------------------------------

SMALL_TEXT = {"vocab_size": 64, "hidden_size": 48, "intermediate_size": 96, "projection_dim": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL_DECODER = {"vocab_size": 90, "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 8, "n_inner": 100, "num_mel_attn_blocks": 2, "feature_size": 20}
CONFIGS = [
    ("ClvpEncoderConfig", {}),
    ("ClvpEncoderConfig", SMALL_TEXT),
    ("ClvpEncoderConfig", {"hidden_act": "silu", "layer_norm_eps": 1e-12, "attention_dropout": 0.0, "dropout": 0.25, "use_rotary_embedding": False, "use_attention_bias": True, "summary_type": "last"}),
    ("ClvpEncoderConfig", {"initializer_factor": 0.5, "bos_token_id": None, "eos_token_id": [3, 4], "pad_token_id": 7, "dtype": "float16", "architectures": ["ClvpEncoder"]}),
    ("ClvpEncoderConfig", {"output_hidden_states": True, "return_dict": False, "my_key": {"nested": [1, 2.5, None, "x"]}}),
    ("ClvpDecoderConfig", {}),
    ("ClvpDecoderConfig", SMALL_DECODER),
    ("ClvpDecoderConfig", {"max_position_embeddings": 100, "max_text_tokens": 50, "activation_function": "gelu", "resid_pdrop": 0.0, "embd_pdrop": 0.5, "layer_norm_epsilon": 1e-06, "initializer_range": 0.5}),
    ("ClvpDecoderConfig", {"summary_type": "mean", "summary_use_proj": False, "summary_activation": "tanh", "summary_proj_to_labels": False, "summary_first_dropout": 0.0, "use_cache": False, "decoder_fixing_codes": [1, 2, 3]}),
    ("ClvpConfig", {}),
    ("ClvpConfig", {"text_config": SMALL_TEXT, "speech_config": {**SMALL_TEXT, "vocab_size": 88}, "decoder_config": SMALL_DECODER, "projection_dim": 32}),
    ("ClvpConfig", {"text_config": None, "speech_config": {"vocab_size": 8192}, "decoder_config": None, "logit_scale_init_value": 1.0, "initializer_factor": 3.0}),
    ("ClvpConfig", {"architectures": ["ClvpModelForConditionalGeneration"], "torch_dtype": "float32", "extra": True, "decoder_config": {"extra": [1, 2]}}),
]
CLASSES = {cls.__name__: cls for cls in (ClvpConfig, ClvpEncoderConfig, ClvpDecoderConfig)}


def config_cases():
    cases = []
    for name, given in CONFIGS:
        config = CLASSES[name].from_dict(json.loads(json.dumps(given)))
        cases.append({"class": name, "given": given, "to_dict": json.loads(json.dumps(config.to_dict())), "json": config.to_json_string()})
    return cases


# --- tokenizer -----------------------------------------------------------------------------------------------------

TEXTS = [
    ["Hello world"],
    ["a", "The quick brown fox, of 3 and 4."],
    ["", "one two three"],
    ["[STOP] and [UNK] <|endoftext|>", "x", "[SPACE][STOP"],
    ["short", "A somewhat longer text than that", "mid size", "Dr. Smith paid $5."],
]


def calls(tokenizer):
    combinations = itertools.product(
        [False, True, "max_length", "do_not_pad"],
        [None, False, True, "only_first"],
        [None, 6, 32],
        [None, 4],
        [None, "left"],
    )
    kept = list(combinations)
    for texts in TEXTS:
        for padding, truncation, max_length, multiple, side in kept:
            options = {"padding": padding, "truncation": truncation, "max_length": max_length, "pad_to_multiple_of": multiple, "padding_side": side}
            yield texts, {key: value for key, value in options.items() if value is not None}
        for options in (
            {"return_attention_mask": False},
            {"return_special_tokens_mask": True, "padding": True},
            {"split_special_tokens": True, "padding": True},
            {"add_special_tokens": False, "padding": True, "return_special_tokens_mask": True},
        ):
            yield texts, options


def answer(ask):
    try:
        return ask()
    except Exception as error:  # noqa: BLE001: whatever it is, ours must be an error too
        return {"error": type(error).__name__}


def tokenizer_cases(tokenizer, left):
    cases = []
    for texts, options in calls(tokenizer):
        for name, which in (("", tokenizer), ("left", left)):
            if name and options.get("truncation") is not True:
                continue
            found = answer(lambda: dict(which(texts, **options)))
            cases.append({"texts": texts, "options": options, "sides": name, "found": found})
            if len(texts) == 1 or texts[0] == "":
                found = answer(lambda: dict(which(texts[0], **options)))
                cases.append({"texts": texts[0], "options": options, "sides": name, "found": found})
    return cases


def pad_cases(tokenizer):
    inputs = [
        {"input_ids": [[5, 6, 7], [8]]},
        {"input_ids": [5, 6, 7]},
        {"input_ids": [[5, 6, 7], [8]], "attention_mask": [[1, 0, 1], [0]]},
        {"input_ids": [[5, 6], [8]], "special_tokens_mask": [[0, 1], [0]]},
    ]
    ways = [{}, {"padding": "max_length", "max_length": 5}, {"padding_side": "left"}, {"pad_to_multiple_of": 4}, {"return_attention_mask": False}]
    # With return_attention_mask=False transformers lets a given mask through as it is, shorter than its ids.
    pairs = [(given, way) for given in inputs for way in ways if not ("attention_mask" in given and "return_attention_mask" in way)]
    return [{"given": given, "options": way, "found": dict(tokenizer.pad(json.loads(json.dumps(given)), **way))} for given, way in pairs]


def conversion_cases(tokenizer):
    ids = [[0, 5, 20, 90], [1], [], [254, 255, 0, 33]]
    tokens = [["[SPACE]", "a"], ["th", "e", "[STOP]"], []]
    cases = []
    for row in ids:
        for method, args in (
            ("build_inputs_with_special_tokens", [row]),
            ("build_inputs_with_special_tokens", [row, [7, 8]]),
            ("get_special_tokens_mask", [row]),
            ("get_special_tokens_mask", [row, [7, 8]]),
            ("get_special_tokens_mask", [row, None, True]),
            ("create_token_type_ids_from_sequences", [row]),
            ("create_token_type_ids_from_sequences", [row, [7, 8]]),
            ("convert_ids_to_tokens", [row]),
            ("decode", [row]),
        ):
            cases.append({"method": method, "args": args, "found": getattr(tokenizer, method)(*args)})
    for row in tokens:
        for method in ("convert_tokens_to_string", "convert_tokens_to_ids"):
            cases.append({"method": method, "args": [row], "found": getattr(tokenizer, method)(row)})
    cases.append({"method": "batch_decode", "args": [ids], "found": tokenizer.batch_decode(ids)})
    cases.append({"method": "num_special_tokens_to_add", "args": [], "found": tokenizer.num_special_tokens_to_add()})
    return cases


# --- feature extractor ---------------------------------------------------------------------------------------------

RATE = 8000
SMALL = {"feature_size": 6, "sampling_rate": RATE, "default_audio_length": 1, "hop_length": 400, "n_fft": 512, "chunk_length": 3}
EXTRACTORS = {
    "small": SMALL,
    "norms, left, loud": {**SMALL, "mel_norms": [round(-2.5 - 0.25 * c, 4) for c in range(6)], "padding_side": "left", "padding_value": 0.125},
    "odd": {**SMALL, "sampling_rate": 11025, "hop_length": 150, "n_fft": 441},
}
CLIPS = [
    {"seed": 1, "samples": 5000, "noise": 0.01, "tones": [[0.3, 220.0], [0.2, 1234.5]]},
    {"seed": 2, "samples": 9001, "noise": 0.1, "tones": []},
    {"seed": 3, "samples": 300, "noise": 0.0, "tones": [[0.5, 440.0]]},  # shorter than half a frame and more
    {"seed": 4, "samples": 1, "noise": 0.5, "tones": []},
]
BATCHES = [[0], [1], [2], [3], [0, 1], [2, 0, 1], [0, 0]]
MODES = [
    {},
    *({"padding": padding, **rest} for padding in ("longest", "do_not_pad", "max_length", True, False) for rest in ({}, {"truncation": False}, {"max_length": 2000}, {"max_length": 6001, "pad_to_multiple_of": 128}, {"truncation": False, "max_length": 7000})),
    {"return_attention_mask": False},
]


def samples_of(clip, config):
    return make_samples(CLIPS[clip], config["sampling_rate"])


def feature_cases(sample):
    cases = []
    for name, config in EXTRACTORS.items():
        extractor = ClvpFeatureExtractor(**config)
        for batch in BATCHES:
            for options in MODES:
                clips = [samples_of(clip, config) for clip in batch]
                found = answer(lambda: extractor(clips, sampling_rate=config["sampling_rate"], return_tensors="np", **options))
                if "error" not in found:
                    found = {"shape": list(found["input_features"].shape), "features": features(found["input_features"], sample), "mask": mask(found)}
                cases.append({"extractor": name, "clips": batch, "options": options, "found": found})
    return cases


def features(array, sample):
    """All values; or of the last clip alone some frames."""
    if not sample:
        return [[plain(frame) for frame in clip.T] for clip in array]
    last = array[-1]
    frames = sorted({0, last.shape[1] // 2, last.shape[1] - 1})
    return [[frame, [float(f"{value:.6g}") for value in last[:, frame]]] for frame in frames]


def mask(found):
    """For each clip the number of ones and where the first is."""
    if "attention_mask" not in found:
        return None
    return [[int(row.sum()), int(np.argmax(row)), len(row)] for row in np.asarray(found["attention_mask"])]


def wrong_rate():
    extractor = ClvpFeatureExtractor(**SMALL)
    return answer(lambda: dict(extractor(samples_of(0, SMALL), sampling_rate=RATE + 1)))


# --- processor -----------------------------------------------------------------------------------------------------

PROCESSING = [
    {"text": "Hello world", "clips": [0], "options": {}},
    {"text": ["Hello world", "a"], "clips": [0, 2], "options": {"padding": True}},
    {"text": ["Hello world", "a"], "clips": [0], "options": {"padding": "max_length", "max_length": 50}},
    {"text": ["Hello world", "a"], "clips": [1], "options": {"padding": "max_length", "max_length": 50, "truncation": True}},
    {"text": "Hello world", "clips": [1], "options": {"max_length": 4}},
    {"text": "Hello world", "clips": [1], "options": {"padding": True, "pad_to_multiple_of": 16}},
    {"text": "Hello [STOP]", "clips": None, "options": {"return_special_tokens_mask": True}},
    {"text": None, "clips": [0, 1], "options": {}},
    {"text": None, "clips": [2], "options": {"padding": "longest", "truncation": False}},
    {"text": None, "clips": None, "options": {}},
]


def processor_cases(tokenizer, sample):
    processor = ClvpProcessor(ClvpFeatureExtractor(**SMALL), tokenizer)
    cases = []
    for case in PROCESSING:
        given = {} if case["text"] is None else {"text": case["text"]}
        if case["clips"] is not None:
            given["audio"] = [samples_of(clip, SMALL) for clip in case["clips"]]
            given["sampling_rate"] = RATE
        found = answer(lambda: processor(**given, **case["options"], return_tensors="np"))
        cases.append({**case, "found": found if "error" in found else outputs(found, sample)})
    return cases


def outputs(found, sample):
    result = {key: np.asarray(value).tolist() for key, value in found.items() if key in ("input_ids", "special_tokens_mask")}
    if "input_features" in found:
        array = np.asarray(found["input_features"])
        result |= {"shape": list(array.shape), "features": features(array, sample)}
    if "input_ids" in found:
        result["attention_mask"] = np.asarray(found["attention_mask"]).tolist()
    elif "attention_mask" in found:
        result["mask"] = mask(found)
    return result


# --- files ---------------------------------------------------------------------------------------------------------


def make_tokenizer(folder, golden, **settings):
    given = json.loads(golden.read_text())
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(given["vocab"]))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *given["merges"]]) + "\n")
    return ClvpTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), **settings)


def saved_files(tokenizer, folder):
    """The files that transformers writes, as texts."""
    config_folder, extractor_folder, processor_folder = folder / "config", folder / "extractor", folder / "processor"
    extractor = ClvpFeatureExtractor(**EXTRACTORS["norms, left, loud"])
    extractor.save_pretrained(extractor_folder)
    ClvpProcessor(extractor, tokenizer).save_pretrained(processor_folder)
    ClvpConfig.from_dict({"decoder_config": dict(SMALL_DECODER)}).save_pretrained(config_folder)
    files = [config_folder / "config.json", extractor_folder / "preprocessor_config.json"]
    files += [processor_folder / name for name in ("processor_config.json", "tokenizer_config.json", "added_tokens.json")]
    return {path.name: path.read_text() for path in files}


def load(folder):
    """Reads what was saved elsewhere: FOLDER/config, /encoder, /decoder, /extractor, /tokenizer and /processor."""
    tokenizer = ClvpTokenizer.from_pretrained(folder / "tokenizer")
    processor = ClvpProcessor.from_pretrained(folder / "processor")
    texts = [text for texts in TEXTS for text in texts]
    return {
        "config": ClvpConfig.from_pretrained(folder / "config").to_json_string(),
        "encoder": ClvpEncoderConfig.from_pretrained(folder / "encoder").to_json_string(),
        "decoder": ClvpDecoderConfig.from_pretrained(folder / "decoder").to_json_string(),
        "speech": ClvpEncoderConfig.from_pretrained(folder / "config", config_type="speech_config").to_json_string(),
        "extractor": ClvpFeatureExtractor.from_pretrained(folder / "extractor").to_json_string(),
        "vocab": tokenizer.get_vocab(),
        "ids": [tokenizer(text, split_special_tokens=True)["input_ids"] for text in texts],
        "texts": texts,
        "sides": [tokenizer.padding_side, tokenizer.truncation_side],
        "processor": processor.feature_extractor.to_json_string(),
        "processor ids": [processor.tokenizer(text, split_special_tokens=True)["input_ids"] for text in texts],
    }


def everything(vocab, sample):
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = make_tokenizer(Path(folder) / "a", vocab)
        left = make_tokenizer(Path(folder) / "b", vocab, padding_side="left", truncation_side="left")
        return {
            "madeBy": "scripts/parity/processing_reference.py",
            "configs": config_cases(),
            "calls": tokenizer_cases(tokenizer, left),
            "pads": pad_cases(tokenizer),
            "conversions": conversion_cases(tokenizer),
            "extractors": EXTRACTORS,
            "clips": CLIPS,
            "features": feature_cases(sample),
            "wrongRate": wrong_rate(),
            "processing": processor_cases(tokenizer, sample),
            "files": saved_files(tokenizer, Path(folder)),
        }


def thinned(answers):
    """For the golden file: strides that lead to every option."""
    answers["calls"] = answers["calls"][::11]
    answers["features"] = answers["features"][::5]
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vocab", type=Path, default=GOLDEN / "tokenizer.json")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--load", type=Path)
    parser.add_argument("--write-golden", type=Path, nargs="?", const=GOLDEN / "processing.json")
    args = parser.parse_args()
    if args.load:
        args.out.write_text(json.dumps(load(args.load)))
    elif args.out:
        args.out.write_text(json.dumps(everything(args.vocab, sample=False)))
    if args.write_golden:
        answers = thinned(everything(args.vocab, sample=True))
        lines = [f"{json.dumps(key)}: {listed(value)}" for key, value in answers.items()]
        args.write_golden.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def listed(value):
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join("  " + json.dumps(item, separators=(",", ":")) for item in value) + "\n]"


if __name__ == "__main__":
    main()
