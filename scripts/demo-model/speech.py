"""Speech of espeak-ng and its log mel, 22,050 Hz: four frames of 80 mels are one code (1,024 samples, 46 ms)."""

import concurrent.futures
import random
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

RATE, N_FFT, HOP, N_MELS = 22050, 1024, 256, 80
FRAMES = 4  # of one code
SAMPLES = FRAMES * HOP  # of one code
CLIP_SECONDS = 3  # of a voice that the conditioning encoder hears
TAIL = 3  # codes of silence at the end: what CLVP's fixing of a finished row overwrites


@dataclass(frozen=True)
class Voice:
    variant: str  # of espeak-ng, such as "+f2"; "" for the plain voice
    pitch: int  # 0 to 99
    speed: int  # words a minute


def _voices():
    """Eight variants, each at three pitches and speeds."""
    rng = random.Random(2)
    found = []
    for variant in ("+m1", "+m2", "+m3", "+m4", "+m6", "+f1", "+f3", "+f4"):
        for pitch, speed in ((38, 150), (50, 170), (62, 185)):
            found.append(Voice(variant, pitch + rng.randint(-5, 5), speed + rng.randint(-10, 5)))
    return found


VOICES = _voices()
HELD_OUT = Voice("", 50, 165)  # no training voice is plain; demo/voice.wav is this one


def say(text, voice):
    """Samples in [-1, 1) of a text: silence cut off at both ends, then padded to whole codes with silence behind."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", f"en-us{voice.variant}", "-p", str(voice.pitch), "-s", str(voice.speed), "-w", file.name, text]
        subprocess.run(command, check=True)
        with wave.open(file.name) as sound:
            if sound.getframerate() != RATE or sound.getnchannels() != 1:
                raise ValueError(f"espeak-ng gave {sound.getframerate()} Hz, {sound.getnchannels()} channels; expected {RATE} Hz, 1")
            samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(samples) > 0.002)
    lead = HOP * 2
    samples = np.concatenate([np.zeros(lead, np.float32), samples[loud[0] : loud[-1] + 1]])
    whole = -(-len(samples) // SAMPLES) + TAIL
    return np.pad(samples, (0, whole * SAMPLES - len(samples)))


_filters = torch.tensor(mel_filter_bank(1 + N_FFT // 2, N_MELS, 0.0, 8000.0, RATE, norm="slaney", mel_scale="htk"), dtype=torch.float32)
_window = torch.hann_window(N_FFT)


def log_mel(samples):
    """[n_frames, 80] natural log of mel power, at least ln(1e-5): ClvpFeatureExtractor's, before its division by mel norms."""
    spectrum = torch.stft(torch.as_tensor(samples), N_FFT, HOP, window=_window, center=True, pad_mode="reflect", return_complex=True)
    power = spectrum.abs().square().T  # [n_frames, n_bins]
    return (power @ _filters).clamp(min=1e-5).log()


def code_frames(samples):
    """[n_codes, 4, 80]: the log mel of whole codes, as say() pads them."""
    mel = log_mel(samples)[: len(samples) // HOP]
    return mel.reshape(-1, FRAMES, N_MELS)


def speak_all(texts, voices):
    """code_frames of each text in its voice, float16, computed by as many threads as cores."""
    torch.set_num_threads(1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda text, voice: code_frames(say(text, voice)).half().numpy(), texts, voices))
