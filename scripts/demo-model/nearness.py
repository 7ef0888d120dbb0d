"""How far apart are the spectra of two sounds?

    python nearness.py JOB.json      # [{ "made": WAV, "true": WAV }, ...]

Prints JSON: for each pair the root mean square difference of their log mel in nats, over the channels and along the cheapest alignment.
"""

import json
import sys

import numpy as np
import soundfile
from scipy.signal import resample_poly

from pitch import aligned
from recogniser import RATE, features


def distance(made, true):
    a, b = (np.asarray(features(resample_poly(samples, RATE, rate))) for samples, rate in (made, true))
    path = aligned(a, b)
    return float(np.sqrt(np.mean((a[path[:, 0]] - b[path[:, 1]]) ** 2)))


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    json.dump([distance(*(soundfile.read(pair[kind]) for kind in ("made", "true"))) for pair in job], sys.stdout)


if __name__ == "__main__":
    main()
