"""What tortoise-tts' own classes take from latents to sound, for stages.mjs: milliseconds of each stage as JSON.

    python stages_reference.py --codes 60 --threads 2 --rounds 3

Published sizes and random weights, F32. A stage runs once before the clock does.
"""

import argparse
import json
import statistics
import time
import warnings
from unittest.mock import patch

import torch
from tortoise.models.hifigan_decoder import HifiganGenerator

from tortoise_models import MELS, WIDTH, diffusion_model, vocoder_model

warnings.simplefilter("ignore")


def hifigan(codes):
    model = HifiganGenerator(
        in_channels=WIDTH,
        out_channels=1,
        resblock_type="1",
        resblock_dilation_sizes=[[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        resblock_kernel_sizes=[3, 7, 11],
        upsample_kernel_sizes=[16, 16, 4, 4],
        upsample_initial_channel=512,
        upsample_factors=[8, 8, 2, 2],
        cond_channels=WIDTH,
    ).eval()
    latents, voice = torch.randn(1, codes, WIDTH), torch.randn(1, WIDTH)
    with patch.object(torch.Tensor, "to", lambda tensor, *_: tensor):  # it sends its input to a GPU
        yield lambda: model.inference(latents, voice)


def diffusion(codes):
    model = diffusion_model()
    frames = codes * 4 * 24000 // 22050
    x, when = torch.randn(1, MELS, frames), torch.tensor([500])
    latents, voice = torch.randn(1, codes, WIDTH), torch.randn(1, 2048)
    yield lambda: model(x, when, latents, voice)


def vocoder(codes):
    model = vocoder_model()
    mel = torch.randn(1, MELS, codes * 4 * 24000 // 22050) * 2 - 5
    yield lambda: model.inference(mel)


@torch.no_grad()
def time_stage(stage, codes, rounds):
    took = []
    for run in stage(codes):
        run()
        for _ in range(rounds):
            began = time.perf_counter()
            run()
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


parser = argparse.ArgumentParser()
parser.add_argument("--codes", type=int, default=60)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
torch.set_num_threads(options.threads)
stages = {"hifigan": hifigan, "diffusion": diffusion, "vocoder": vocoder}
print(json.dumps({name: time_stage(stage, options.codes, options.rounds) for name, stage in stages.items()}))
