#!/usr/bin/env python3
"""What transformers' model classes answer to the cases of test/helpers/model_cases.js.

    models_reference.py --recipes FILE --cases FILE --out FILE

The cases come as {recipe: [case]}; arguments have the names of JavaScript, ids are lists, floats {"floats": base64, "dims"}.
The answers are {recipe: {case id: {"outputs": {name: {"dims", "floats" or "ids"}}} or {"error": what was raised}}}. Outputs
have the names of JavaScript; those of layers end in .layer, of steps in .step or .step.layer, of calls begin with call.
"""

import argparse
import base64
import json
import re
import warnings

import numpy as np
import torch
import weights
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList
from transformers.cache_utils import DynamicCache
from transformers.utils import logging

logging.set_verbosity_error()
warnings.simplefilter("ignore")


# --- the caller's functions, as in model_cases.js ------------------------------------------------------------------


class Favour(LogitsProcessor):
    def __call__(self, input_ids, scores):
        scores = scores.clone()
        scores[:, 5] += 1
        scores[:, 7] = -torch.inf
        return scores


class Fives(StoppingCriteria):
    def __call__(self, input_ids, scores, **_):
        return input_ids.sum(1) % 5 == 0


FUNCTIONS = {"favour": LogitsProcessorList([Favour()]), "fives": StoppingCriteriaList([Fives()])}


# --- arguments and outputs -------------------------------------------------------------------------------------------


def snake(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def camel(name):
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)


PLAIN = {"bad_words_ids", "suppress_tokens", "eos_token_id"}


def argument(name, value):
    if name in ("logits_processor", "stopping_criteria"):
        return FUNCTIONS[value]
    if isinstance(value, dict):
        data = np.frombuffer(base64.b64decode(value["floats"]), dtype="<f4")
        return torch.from_numpy(data.reshape(value["dims"]).copy())
    if isinstance(value, list) and name not in PLAIN:
        return torch.tensor(value)
    if name in ("length_penalty", "repetition_penalty", "temperature", "top_p", "min_p", "typical_p"):
        return float(value)
    return value


def pack(tensor):
    dims = list(tensor.shape)
    if tensor.is_floating_point():
        data = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        return {"dims": dims, "floats": base64.b64encode(data).decode()}
    return {"dims": dims, "ids": tensor.flatten().tolist()}


def flatten(name, value):
    """(name, tensor) of an output, of tuples by their index."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, (tuple, list)):
        for i, each in enumerate(value):
            yield from flatten(f"{name}.{i}", each)


def outputs_of(found, prefix=""):
    if isinstance(found, torch.Tensor):
        found = {"result": found}
    names = [(camel(name), value) for name, value in found.items() if not name.startswith("past")]
    return {prefix + name: pack(tensor) for key, value in names for name, tensor in flatten(key, value)}


# --- calls -----------------------------------------------------------------------------------------------------------


def part_of(model, path):
    for name in filter(None, path.split(".")):
        model = getattr(model, snake(name))
    return model


def settings(model, arguments):
    """What generate() needs to work at all: see the faults in semantics."""
    config = model.config
    stop = getattr(config, "decoder_config", config).eos_token_id
    model.generation_config.eos_token_id = stop  # what padToMaxMelTokens pads with, whatever the call says
    return {"return_dict_in_generate": True, "eos_token_id": stop, "pad_token_id": stop, **arguments}


def drawn_features(model, arguments):
    """getSpeechFeatures from a text, put together by hand: the reference's own crashes."""
    generate = settings(model, {k: v for k, v in arguments.items() if k not in ("input_ids", "input_features")})
    prefix = model.conditioning_encoder(arguments["input_features"], arguments["input_ids"])
    found = model.speech_decoder_model.generate(conditioning_embeds=prefix, **generate)
    ids = model.fix_speech_decoder_output(found.sequences)
    return model.speech_encoder_model(input_ids=ids).embeds


@torch.no_grad()
def answer(model, case):
    part = part_of(model, case["part"])
    method = case["method"].split(".")[1]
    if method == "fixSpeechDecoderOutput":
        return outputs_of(part.fix_speech_decoder_output(torch.tensor(case["calls"][0]["speechIds"])))
    found = {}
    past = None
    for i, call in enumerate(case["calls"]):
        arguments = {snake(name): argument(snake(name), value) for name, value in call.items()}
        prefix = f"{i}." if len(case["calls"]) > 1 else ""
        if method == "generate":
            output = part.generate(**settings(part, arguments))
        elif method == "forward":
            if len(case["calls"]) > 1:
                past = past or DynamicCache()
                arguments.update(past_key_values=past, use_cache=True)
            output = part(**arguments)
        else:
            output = getattr(part, snake(method))(**arguments)
        found.update(outputs_of(output, prefix))
    return found


def try_answer(model, case):
    kept = model.generation_config
    try:
        return {"outputs": answer(model, case)}
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"}
        if case["method"].endswith("getSpeechFeatures"):
            arguments = {snake(name): argument(snake(name), value) for name, value in case["calls"][0].items()}
            with torch.no_grad():
                found["outputs"] = outputs_of(drawn_features(model, arguments))
        return found
    finally:
        model.generation_config = kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", required=True)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    recipes = {}
    for path in options.recipes:
        with open(path, encoding="utf-8") as file:
            recipes.update({recipe["name"]: recipe for recipe in json.load(file)})
    with open(options.cases, encoding="utf-8") as file:
        cases = json.load(file)
    answers = {}
    for name, asked in cases.items():
        model = weights.build(recipes[name])
        answers[name] = {case["id"]: try_answer(model, case) for case in asked}
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(answers, file)


if __name__ == "__main__":
    main()
