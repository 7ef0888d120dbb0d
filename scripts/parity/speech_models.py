"""tortoise's classes for sound, with the weights of a case of test/helpers/speech_case.js."""

import os

import torch
from tortoise.models.diffusion_decoder import DiffusionTts
from tortoise.models.hifigan_decoder import HifiganGenerator
from tortoise.models.random_latent_generator import RandomLatentConverter
from tortoise.models.vocoder import UnivNetGenerator
from torch.nn.utils import remove_weight_norm

FILES = {
    "hifigan": (HifiganGenerator, "hifidecoder.pth"),
    "diffusion": (DiffusionTts, "diffusion_decoder.pth"),
    "vocoder": (UnivNetGenerator, "vocoder.pth"),
    "randomDecoder": (RandomLatentConverter, "rlg_auto.pth"),
    "randomDiffusion": (RandomLatentConverter, "rlg_diffuser.pth"),
}


def take_norms_off(module):
    for each in module.modules():
        if hasattr(each, "weight_g"):
            remove_weight_norm(each)


def save(stage, module, path, forms):
    """As the reference's authors saved it, or as others do: with the norms taken off, in a dictionary."""
    if forms.get(stage) == "plain":
        take_norms_off(module)
    state = module.state_dict()
    if stage == "vocoder":
        state = {"model_g": state, "epoch": 3}
    elif forms.get("wrapped"):
        state = {"model": state}
    torch.save(state, path)


def load(stage, case):
    kind, file = FILES[stage]
    module = kind(**case["stages"][stage])
    path = os.path.join(case["folder"], file)
    state = torch.load(path)
    module.load_state_dict(state["model_g"] if stage == "vocoder" else state)
    if case["forms"]:
        save(stage, module, path, case["forms"])
    if stage == "vocoder":
        module.eval(inference=True)  # as api.py calls it: this takes the norms off
    else:
        module.eval()
    return module


def load_all(case):
    """
    The stages by name, from files in the case's folder: their names and shapes must be those of the classes. If the case has `forms`, the
    files are written anew by torch.
    """
    return {stage: load(stage, case) for stage in FILES}
