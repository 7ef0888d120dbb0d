"""Inputs and answers of a case of test/helpers/speech_case.js.

The answers are written to answers.json in the case's folder: for each subject a list, an answer for each request. An array is
{"data": base64 of float32, "shape", "head", "stride"}: the first `head` elements are kept, and then every stride-th.
"""

import argparse
import base64
import json
import math
import os

import numpy as np
import torch

import weights

MEL = {"scale": 2.0, "offset": -5.0}  # log-mel values of speech lie around here


def noise(seed, name, shape, scale=1.0, offset=0.0):
    """Noise of mean 0 and deviation 1 by (seed, name): sums of three uniform numbers, in float32."""
    count = math.prod(shape)
    hashes = weights.hash_block(weights.name_key(seed, name), 0, 3 * count)
    whole = (hashes >> np.uint32(8)).astype(np.int64) - (1 << 23)
    values = (whole.reshape(count, 3).sum(axis=1) * 2.0**-23).astype(np.float32)
    values = values * np.float32(scale) + np.float32(offset)
    return torch.from_numpy(values.reshape(shape))


def ids(seed, name, count, high):
    """`count` ids from 0 to `high` - 1, as a batch of one."""
    hashes = weights.hash_block(weights.name_key(seed, name), 0, count)
    return torch.from_numpy((hashes % np.uint32(high)).astype(np.int64))[None]


class Inputs:
    """Made-up inputs of a case by name."""

    def __init__(self, case):
        self.seed, self.stages = case["seed"], case["stages"]
        self.width = self.stages["hifigan"]["in_channels"]
        self.mels = self.stages["diffusion"]["in_channels"]

    def latents(self, codes):
        return noise(self.seed, f"latents {codes}", (1, codes, self.width))

    def codes(self, count):
        return ids(self.seed, f"codes {count}", count, self.stages["diffusion"]["in_tokens"])

    def voice(self):
        return noise(self.seed, "voice", (1, self.width))

    def conditioning(self):
        return noise(self.seed, "conditioning", (1, 2 * self.stages["diffusion"]["model_channels"]), scale=0.5)

    def mel(self, name, frames):
        return noise(self.seed, f"mel {name}", (1, self.mels, frames), **MEL)

    def noise(self, name, shape):
        return noise(self.seed, f"noise {name}", shape)


def pack(tensor, keep):
    """`keep` is about how many elements are kept; None for all."""
    flat = tensor.detach().float().reshape(-1)
    head = flat.numel() if keep is None else min(flat.numel(), keep // 2)
    rest = flat.numel() - head
    stride = math.ceil(rest / (keep - head)) | 1 if rest else 1
    kept = torch.cat([flat[:head], flat[head::stride]])
    data = base64.b64encode(kept.numpy().astype("<f4").tobytes()).decode()
    return {"shape": list(tensor.shape), "head": head, "stride": stride, "data": data}


@torch.no_grad()
def answer(case, build, subjects):
    models, given = build(case), Inputs(case)
    return {
        subject: [pack(compute(models, given, request), case["keep"]) for request in case[subject]]
        for subject, compute in subjects.items()
    }


def main(build, subjects, more=lambda case: {}):
    """
    :param build: makes the models of a case, by name
    :param subjects: by subject a function that computes an array of (models, inputs, request)
    :param more: makes answers of a case that need no model
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(options.case, encoding="utf-8") as file:
        case = json.load(file)
    answers = {**answer(case, build, subjects), **more(case)}
    with open(os.path.join(case["folder"], "answers.json"), "w", encoding="utf-8") as file:
        json.dump(answers, file)
