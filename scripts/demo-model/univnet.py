"""The demo's UnivNet: transformers' own class at small sizes, and the log mel spectrograms it makes sound of, as tortoise computes them."""

import torch
from transformers import UnivNetConfig, UnivNetModel
from transformers.audio_utils import mel_filter_bank

from notes import RATE

HOP, SIZE, MELS = 256, 1024, 100  # samples of a frame and of a transform, channels
NOISE = 32  # channels, of the noise and of the kernel predictors alike: transformers' class takes one number for both

_filters = torch.tensor(mel_filter_bank(SIZE // 2 + 1, MELS, 0.0, RATE / 2, RATE, norm="slaney", mel_scale="slaney"), dtype=torch.float32)
_window = torch.hann_window(SIZE)


def log_mel(samples):
    """Natural log of mel magnitudes [..., MELS, 1 + samples // HOP] of samples in [-1, 1] at 24 kHz."""
    spectrum = torch.stft(samples, SIZE, HOP, window=_window.to(samples.device), center=True, pad_mode="reflect", return_complex=True)
    return (_filters.T.to(samples.device) @ spectrum.abs()).clamp(min=1e-5).log()


def build(seed=7):
    torch.manual_seed(seed)
    config = UnivNetConfig(
        model_in_channels=NOISE,
        model_hidden_channels=12,
        num_mel_bins=MELS,
        resblock_kernel_sizes=[3, 3, 3],
        resblock_stride_sizes=[8, 8, 4],
        resblock_dilation_sizes=[[1, 3, 9, 27]] * 3,
        kernel_predictor_num_blocks=3,
        kernel_predictor_hidden_channels=NOISE,
        kernel_predictor_conv_size=3,
    )
    model = UnivNetModel(config)
    model.apply_weight_norm()
    return model
