"""Checkpoints made from a recipe, the same bytes as test/helpers/checkpoint.js makes.

Every value follows from (recipe's seed, parameter's name, element's index) through a 32-bit hash, so that no weights
are committed and both languages agree bit for bit. Arithmetic is exact until the one rounding to float32 that
both sides share: an integer of 24 bits times a power of two times a float32 scale.

    python weights.py --recipes FILE --only NAME --out DIR      write a Hugging Face folder with transformers
    python weights.py --recipes FILE --only NAME --hash         print the hash of all the parameters
    python weights.py --recipes FILE --self-test                build, write in both languages, compare every byte
"""

import argparse
import hashlib
import json
import math
import os
import subprocess
import tempfile

import numpy as np
import torch
from safetensors import safe_open
from transformers import ClvpConfig, ClvpFeatureExtractor, ClvpModelForConditionalGeneration, GenerationConfig

U32 = np.uint32
BLOCK = 1 << 18  # elements hashed at a time: small enough for the cache
HERE = os.path.dirname(os.path.abspath(__file__))
CHECKPOINT_JS = os.path.join(HERE, "..", "..", "test", "helpers", "checkpoint.js")


def name_key(seed, name):
    """FNV-1a over the name's bytes, started from the seed."""
    key = (0x811C9DC5 ^ (seed * 0x9E3779B1)) & 0xFFFFFFFF
    for byte in name.encode():
        key = ((key ^ byte) * 0x01000193) & 0xFFFFFFFF
    return key


def hash_block(key, start, count):
    """Hashes of the counters start..start+count-1, as uint32."""
    x = np.arange(start, start + count, dtype=np.uint64).astype(U32)
    x *= U32(0x9E3779B9)
    x ^= U32(key)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> U32(shift)
        x *= U32(factor)
    x ^= x >> U32(16)
    return x


def uniform(seed, name, count, scale, offset=0.0, start=0):
    """float32 values in [offset - scale, offset + scale)."""
    key = name_key(seed, name)
    out = np.empty(count, dtype=np.float32)
    for at in range(0, count, BLOCK):
        n = min(BLOCK, count - at)
        whole = (hash_block(key, start + at, n) >> U32(8)).astype(np.int32) - np.int32(1 << 23)
        part = out[at : at + n]
        np.multiply(whole.astype(np.float32), np.float32(2.0**-23), out=part)
        part *= np.float32(scale)
        if offset:
            part += np.float32(offset)
    return out


def spread(name, shape):
    """The (scale, offset) of a parameter by its kind. Uniform in [-a, a) has the deviation a / sqrt(3)."""
    if name.endswith(".bias"):
        return 0.2, 0.0
    if "norm" in name:
        return 0.2, 1.0
    if "position_embed" in name:
        return math.sqrt(3) * 0.5, 0.0
    if "embed" in name:
        return math.sqrt(3), 0.0
    # Conv1D of the decoder's MLP is stored [in, out]; everything else [out, in(, 1)].
    fan_in = shape[0] if ".mlp.c_" in name else shape[1]
    return math.sqrt(3) / math.sqrt(fan_in), 0.0


def parameter(recipe, name, shape, logit_scale):
    if name == "logit_scale":
        return np.array(logit_scale, dtype=np.float32)
    scale, offset = spread(name, shape)
    values = uniform(recipe["seed"], name, math.prod(shape), scale, offset)
    for target, index, value in recipe.get("set", []):
        if target == name:
            values[index] = value
    return values.reshape(shape)


def make_config(recipe):
    return ClvpConfig(**json.loads(json.dumps(recipe["config"])))


def build(recipe):
    """The recipe's model in evaluation mode, float32."""
    model = ClvpModelForConditionalGeneration(make_config(recipe)).eval()
    with torch.no_grad():
        for name, target in model.named_parameters():
            shape = tuple(target.shape)
            values = parameter(recipe, name, shape, model.config.logit_scale_init_value)
            target.copy_(torch.from_numpy(values))
    if "generation_config" in recipe:
        model.generation_config = GenerationConfig(**recipe["generation_config"])
    return model


def feature_extractor(recipe):
    return ClvpFeatureExtractor(**recipe["preprocessor"])


def clip(seed, count):
    """A test sound from integers alone: a gliding triangle wave, noise, and stretches of silence."""
    i = np.arange(count, dtype=np.uint64)
    phase = ((i * (20_000_000 + seed * 7_000_001) + i * i * 353) & 0xFFFFFFFF).astype(np.int64) >> 16
    triangle = np.abs(phase - 32768) - 16384
    noise = (hash_block(name_key(seed, "clip"), 0, count) >> U32(19)).astype(np.int64) - 4096
    loud = ((i >> np.uint64(12)) & np.uint64(3)) != 3
    return (np.where(loud, triangle + noise, 0) / 32768).astype(np.float32)


def make_vocabulary(size):
    """A vocabulary for a text embedding of `size` rows, whose last one is bos: (tokens, merges)."""
    tokens = ["[STOP]", "[UNK]", "[SPACE]", *"!'(),-./:;?", *"abcdefghijklmnopqrstuvwxyz"]
    merges = []
    for first in "eaoitnsrhl":
        for second in "thenraisodlucm":
            if len(tokens) >= size - 1:
                break
            tokens.append(first + second)
            merges.append(f"{first} {second}")
    pairs = list(merges)
    for pair in pairs:
        for third in "ser":
            if len(tokens) >= size - 1:
                break
            joined = pair.replace(" ", "")
            tokens.append(joined + third)
            merges.append(f"{joined} {third}")
    return tokens[: size - 1], merges


def save(model, recipe, folder, shard_size=None):
    """Writes the folder as transformers does; the vocabulary by hand, since its writer drops the merges' first line."""
    model.save_pretrained(folder, **({"max_shard_size": shard_size} if shard_size else {}))
    feature_extractor(recipe).save_pretrained(folder)
    tokens, merges = make_vocabulary(model.config.text_config.vocab_size)
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as out:
        json.dump({token: i for i, token in enumerate(tokens)}, out)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(["#version: 0.2", *merges]) + "\n")


def tensors_of(folder):
    """Every tensor of a folder's safetensors files, by name."""
    found = {}
    for file in sorted(os.listdir(folder)):
        if file.endswith(".safetensors"):
            with safe_open(os.path.join(folder, file), "np") as opened:
                for name in opened.keys():
                    found[name] = opened.get_tensor(name)
    return found


def digest(model):
    """SHA-256 over all parameters' names and bytes, by name: what checkpoint.js calls hashCheckpoint()."""
    total = hashlib.sha256()
    for name, value in sorted(model.named_parameters()):
        total.update(name.encode() + b"\0")
        total.update(value.detach().numpy().tobytes())
    return total.hexdigest()


def compare_folders(ours, theirs):
    """Asserts that two folders hold the same tensors, bit for bit."""
    a, b = tensors_of(ours), tensors_of(theirs)
    assert sorted(a) == sorted(b), sorted(set(a) ^ set(b))
    for name in a:
        assert a[name].dtype == b[name].dtype and a[name].shape == b[name].shape, name
        if name.endswith("inv_freq"):  # a derived buffer; pow() may differ in the last bit
            np.testing.assert_allclose(a[name], b[name], rtol=3e-7, err_msg=name)
        else:
            assert a[name].tobytes() == b[name].tobytes(), f"{name} differs"


def write_with_node(recipe, folder, shards):
    script = (
        "const [file, recipe, folder, shards] = process.argv.slice(1);"
        "const { writeCheckpoint } = await import(file);"
        "writeCheckpoint(JSON.parse(recipe), folder, { shards: Number(shards) })"
    )
    url = "file://" + os.path.abspath(CHECKPOINT_JS)
    arguments = [url, json.dumps(recipe), folder, str(shards)]
    subprocess.run(["node", "--input-type=module", "-e", script, *arguments], check=True)


def self_test(recipe):
    """Writes the recipe in both languages, whole and in shards, and compares; transformers also loads Node's folder."""
    model = build(recipe)
    weight_bytes = 4 * sum(p.numel() for p in model.parameters())
    for shards in (1, 3):
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            save(model, recipe, ours, weight_bytes // 3 + 1 if shards > 1 else None)
            write_with_node(recipe, theirs, shards)
            compare_folders(ours, theirs)
            for file in ("config.json", "vocab.json", "preprocessor_config.json"):
                with open(os.path.join(ours, file)) as a, open(os.path.join(theirs, file)) as b:
                    assert json.load(a) == json.load(b), file
            with open(os.path.join(ours, "merges.txt")) as a, open(os.path.join(theirs, "merges.txt")) as b:
                assert a.read() == b.read(), "merges.txt"
            loaded = ClvpModelForConditionalGeneration.from_pretrained(theirs)
            assert digest(loaded) == digest(model)
    print(f"{recipe['name']}: {weight_bytes} bytes of weights equal in both languages, sha256 {digest(model)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", required=True)
    parser.add_argument("--only")
    parser.add_argument("--out")
    parser.add_argument("--hash", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    with open(options.recipes) as file:
        recipes = json.load(file)
    for recipe in recipes:
        if options.only not in (None, recipe["name"]):
            continue
        if options.self_test:
            if recipe["name"] != "full" or options.only:
                self_test(recipe)
            continue
        model = build(recipe)
        if options.hash:
            print(recipe["name"], digest(model))
        if options.out:
            save(model, recipe, os.path.join(options.out, recipe["name"]))


if __name__ == "__main__":
    main()
