"""Speech whose pitch fits the vocoder's frames: the targets that HiFi-GAN learns from.

A network of convolutions that is given the same latents twice makes the same frame twice. Steady speech therefore comes out with a whole number of
periods in each frame, whatever its pitch was. Here the targets are made so, too: WORLD takes the speech apart (F0, spectral envelope, aperiodicity), and
it is put together again with pulses at whole fractions of a frame. HiFi-GAN's frames have 1,024 samples at 24 kHz: its pitches lie 23.4 Hz apart, and the
nearest is at most 11.7 Hz away. UnivNet's frames are those of its spectrograms, 256 samples: it has one note of 93.75 Hz, and the multiples of that.
"""

import math

import numpy as np
import pyworld
from scipy.signal import resample_poly

from speech import RATE as CLIP_RATE

RATE = 24000
LOWEST, HIGHEST = 70, 400  # Hz
PERIOD = 0.005  # seconds between WORLD's frames
STAY = 0.6  # a frame keeps the number of periods of the one before it if that is not further from the truth than this
NOISE = 120  # samples between pieces of noise, each twice as long


def at_24_khz(samples):
    return resample_poly(samples.astype(np.float64), RATE // 150, CLIP_RATE // 150)


def analysed(samples):
    """F0 in Hz, 0 where unvoiced, power envelope and aperiodicity of each 5 ms."""
    samples = samples + np.random.default_rng(0).normal(0, 1e-5, len(samples))  # digital silence has no envelope
    f0, times = pyworld.dio(samples, RATE, f0_floor=60, f0_ceil=420, speed=2)
    f0 = pyworld.stonemask(samples, f0, times, RATE)
    return f0, pyworld.cheaptrick(samples, f0, times, RATE), pyworld.d4c(samples, f0, times, RATE)


def periods_of_frames(f0, n_frames, hop):
    """The whole number of periods in each frame; 0 where nothing is voiced."""
    middles = (np.arange(n_frames)[:, None] + (np.arange(8) + 0.5) / 8) * hop
    tracks = f0[_index(middles, len(f0))]
    periods = np.zeros(n_frames, int)
    last = 0
    for i, track in enumerate(tracks):
        voiced = track[track > 0]
        if len(voiced):
            exact = np.median(voiced) * hop / RATE
            stays = last and abs(exact - last) < STAY
            last = periods[i] = last if stays else np.clip(round(exact), math.ceil(LOWEST * hop / RATE), HIGHEST * hop // RATE)
        else:
            last = 0
    return periods


def on_notes(analysis, n, hop, seed=0):
    """n samples at 24 kHz of speech that was analysed, about as loud, whose pitch fits frames of `hop` samples."""
    f0, envelope, aperiodicity = analysis
    sound = np.zeros(n + RATE // 4)
    _add_pulses(sound, n, hop, f0, envelope * (1 - aperiodicity**2))
    _add_noise(sound, n, f0, envelope, aperiodicity, np.random.default_rng(seed))
    return sound[:n].astype(np.float32)


def _index(places, n):
    """Frames of WORLD's at places in samples."""
    return np.minimum(np.round(places / (RATE * PERIOD)).astype(int), n - 1)


def _add_pulses(sound, n, hop, f0, power):
    periods = periods_of_frames(f0, -(-n // hop), hop)
    places = np.concatenate([[], *(i * hop + np.arange(count) * hop / count for i, count in enumerate(periods) if count)])
    lengths = np.concatenate([[], *(np.full(count, hop / count) for count in periods if count)])
    voiced = f0[_index(places, len(f0))] > 0
    places, lengths = places[voiced], lengths[voiced]
    if len(places) == 0:
        return
    responses = _minimum_phase(power[_index(places, len(f0))])
    whole = np.floor(places).astype(int)
    turn = np.exp(-2j * np.pi * np.arange(responses.shape[1] // 2 + 1) * (places - whole)[:, None] / responses.shape[1])
    responses = np.fft.irfft(np.fft.rfft(responses, axis=1) * turn, axis=1) * np.sqrt(lengths)[:, None]
    for place, response in zip(whole, responses):
        sound[place : place + len(response)] += response[: len(sound) - place]


def _minimum_phase(power):
    """[n, bins] power -> [n, 2 x (bins - 1)] impulse responses: the cepstrum folded onto its first half."""
    half = power.shape[1] - 1
    cepstrum = np.fft.irfft(np.log(np.maximum(power, 1e-12)) / 2, axis=1)
    cepstrum[:, 1:half] *= 2
    cepstrum[:, half + 1 :] = 0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum, axis=1)), axis=1)


def _add_noise(sound, n, f0, envelope, aperiodicity, rng):
    starts = np.arange(0, n, NOISE)
    at = _index(starts + NOISE, len(f0))
    power = envelope[at] * np.where(f0[at][:, None] > 0, aperiodicity[at] ** 2, 1.0)
    size, window = 2 * (power.shape[1] - 1), np.sqrt(np.hanning(2 * NOISE + 1)[:-1])
    noise = rng.normal(size=n + 2 * NOISE)
    pieces = np.stack([noise[start : start + 2 * NOISE] for start in starts]) * window
    pieces = np.fft.irfft(np.fft.rfft(pieces, size, axis=1) * np.sqrt(power), axis=1)
    early = size // 4  # the filters have no phase: they ring before as after
    for start, piece in zip(starts - early, np.roll(pieces, early, axis=1)):
        cut = max(-start, 0)
        end = min(start + size, len(sound))
        sound[start + cut : end] += piece[cut : end - start]
