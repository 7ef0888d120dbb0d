"""What transformers' CLVP computes for the checkpoints of a recipe file: the reference's side of every parity check.

    python reference.py --recipes FILE --out DIR [--only NAME] [--skip NAME]     DIR/NAME/ref.safetensors and ref.json,
                                                                    with the checkpoint itself in DIR/NAME/model
    python reference.py --recipes FILE --golden FOLDER [--only NAME] [--skip NAME]  FOLDER/NAME.json, small enough to commit

--device NAME (default cpu) is one of torch's; products are in F32 on all of them.

ref.json holds the inputs and all integers, ref.safetensors the floats. Names of the floats:
    clip.C               samples of clip C
    mel.C                [channels, frames]
    condition.C          [hidden]: row 0 of the conditioning encoder's output
    prefix.T             [rows, hidden]: its whole output for text T with clip 0, ids as generate() feeds them
    logits               [codes + 1, vocab]: text `steps.text`, clip 0; after the prefix, then after each forced code
    logits.cancelled     the same with the prefix's positions cancelled (see Decoding)
    text.T.last, .pooled, .embed      text encoder for text T and one stop
    speech.R.last, .pooled, .embed    speech encoder for row R of `speech`
    scores.batch         [rows]: logits_per_text of text `batch.text` and the fixed rows of `batch`
    scores.greedy.T      [1]: logits_per_text as the composite generate() returns it
"""

import argparse
import base64
import json
import os
import wave

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers.cache_utils import DynamicCache

import weights

NEW_TOKENS = 60
LJ1 = os.path.join(weights.HERE, "..", "..", "..", "shared", "data", "lj1.wav")


# --- inputs ------------------------------------------------------------------------------------------------------


def make_ids(recipe, name, count, low, high, without=()):
    """`count` ids in [low, high), from the same hash as the weights."""
    key = weights.name_key(recipe["seed"], name)
    allowed = [i for i in range(low, high) if i not in without]
    return [allowed[int(h) % len(allowed)] for h in weights.hash_block(key, 0, count)]


def make_clips(recipe):
    """[(how to make it again, samples)]; the published size also hears a real voice, if it is there."""
    found = [(spec, weights.clip(spec["seed"], spec["samples"])) for spec in recipe["clips"]]
    if recipe["name"] == "full" and os.path.exists(LJ1):
        with wave.open(LJ1) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22050, 1, 2)
            pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        found.append(({"file": "lj1.wav"}, (pcm / 32768).astype(np.float32)))
    return found


def make_texts(recipe, config):
    text = config.text_config
    taken = {0, text.bos_token_id, text.eos_token_id}
    return [make_ids(recipe, f"text.{n}", n, 1, text.vocab_size, taken) for n in recipe["texts"]]


# --- the decoder -----------------------------------------------------------------------------------------------------


def condition(model, ids, features):
    """The conditioning encoder's output for ids as generate() feeds them: one stop is there before it adds its own."""
    with_stop = torch.tensor([[*ids, model.config.text_config.eos_token_id]])
    return model.conditioning_encoder(input_features=features, input_ids=with_stop)


class Decoding:
    """The decoder with a prefix in its KV cache, fed one code a step and placed as generate() places it.

    generate() subtracts the positions 0, 1, 2, ... from the prefix, so that adding them again cancels them. Yet
    transformers 5.23 infers the first call's position_ids from input_ids, which is [[bos]], and so passes [[0]]:
    all of the prefix gets position 0 instead. With `cancelled`, positions are cancelled as the comment there says, as
    releases before 5 did, and as tortoise does.
    """

    def __init__(self, decoder, prefix, cancelled):
        inputs, _, _ = decoder._prepare_model_inputs(None, None, {"conditioning_embeds": prefix})
        place = torch.arange(inputs.shape[1])[None] if cancelled else torch.tensor([[0]])
        self.decoder = decoder
        self.cache = DynamicCache(config=decoder.config)
        self.codes = 0
        self.logits = [self.run(inputs_embeds=inputs, position_ids=place)]

    def run(self, **inputs):
        return self.decoder(past_key_values=self.cache, use_cache=True, **inputs).logits[0, -1]

    def feed(self, code):
        # generate() asks for position len([bos, ...drawn]), so the first drawn code is at 2 and nothing is ever at 1.
        self.codes += 1
        place = torch.tensor([[self.codes + 1]])
        self.logits.append(self.run(input_ids=torch.tensor([[code]]), position_ids=place))


def step_logits(decoder, prefix, codes, cancelled=False):
    """Logits after the prefix and after each code."""
    decoding = Decoding(decoder, prefix, cancelled)
    for code in codes:
        decoding.feed(code)
    return torch.stack(decoding.logits)


def greedy_cancelled(model, prefix):
    """What generate() would draw if it cancelled the prefix's positions."""
    decoding = Decoding(model.speech_decoder_model, prefix, cancelled=True)
    tokens, stop = [], model.config.decoder_config.eos_token_id
    while len(tokens) < NEW_TOKENS:
        token = int(decoding.logits[-1].argmax())
        if token == stop:
            return {"tokens": tokens, "finish": "stop"}
        tokens.append(token)
        if len(tokens) < NEW_TOKENS:
            decoding.feed(token)
    return {"tokens": tokens, "finish": "length"}


def stop_options(config):
    stop = config.decoder_config.eos_token_id
    return {
        "num_beams": 1,
        "do_sample": False,
        "max_new_tokens": NEW_TOKENS,
        "bos_token_id": config.decoder_config.bos_token_id,
        "eos_token_id": stop,
        "pad_token_id": stop,
        "return_dict_in_generate": True,
    }


def greedy(model, ids, features, prefix):
    """Greedy decoding by generate(), its score, and the proof that step_logits() is what it computes."""
    options = stop_options(model.config)
    decoder = model.speech_decoder_model
    drawn = decoder.generate(conditioning_embeds=prefix, output_logits=True, **options)
    sequence = drawn.sequences[0].tolist()
    logits = torch.cat(drawn.logits)
    again = step_logits(decoder, prefix, sequence[1:-1])
    assert torch.allclose(logits, again, rtol=0, atol=1e-4), float((logits - again).abs().max())
    whole = model.generate(input_ids=torch.tensor([ids]), input_features=features, **options)
    assert torch.equal(whole.speech_ids, model.fix_speech_decoder_output(drawn.sequences))
    top = logits.topk(2).values
    stop = model.config.decoder_config.eos_token_id
    tokens = [token for token in sequence[1:] if token != stop]
    return {
        "sequence": sequence,
        "tokens": tokens,
        "finish": "stop" if sequence[-1] == stop else "length",
        "speechIds": whole.speech_ids[0].tolist(),
        "smallestGap": float((top[:, 0] - top[:, 1]).min()),
        "cancelled": greedy_cancelled(model, prefix),
    }, whole.logits_per_text[0].cpu().numpy()


# --- the encoders -----------------------------------------------------------------------------------------------------


def encode(arrays, name, encoder, ids):
    out = encoder(input_ids=torch.tensor([ids]))
    arrays[f"{name}.last"] = out.last_hidden_state[0].cpu().numpy()
    arrays[f"{name}.pooled"] = out.pooler_output[0].cpu().numpy()
    arrays[f"{name}.embed"] = out.embeds[0].cpu().numpy()


def batch(recipe, model, arrays, ids):
    """Rows of different lengths padded with stops as generate() pads them, fixed, encoded together and scored."""
    decoder = model.config.decoder_config
    stop = decoder.eos_token_id
    raw = [make_ids(recipe, f"row.{n}", n, 0, model.config.speech_config.vocab_size) for n in (7, 13, 19, 20)]
    longest = max(map(len, raw))
    padded = [[decoder.bos_token_id, *row, *([stop] * (longest - len(row)))] for row in raw]
    fixed = model.fix_speech_decoder_output(torch.tensor(padded))
    speech = model.speech_encoder_model(input_ids=fixed).embeds
    text = model.text_encoder_model(input_ids=torch.tensor([[*ids, model.config.text_config.eos_token_id]])).embeds
    speech, text = (e / e.norm(p=2, dim=-1, keepdim=True) for e in (speech, text))
    arrays["scores.batch"] = (torch.matmul(text, speech.t()) * model.logit_scale.exp())[0].cpu().numpy()
    return {"raw": raw, "rows": fixed.tolist()}


# --- all of it ----------------------------------------------------------------------------------------------------------


@torch.no_grad()
def reference(recipe, model, device):
    """(facts, arrays) of a recipe, as this file's heading lists them."""
    config, arrays = model.config, {}
    sha256 = weights.digest(model)
    model.to(device)
    torch.set_default_device(device)
    extractor = weights.feature_extractor(recipe)
    texts = make_texts(recipe, config)
    facts = {"name": recipe["name"], "sha256": sha256, "clips": [], "texts": texts, "greedy": []}
    features = []
    for c, (spec, samples) in enumerate(make_clips(recipe)):
        mel = extractor(samples, sampling_rate=extractor.sampling_rate, return_tensors="pt")["input_features"].to(model.device)
        features.append(mel)
        facts["clips"].append(spec)
        arrays[f"clip.{c}"] = samples
        arrays[f"mel.{c}"] = mel[0].cpu().numpy()
        arrays[f"condition.{c}"] = condition(model, texts[0], mel)[0, 0].cpu().numpy()
    speech = [make_ids(recipe, f"speech.{n}", n, 0, config.speech_config.vocab_size) for n in (1, 6)]
    for t, ids in enumerate(texts):
        prefix = condition(model, ids, features[0])
        arrays[f"prefix.{t}"] = prefix[0].cpu().numpy()
        found, arrays[f"scores.greedy.{t}"] = greedy(model, ids, features[0], prefix)
        facts["greedy"].append(found)
        encode(arrays, f"text.{t}", model.text_encoder_model, [*ids, config.text_config.eos_token_id])
        speech.append(found["speechIds"])
    facts["speech"] = speech
    for r, row in enumerate(speech):
        encode(arrays, f"speech.{r}", model.speech_encoder_model, row)
    which = min(1, len(texts) - 1)
    codes = make_ids(recipe, "forced", NEW_TOKENS, 0, config.speech_config.vocab_size)
    prefix = condition(model, texts[which], features[0])
    logits = step_logits(model.speech_decoder_model, prefix, codes)
    arrays["logits"] = logits.cpu().numpy()
    cancelled = step_logits(model.speech_decoder_model, prefix, codes, cancelled=True)
    arrays["logits.cancelled"] = cancelled.cpu().numpy()
    facts["steps"] = {"text": which, "codes": codes, "argmax": logits.argmax(1).tolist()}
    facts["steps"]["cancelled"] = {"argmax": cancelled.argmax(1).tolist()}
    facts["batch"] = {"text": which, **batch(recipe, model, arrays, texts[which])}
    torch.set_default_device("cpu")
    model.cpu()
    for name, array in arrays.items():
        assert array.dtype == np.float32 and np.isfinite(array).all(), name
    return facts, arrays


# --- files ---------------------------------------------------------------------------------------------------------------


def smallest_prime_from(n):
    while n < 2 or any(n % d == 0 for d in range(2, int(n**0.5) + 1)):
        n += 1
    return n


def pack(array, limit):
    """A sample of an array: all of it if it is small, else its first 32 elements and then every stride-th."""
    flat = np.ascontiguousarray(array).reshape(-1)
    head, stride = (flat.size, 1) if flat.size <= limit else (32, smallest_prime_from(-(-flat.size // limit)))
    some = np.concatenate([flat[:head], flat[head::stride]])
    data = base64.b64encode(some.astype("<f4").tobytes()).decode()
    return {"shape": list(array.shape), "head": head, "stride": stride, "data": data}


def write_golden(folder, facts, arrays):
    floats = {n: pack(a, 2048 if n.startswith("logits") else 768) for n, a in arrays.items() if not n.startswith("clip.")}
    path = os.path.join(folder, f"{facts['name']}.json")
    with open(path, "w", encoding="utf-8") as out:
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
        packed = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in floats.items()]
        lines.append('  "floats": {\n' + ",\n".join(packed) + "\n  }")
        out.write("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {os.path.getsize(path)} bytes")


def write_reference(folder, recipe, model, facts, arrays):
    here = os.path.join(folder, recipe["name"])
    os.makedirs(here, exist_ok=True)
    weights.save(model, recipe, os.path.join(here, "model"))
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, os.path.join(here, "ref.safetensors"))
    with open(os.path.join(here, "ref.json"), "w", encoding="utf-8") as out:
        json.dump(facts, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", required=True)
    parser.add_argument("--out")
    parser.add_argument("--golden")
    parser.add_argument("--only")
    parser.add_argument("--skip")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    with open(options.recipes, encoding="utf-8") as file:
        recipes = json.load(file)
    for recipe in recipes:
        if recipe["name"] == options.skip or options.only not in (None, recipe["name"]):
            continue
        torch.manual_seed(0)
        model = weights.build(recipe)
        facts, arrays = reference(recipe, model, options.device)
        for found in facts["greedy"]:
            kinds = len(set(found["tokens"]))
            print(
                f"{recipe['name']}: {len(found['tokens'])} tokens, {kinds} kinds, {found['finish']},"
                f" smallest gap {found['smallestGap']:.4f}"
            )
        if options.golden:
            write_golden(options.golden, facts, arrays)
        if options.out:
            write_reference(options.out, recipe, model, facts, arrays)


if __name__ == "__main__":
    main()
