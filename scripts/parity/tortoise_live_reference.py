"""What tortoise-tts computes with its own classes, for scripts/parity/tortoise_live.mjs.

    python tortoise_live_reference.py --case case.json [--threads N]

The case names a folder. If autoregressive.pth and clvp2.pth are there, their weights are used; otherwise random ones are made
and saved there as tortoise saves them. The answers are written beside them, to answers.json: integers as lists, floats as
{"floats": base64, "shape"}. What a case holds is told at its two makers in tortoise_live.mjs.
"""

import argparse
import base64
import json
import os
import warnings

import torch
import torch.nn.functional as F
from tortoise.api import fix_autoregressive_output, format_conditioning
from tortoise.models.autoregressive import UnifiedVoice
from tortoise.models.clvp import CLVP
from transformers.utils import logging

import weights

warnings.simplefilter("ignore")
logging.set_verbosity_error()
STOP_TEXT = 0
# Buffers that are no weights: rotary frequencies, and masks that older versions of transformers kept.
DERIVED = ("inv_freq", ".attn.bias", ".attn.masked_bias")


def pack(tensor):
    data = tensor.detach().contiguous().float().numpy().astype("<f4").tobytes()
    return {"floats": base64.b64encode(data).decode(), "shape": list(tensor.shape)}


# --- weights -----------------------------------------------------------------------------------------------------------


def randomize(module, seed):
    """Draws every parameter again, at scales that keep activations near 1, so that logits differ clearly."""
    random = torch.Generator().manual_seed(seed)
    for name, value in module.named_parameters():
        drawn = torch.randn(value.shape, generator=random)
        if value.dim() == 0:
            drawn = torch.tensor(2.7)  # CLVP's temperature
        elif value.dim() == 1:
            drawn = 0.1 * drawn + (0 if name.endswith("bias") else 1)
        elif "emb" in name:
            drawn *= 0.5 if "pos" in name else 1
        else:
            # GPT-2's matrices are [in, out], all others [out, in].
            drawn /= value.shape[0 if name.startswith("gpt.h.") else 1] ** 0.5
        value.copy_(drawn)


def restore(module, path):
    """tortoise's way, but for what follows from the sizes: a pair made without torch need not have it right."""
    state = {name: value for name, value in torch.load(path).items() if not name.endswith(DERIVED)}
    missing, unexpected = module.load_state_dict(state, strict=False)
    wrong = [name for name in [*missing, *unexpected] if not name.endswith(DERIVED)]
    if wrong:
        raise ValueError(f"{path} lacks or has in excess: {wrong[:5]}")


def build(case):
    modules = {
        "autoregressive.pth": UnifiedVoice(**case["unifiedVoice"]).eval(),
        "clvp2.pth": CLVP(**case["clvp"], use_xformers=True).eval(),
    }
    for place, (name, module) in enumerate(modules.items()):
        path = os.path.join(case["folder"], name)
        if os.path.exists(path):
            restore(module, path)
        else:
            randomize(module, case["seed"] + place)
            if isinstance(module, UnifiedVoice):
                module.mel_head.bias[1] = 3  # often the likeliest code, which the penalty counts from the start
            torch.save(module.state_dict(), path)
    return modules.values()


# --- answers -----------------------------------------------------------------------------------------------------------


def voices(model, case):
    """The conditioning latents of each list of clips; a clip has the length of a window, so no crop is drawn."""
    mels = [format_conditioning(torch.from_numpy(weights.clip(**clip))[None], device="cpu") for clip in case["clips"]]
    return [model.get_conditioning(torch.stack([mels[clip] for clip in chosen], dim=1)) for chosen in case["voices"]]


def with_stop(ids):
    """A text as TextToSpeech.tts() pads it: both models get it so."""
    return torch.tensor([[*ids, STOP_TEXT]])


def draw(model, voice, ids, penalty, length):
    found = model.inference_speech(
        voice, with_stop(ids), do_sample=False, num_beams=1, repetition_penalty=float(penalty), max_generate_length=length
    )
    return found[0].tolist()


def drawings(model, found, case):
    """By way of the positions: the cache that drew them, then the codes of each request."""
    answers = {}
    for name, kv_cache in (("trained", False), ("cached", True)):
        model.post_init_gpt2_config(kv_cache=kv_cache)
        answers[name] = [
            draw(model, found[each["voice"]], case["texts"][each["text"]], each["penalty"], case["maxTokens"])
            for each in case["draws"]
        ]
    return answers


def latents(model, found, case):
    """tortoise's second pass, which makes the input of the diffusion stage."""
    for each in case["latents"]:
        codes, text = torch.tensor([each["codes"]]), with_stop(case["texts"][each["text"]])
        samples = torch.tensor([codes.shape[-1] * model.mel_length_compression])
        lengths = torch.tensor([text.shape[-1]])
        voice = found[each["voice"]]
        yield model(voice, text, lengths, codes, samples, return_latent=True, clip_inputs=False)[0]


def scores(clvp, stop, case):
    """Rows in the form that tortoise ranks: padded with stops to one length, then fixed."""
    for each in case["scores"]:
        rows = [F.pad(torch.tensor(row), (0, case["padTo"] - len(row)), value=stop) for row in each["rows"]]
        batch = torch.stack([fix_autoregressive_output(row, stop, complain=False) for row in rows])
        yield batch, clvp(with_stop(case["texts"][each["text"]]).repeat(len(rows), 1), batch, return_loss=False)


@torch.no_grad()
def answer(case):
    model, clvp = build(case)
    found = voices(model, case)
    scored = list(scores(clvp, model.stop_mel_token, case))
    return {
        "voices": [pack(voice[0]) for voice in found],
        "draws": drawings(model, found, case),
        "latents": [pack(each) for each in latents(model, found, case)],
        "fixed": [batch.tolist() for batch, _ in scored],
        "scores": [pack(values) for _, values in scored],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(options.case, encoding="utf-8") as file:
        case = json.load(file)
    answers = answer(case)
    with open(os.path.join(case["folder"], "answers.json"), "w", encoding="utf-8") as file:
        json.dump(answers, file)


if __name__ == "__main__":
    main()
