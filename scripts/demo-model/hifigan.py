"""The demo's HiFi-GAN: tortoise's generator at small sizes, with one frame for each latent, and the losses it learns from.

As convolutions over [batch, channels, 1, time], channels last and in bfloat16, it trains twice as fast on a CPU as with those of one dimension.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm
from transformers.audio_utils import mel_filter_bank

from learning import fold_weight_norm, on_cpu
from notes import RATE
from speech import RATE as CLIP_RATE

CHANNELS, RATES, KERNELS, DILATIONS = 256, (8, 8, 4, 4), (3, 7), (1, 3, 5)
HOP = math.prod(RATES)  # samples of a frame
SLOPE = 0.1  # of the leaky ReLUs, but for the last: torch's own
SIZES = [(256, 64), (512, 128), (1024, 256), (2048, 512)]  # of the transforms that the losses compare, and the steps between them
PHASED_HZ = 5000  # below it phases are compared, too
VOICE_SCALE = 16  # the standard deviation of the decoder's voices, about; folded into the weights when they are saved


def _convolution(inputs, outputs, taps, dilation=1):
    layer = nn.Conv2d(inputs, outputs, (1, taps), dilation=(1, dilation), padding=(0, dilation * (taps - 1) // 2))
    layer.weight.data.normal_(0, 0.01)
    return weight_norm(layer)


class ResBlock(nn.Module):
    def __init__(self, channels, taps):
        super().__init__()
        self.convs1 = nn.ModuleList(_convolution(channels, channels, taps, dilation) for dilation in DILATIONS)
        self.convs2 = nn.ModuleList(_convolution(channels, channels, taps) for _ in DILATIONS)

    def forward(self, x):
        for first, second in zip(self.convs1, self.convs2):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Generator(nn.Module):
    """Names as in tortoise's HifiganGenerator."""

    def __init__(self, width):
        super().__init__()
        self.conv_pre = weight_norm(nn.Conv2d(width, CHANNELS, (1, 7), padding=(0, 3)))
        self.cond_layer = nn.Conv2d(width, CHANNELS, 1)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = CHANNELS
        for rate in RATES:
            up = nn.ConvTranspose2d(channels, channels // 2, (1, 2 * rate), (1, rate), padding=(0, rate // 2))
            up.weight.data.normal_(0, 0.01)
            self.ups.append(weight_norm(up, dim=0))
            channels //= 2
            self.resblocks.extend(ResBlock(channels, taps) for taps in KERNELS)
        self.conv_post = _convolution(channels, 1, 7)

    def forward(self, frames, voices):
        """[n, width, frames] stretched latents and [n, width] voices -> [n, HOP * frames] samples."""
        x = self.conv_pre(frames[:, :, None].to(memory_format=torch.channels_last))
        x = x + self.cond_layer(voices[..., None, None] / VOICE_SCALE)
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = self.resblocks[i * len(KERNELS) : (i + 1) * len(KERNELS)]
            x = sum(block(x) for block in blocks) / len(KERNELS)
        return torch.tanh(self.conv_post(F.leaky_relu(x)).float())[:, 0, 0]

    def tortoise_state(self):
        """Its weights as tortoise's class has them after remove_weight_norm()."""
        fold_weight_norm(self)
        state = {name: value.squeeze(2) if value.ndim == 4 else value for name, value in on_cpu(self.state_dict()).items()}
        state["cond_layer.weight"] /= VOICE_SCALE
        return state


def stretched(latents):
    """[n, width] latents -> [width, frames]: one frame of HOP samples for each, moved from the codes' sample rate to the sound's."""
    return F.interpolate(latents.float().T[None], scale_factor=[RATE / CLIP_RATE], mode="linear")[0]


_windows = {size: torch.hann_window(size) for size, _ in SIZES}
_filters = torch.tensor(mel_filter_bank(513, 100, 0.0, 11000.0, RATE, norm="slaney", mel_scale="htk"), dtype=torch.float32)
_filters /= _filters.sum(0, keepdim=True).clamp(min=1e-8)


def loss(made, true):
    """Of samples [n, time]: how far the magnitudes of four transforms are apart, in proportion and as logarithms, and the log mel; and how far the
    compressed complex spectra are, below PHASED_HZ: the targets' pulses begin where frames begin, so that their phases can be learned."""
    total = 0
    for size, step in SIZES:
        a, b = (torch.stft(x, size, step, window=_windows[size].to(x.device), return_complex=True) for x in (made, true))
        if size > SIZES[0][0]:
            total = total + _phase_loss(a, b, size * PHASED_HZ // RATE) / (len(SIZES) - 1)
        a, b = (_magnitude(x) for x in (a, b))
        proportion = (b - a).square().sum((1, 2)) / b.square().sum((1, 2)).clamp(min=1)
        total = total + (proportion.clamp(min=1e-8).sqrt().mean() + _log_loss(a, b)) / len(SIZES)
        if size == 1024:
            total = total + 2 * _log_loss(*(x.transpose(1, 2) @ _filters.to(x.device) for x in (a, b)))
    return total


def _magnitude(x):
    return (x.real.square() + x.imag.square()).clamp(min=1e-6).sqrt()


def _log_loss(a, b):
    return (a.clamp(min=1e-2).log() - b.clamp(min=1e-2).log()).abs().mean()


def _phase_loss(a, b, bins):
    a, b = (x[:, :bins] / (x[:, :bins].real.square() + x[:, :bins].imag.square() + 1e-2).pow(0.3) for x in (a, b))
    return _magnitude(a - b).mean() / _magnitude(b).mean()
