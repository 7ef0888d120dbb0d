"""Speech of espeak-ng and its log mel, 22,050 Hz: four frames of 80 mels are one code (1,024 samples, 46 ms)."""

import ctypes
import multiprocessing
import random
import wave
from dataclasses import dataclass

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

import codebook
from sentences import split

RATE, N_FFT, HOP, N_MELS = 22050, 1024, 256, 80
FRAMES = 4  # of one code
SAMPLES = FRAMES * HOP  # of one code
OF_VARIANT = 5  # voices
CLIP_SECONDS = 3  # of a voice that the conditioning encoder hears
TAIL = 3  # codes of silence at the end: what CLVP's fixing of a finished row overwrites


@dataclass(frozen=True)
class Voice:
    variant: str  # of espeak-ng, such as "+f2"; "" for the plain voice
    pitch: int  # 0 to 99
    speed: int  # words a minute


def _voices():
    """Each variant at several pitches and speeds. Medians of the pitch lie between 100 and 240 Hz: docs/demo-model.md says why none is lower. With few
    variants a new one is not understood; with few pitches neither is a new pitch."""
    rng = random.Random(2)
    men = "+m1 +m2 +m3 +m4 +m5 +m6 +m8 +Alex +benjamin +Diogo +edward +Gene +Henrique +Hugo +john +max +Mike +rob".split()
    women, high = "+f1 +f2 +f3 +f4 +aunty +grandma +steph".split(), "+Alicia +Annie +belinda +linda".split()
    pitches = {variant: (60, 92) for variant in men} | {variant: (28, 52) for variant in women} | {variant: (5, 38) for variant in high}
    found = []
    for variant, (lowest, highest) in pitches.items():
        for i in range(OF_VARIANT):
            pitch = lowest + (highest - lowest) * (i + rng.random()) / OF_VARIANT
            found.append(Voice(variant, round(pitch), rng.randint(142, 184)))
    return found


VOICES = _voices()
HELD_OUT = Voice("", 70, 165)  # no training voice is plain; demo/voice.wav is this one
# What pitch and likeness are measured on: three variants that were not learned, and the others at pitches and speeds that were not.
MEASURED = [HELD_OUT, Voice("+m7", 72, 160), Voice("+f5", 42, 168)] + [
    Voice(variant, pitch, speed)
    for variant, pitch, speed in (
        ("+m1", 66, 164),
        ("+m2", 79, 158),
        ("+m3", 73, 170),
        ("+m4", 87, 162),
        ("+f1", 43, 167),
        ("+f2", 53, 156),
        ("+f3", 34, 172),
        ("+f4", 63, 160),
    )  # fmt: skip
]

CLIP_TEXT = "Good morning, this is how I speak when I am calm. Yesterday we walked along the river, and nobody said a word."


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),  # of a word, in characters
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


class Espeak:
    """The library, which belongs to one process and speaks one text at a time."""

    SYNCHRONOUS, UTF8, WORD, SPEED, PITCH = 2, 1, 1, 1, 3

    def __init__(self):
        self.library = ctypes.CDLL("libespeak-ng.so.1")
        rate = self.library.espeak_Initialize(self.SYNCHRONOUS, 0, None, 0)
        if rate != RATE:
            raise ValueError(f"espeak-ng speaks at {rate} Hz; expected {RATE} Hz")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
        self.callback = kind(self._take)  # kept: the library calls it
        self.library.espeak_SetSynthCallback(self.callback)
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def _take(self, sound, n, events):
        if n > 0:
            self.parts.append(np.ctypeslib.as_array(sound, (n,)).copy())
        i = 0
        while events[i].type != 0:
            if events[i].type == self.WORD:
                self.words.append((events[i].sample, events[i].text_position - 1, events[i].length))
            i += 1
        return 0

    def speak(self, text, voice):
        """int16 samples, and of each word its first sample, its place in the text and its length."""
        self.parts, self.words = [], []
        self.library.espeak_SetVoiceByName(f"en-us{voice.variant}".encode())
        self.library.espeak_SetParameter(self.PITCH, voice.pitch, 0)
        self.library.espeak_SetParameter(self.SPEED, voice.speed, 0)
        data = text.encode()
        self.library.espeak_Synth(data, len(data) + 1, 0, 0, 0, self.UTF8, None, None)
        self.library.espeak_Synchronize()
        return np.concatenate(self.parts), self.words

    def phones(self, text, voice):
        """The names of the sounds of a few words, each with the mark of its stress before it."""
        self.library.espeak_SetVoiceByName(f"en-us{voice.variant}".encode())
        found = self.library.espeak_TextToPhonemes(ctypes.byref(ctypes.c_char_p(text.encode())), self.UTF8, ord("|") << 8)
        return [phone for phone in found.decode().split("|") if phone.strip("_:;")]


_espeak = None


def espeak():
    global _espeak
    _espeak = _espeak or Espeak()
    return _espeak


def phones(text):
    return espeak().phones(text, HELD_OUT)


def say_words(text, voice):
    """Samples in [-1, 1) of a text: silence cut off at both ends, then padded to whole codes with silence behind. And the words, each
    with its first sample; behind the last of them stands (the first sample of silence, "")."""
    text = text.replace("-", " ")
    samples, words = espeak().speak(text, voice)
    samples = samples.astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(samples) > 0.002)
    lead = HOP * 2
    first = loud[0] - lead
    samples = np.concatenate([np.zeros(lead, np.float32), samples[loud[0] : loud[-1] + 1]])
    n = len(samples)
    whole = -(-n // SAMPLES) + TAIL
    starts = [(start - first, " ".join(split(text[at : at + length]))) for start, at, length in words]
    return np.pad(samples, (0, whole * SAMPLES - n)), [*starts, (n, "")]


def say(text, voice):
    return say_words(text, voice)[0]


def words_of_codes(words, n_codes):
    """For each code the word that is heard at its middle, "" for silence, and whether the word begins there."""
    middles = (np.arange(n_codes) + 0.5) * SAMPLES
    heard = [("", False)] * n_codes
    for (start, word), (end, _) in zip(words, words[1:]):
        for i in range(*np.searchsorted(middles, [start, end])):
            heard[i] = (word, i == np.searchsorted(middles, start))
    return heard


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


def _frames(job):
    torch.set_num_threads(1)
    return code_frames(say(*job)).half().numpy()


def frames_of_all(texts, voices):
    """For each text in its voice: code_frames, float16. By as many processes as cores."""
    with multiprocessing.Pool() as pool:
        return pool.map(_frames, zip(texts, voices), chunksize=100)


_centres = None


def _keep_centres(centres):
    global _centres
    _centres = centres
    torch.set_num_threads(1)


def _heard(job):
    samples, words = say_words(*job)
    vectors = code_frames(samples).flatten(1)
    return codebook.assign(vectors, _centres).numpy(), words_of_codes(words, len(vectors))


def heard_in_all(texts, voices, centres):
    """For each text in its voice: its codes, and words_of_codes."""
    with multiprocessing.Pool(initializer=_keep_centres, initargs=(centres,)) as pool:
        return pool.map(_heard, zip(texts, voices), chunksize=200)


def write_wav(path, samples):
    """16 bits, of samples in [-1, 1]. Returns the path as a string."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
    return str(path)
