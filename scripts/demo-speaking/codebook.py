"""The codebook: k-means over the log mel of codes, 4 frames x 80 values each."""

import torch

SIZE = 512


def learn(vectors, seed=3, rounds=25):
    """[SIZE, d] centres of [n, d] float32 vectors. Code 0 is silence: the frames of digital silence, and nothing else."""
    generator = torch.Generator().manual_seed(seed)
    silence = vectors.min()  # ln(1e-5) everywhere
    sounding = vectors[(vectors > silence + 0.01).any(1)]
    centres = sounding[torch.randperm(len(sounding), generator=generator)[: SIZE - 1]].clone()
    for _ in range(rounds):
        nearest = assign(sounding, centres)
        counts = torch.bincount(nearest, minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, nearest, sounding)
        centres = sums / counts.clamp(min=1)[:, None]
        empty = (counts < 2).nonzero()[:, 0]  # begins anew at a random place
        centres[empty] = sounding[torch.randint(len(sounding), (len(empty),), generator=generator)]
    return torch.cat([torch.full((1, vectors.shape[1]), float(silence)), centres])


def assign(vectors, centres, block=16384):
    """The nearest centre of each vector."""
    norms = centres.square().sum(1) / 2
    return torch.cat([(part @ centres.T - norms).argmax(1) for part in vectors.split(block)])


def lost(vectors, centres):
    """The fraction of the vectors' variance that is lost."""
    error = (vectors - centres[assign(vectors, centres)]).square().mean()
    return float(error / (vectors - vectors.mean(0)).square().mean())
