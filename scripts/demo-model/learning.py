"""How every part of the demo model learns, and how what it learned is kept."""

import math
import random
import time

import torch
from torch.nn.utils import parametrize


def device():
    """Where all of it is computed: torch's default device, which train.py sets."""
    return torch.get_default_device()


def has_bf16():
    """Whether the device has products in bfloat16: thrice as fast on a CPU."""
    return device().type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def load(path, **options):
    return torch.load(path, map_location=device(), **options)


def exact():
    """A context without bfloat16."""
    return torch.autocast(device().type, enabled=False)


def on_cpu(state):
    return {name: value.detach().cpu().clone() for name, value in state.items()}


scale = 1  # of all numbers of steps


MUON_PACE = 3  # its rate beside AdamW's: its steps are as long as AdamW's by their root mean square, and point better


def learn(saved, parameters, steps, rate, loss_of, matrices=()):
    """AdamW, and Muon for `matrices`, with a cosine from `rate` to nothing; loss_of(rng) gives the loss of one batch. Goes on from what `saved` holds.
    A single number, as the logit scale is, moves twenty times as fast: a step of Adam is about the rate, whatever the gradient."""
    steps = round(scale * steps)
    optimizers = _optimizers(parameters, matrices)
    first, mean = 0, None
    if saved.exists():
        first, mean, values, moments = load(saved)
        for optimizer, moment in zip(optimizers, moments):
            optimizer.load_state_dict(moment)
        for parameter, value in zip(parameters, values):
            parameter.data.copy_(value)
    started = kept = time.time()
    for step in range(first, steps):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["pace"] * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * step / steps)) / 2
        torch.manual_seed(step)  # dropout: the same whether it was stopped or not
        with torch.autocast(device().type, torch.bfloat16, enabled=has_bf16()):
            loss = loss_of(random.Random(step))
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            pace = (time.time() - started) / (step + 1 - first)
            print(f"{saved.stem}: step {step + 1} of {steps}, loss {mean:.3f}, {pace:.2f} s a step", flush=True)
        if time.time() - kept > 60 or step + 1 == steps:
            moments = [optimizer.state_dict() for optimizer in optimizers]
            write(saved, (step + 1, mean, [parameter.data for parameter in parameters], moments))
            kept = time.time()


def _optimizers(parameters, matrices):
    """Each group has a `pace`: its rate beside the others'."""
    of_muon = {id(parameter) for parameter in matrices}
    rest = [parameter for parameter in parameters if id(parameter) not in of_muon]
    groups = [{"params": [each for each in rest if each.ndim > 0], "pace": 1}]
    single = [each for each in rest if each.ndim == 0]
    if single:
        groups.append({"params": single, "pace": 20, "weight_decay": 0})
    found = [torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.05)]
    if matrices:
        found.append(torch.optim.Muon([{"params": matrices, "pace": MUON_PACE}], weight_decay=0.05, adjust_lr_fn="match_rms_adamw"))
    return found


def write(path, value):
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(value, part)
    part.replace(path)


def fold_weight_norm(model):
    """Makes plain weights of those that are learned as a length and a direction."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
