"""The pitch of made speech beside that of the speech it should be like.

    python pitch.py JOB.json      # [{ "made": WAV, "true": WAV }, ...]

Prints JSON: for each pair the median F0 of both in Hz, over the frames that both voice how many there are and how many lie within a tenth of the true F0, and
how many frames only one of them voices. The two are laid over each other by the cheapest alignment of their spectra, as they differ in pace.
"""

import json
import sys

import numpy as np
import pyworld
import soundfile
from scipy.signal import resample_poly

from recogniser import RATE, features

STEP = 0.01  # seconds: that of the features
LOWEST, HIGHEST = 60, 420  # Hz


def track(samples):
    samples = samples + np.random.default_rng(0).normal(0, 1e-5, len(samples))
    f0, times = pyworld.dio(samples, RATE, f0_floor=LOWEST, f0_ceil=HIGHEST, frame_period=1000 * STEP)
    return pyworld.stonemask(samples, f0, times, RATE)


def aligned(a, b):
    """Pairs of frames along the cheapest path through the distances of features [n, d] and [m, d]."""
    costs = np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0))
    n, m = costs.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0
    for i in range(1, n + 1):
        row, before, cost = total[i], total[i - 1], costs[i - 1]
        for j in range(1, m + 1):
            row[j] = cost[j - 1] + min(before[j - 1], before[j], row[j - 1])
    path, i, j = [], n, m
    while i > 0 and j > 0:
        path.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda at: total[at])
    return np.array(path[::-1])


def compare(made, true):
    pair = [resample_poly(samples, RATE, rate) for samples, rate in (made, true)]
    tracks = [track(samples) for samples in pair]
    frames = [np.asarray(features(samples)) for samples in pair]
    frames = [each - each.mean(0) for each in frames]
    path = aligned(*frames)
    path = path[(path[:, 0] < len(tracks[0])) & (path[:, 1] < len(tracks[1]))]
    a, b = tracks[0][path[:, 0]], tracks[1][path[:, 1]]
    both = (a > 0) & (b > 0)
    return {
        "made": float(np.median(tracks[0][tracks[0] > 0])) if (tracks[0] > 0).any() else 0,
        "true": float(np.median(tracks[1][tracks[1] > 0])),
        "voiced": int(both.sum()),
        "near": int((np.abs(a[both] / b[both] - 1) <= 0.1).sum()),
        "apart": int(((a > 0) != (b > 0)).sum()),
    }


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    json.dump([compare(*(soundfile.read(pair[kind]) for kind in ("made", "true"))) for pair in job], sys.stdout)


if __name__ == "__main__":
    main()
