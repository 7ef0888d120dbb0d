"""The demo's diffusion decoder: tortoise's DiffusionTts at small sizes, in training, and the noise it learns to tell from mel spectrograms.

Modules have the names of tortoise's, so that its classes and the converter read what is saved here.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS, HEADS, LAYERS, MELS = 96, 4, 5, 100
CONTEXT_BLOCKS, LATENT_BLOCKS, CODE_BLOCKS, INTEGRATOR_LAYERS, TAIL_BLOCKS = 5, 4, 3, 3, 3
BUCKETS, FURTHEST = 32, 64  # of relative positions
FREE = 0.1  # the share of utterances that are learned without text and voice: what guidance needs
STEPS = 4000
NOISE = torch.linspace(2.5e-5, 5e-3, STEPS, dtype=torch.float64)  # of each step: its variance
LEAST, MOST = -11.512925148010254, 2.3143386840820312  # of log mel: they become -1 and 1
VARIANCE_WEIGHT = 1e-3


def normalised(mel):
    return 2 * (mel - LEAST) / (MOST - LEAST) - 1


def _norm(channels):
    return nn.GroupNorm(32 if channels > 64 else 16, channels)


class Positions(nn.Module):
    """A bias for each distance between two frames: exact for near ones, in classes that grow with the distance for others."""

    def __init__(self, heads, scale):
        super().__init__()
        self.relative_attention_bias = nn.Embedding(BUCKETS, heads)
        self.scale = scale

    def forward(self, n):
        away = torch.arange(n)[:, None] - torch.arange(n)  # > 0: the key lies before the query
        half, exact = BUCKETS // 2, BUCKETS // 4
        distance = away.abs()
        far = exact + (torch.log(distance.clamp(min=1) / exact) / math.log(FURTHEST / exact) * (half - exact)).long()
        bucket = torch.where(distance < exact, distance, far.clamp(max=half - 1)) + half * (away < 0)
        return self.relative_attention_bias(bucket).permute(2, 0, 1) * self.scale


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = _norm(channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)
        self.relative_pos_embeddings = Positions(HEADS, (channels // HEADS) ** 0.5)

    def forward(self, x):
        batch, channels, n = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, HEADS, 3, channels // HEADS, n).transpose(3, 4).unbind(2)
        bias = self.relative_pos_embeddings(n).to(q.dtype).expand(batch, -1, -1, -1)
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return x + self.proj_out(found.transpose(2, 3).reshape(batch, channels, n))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.in_layers = nn.Sequential(_norm(channels), nn.SiLU(), nn.Conv1d(channels, channels, 1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(channels, 2 * channels))
        self.out_layers = nn.Sequential(_norm(channels), nn.SiLU(), nn.Dropout(0), nn.Conv1d(channels, channels, 3, padding=1))

    def forward(self, x, time):
        scale, shift = self.emb_layers(time)[..., None].chunk(2, dim=1)
        norm, *rest = self.out_layers
        y = norm(self.in_layers(x)) * (1 + scale) + shift
        return x + nn.Sequential(*rest)(y)


class Layer(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.resblk = Residual(channels)
        self.attn = Attention(channels)

    def forward(self, x, time):
        return self.attn(self.resblk(x, time))


class Diffusion(nn.Module):
    def __init__(self, latent_width, codes):
        super().__init__()
        c = CHANNELS
        self.inp_block = nn.Conv1d(MELS, c, 3, padding=1)
        self.time_embed = nn.Sequential(nn.Linear(c, c), nn.SiLU(), nn.Linear(c, c))
        self.code_embedding = nn.Embedding(codes, c)
        self.code_converter = nn.Sequential(*(Attention(c) for _ in range(CODE_BLOCKS)))
        self.code_norm = _norm(c)
        self.latent_conditioner = nn.Sequential(nn.Conv1d(latent_width, c, 3, padding=1), *(Attention(c) for _ in range(LATENT_BLOCKS)))
        halving = [nn.Conv1d(MELS, c, 3, padding=1, stride=2), nn.Conv1d(c, 2 * c, 3, padding=1, stride=2)]
        self.contextual_embedder = nn.Sequential(*halving, *(Attention(2 * c) for _ in range(CONTEXT_BLOCKS)))
        self.unconditioned_embedding = nn.Parameter(torch.randn(1, c, 1))
        self.conditioning_timestep_integrator = nn.ModuleList(Layer(c) for _ in range(INTEGRATOR_LAYERS))
        self.integrating_conv = nn.Conv1d(2 * c, c, 1)
        self.layers = nn.ModuleList([*(Layer(c) for _ in range(LAYERS)), *(Residual(c) for _ in range(TAIL_BLOCKS))])
        self.out = nn.Sequential(_norm(c), nn.SiLU(), nn.Conv1d(c, 2 * MELS, 3, padding=1))

    def voices(self, clips):
        """[n, 2 x CHANNELS] of normalised log mel [n, MELS, frames]."""
        return self.contextual_embedder(clips).mean(-1)

    def forward(self, x, time, aligned, voices, free=None):
        """[n, 2 x MELS, frames]: the noise in x [n, MELS, frames] at the times [n], and its variance between the least and the most possible.
        aligned is latents [n, width, codes], or codes [n, codes]; `free` marks utterances without text and voice."""
        if aligned.dtype == torch.long:
            y = self.code_converter(self.code_embedding(aligned).transpose(1, 2))
        else:
            y = self.latent_conditioner(aligned)
        scale, shift = voices[..., None].chunk(2, dim=1)
        y = self.code_norm(y) * (1 + scale) + shift
        if free is not None:
            y = torch.where(free[:, None, None], self.unconditioned_embedding, y)
        y = F.interpolate(y, size=x.shape[-1], mode="nearest")
        waves = torch.exp(-math.log(10000) * torch.arange(CHANNELS // 2) / (CHANNELS // 2)) * time[:, None]
        time = self.time_embed(torch.cat([waves.cos(), waves.sin()], dim=-1))
        for layer in self.conditioning_timestep_integrator:
            y = layer(y, time)
        x = self.integrating_conv(torch.cat([self.inp_block(x), y], dim=1))
        for layer in self.layers:
            x = layer(x, time)
        return self.out(x)


_kept = torch.cumprod(1 - NOISE, 0)  # of the spectrogram's variance, at each step
_kept_before = torch.cat([torch.ones(1, dtype=torch.float64), _kept[:-1]])
_least = torch.log(torch.cat([(NOISE * (1 - _kept_before) / (1 - _kept))[1:2], (NOISE * (1 - _kept_before) / (1 - _kept))[1:]]))
_most = torch.log(NOISE)


def loss(model, mels, aligned, clips):
    """Of normalised log mel [n, MELS, frames]: the error of the noise, and a little of the likelihood that its variance gives the step before."""
    n = len(mels)
    step = torch.randint(STEPS, (n,))
    noise = torch.randn_like(mels)

    def at(table):
        return table.to(step.device)[step].float()[:, None, None]

    noisy = at(_kept.sqrt()) * mels + at((1 - _kept).sqrt()) * noise
    made = model(noisy, step.float(), aligned, model.voices(clips), torch.rand(n) < FREE).float()
    guess, share = made.chunk(2, dim=1)
    error = (guess - noise).square()
    variance = (share + 1) / 2 * at(_most) + (1 - share) / 2 * at(_least)
    # The mean of the step before differs from the true one by the error of the noise, scaled.
    apart = error.detach() * at(NOISE.square() / ((1 - NOISE) * (1 - _kept)))
    likelihood = 0.5 * (variance - at(_least) + (at(_least).exp() + apart) / variance.exp() - 1)
    return error.mean() + VARIANCE_WEIGHT * likelihood.mean()
