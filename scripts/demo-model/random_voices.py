"""Random voices: tortoise's RandomLatentConverter, taught to make of noise what mixtures of two of the learned voices look like."""

import torch
from torch import nn
from torch.nn import functional as F

LAYERS, PACE, SLOPE = 5, 0.1, 0.2
BATCH, DIRECTIONS = 512, 128


class Layer(nn.Module):
    """EqualLinear: weights and biases that are used at a tenth, so that they learn ten times as slowly as others."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width) / PACE)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        y = F.linear(x, self.weight * (PACE / x.shape[-1] ** 0.5), self.bias * PACE)
        return F.leaky_relu(y, SLOPE) * 2**0.5


class Voices(nn.Module):
    def __init__(self, width, seed=11):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(*(Layer(width) for _ in range(LAYERS)), nn.Linear(width, width))

    def forward(self, noise):
        return self.layers(noise)


def mixtures(vectors, n):
    """[n, d] between two voices each, of vectors [n_voices, n_clips, d]."""
    first, second = (vectors[torch.randint(len(vectors), (n,)), torch.randint(vectors.shape[1], (n,))] for _ in range(2))
    return torch.lerp(first, second, torch.rand(n, 1))


def loss(model, vectors):
    """How far the values of the made and of the true vectors are apart along random directions, both in order: the sliced Wasserstein distance,
    in units of the true vectors' spread."""
    width = vectors.shape[-1]
    made, true = model(torch.randn(BATCH, width)), mixtures(vectors, BATCH)
    directions = F.normalize(torch.randn(width, DIRECTIONS), dim=0)
    made, true = ((each @ directions).sort(0).values for each in (made, true))
    return (made - true).square().mean() / true.var()
