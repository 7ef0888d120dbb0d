"""What the stages of sound learn from: utterances in every voice as samples at 24 kHz, and the decoder's latents of their codes."""

import multiprocessing
import random

import numpy as np
import torch

import codebook
import hifigan
import model as models
import univnet
from corpus import families
from notes import RATE, analysed, at_24_khz, on_notes
from speech import VOICES, code_frames, say

UTTERANCES = 2000
CLIPS = 4  # of each voice: vectors that stand for it
CLIP_SECONDS = 20  # of each voice: what the diffusion model's clips are cut from
LOUDNESS = 0.8  # on_notes() may be a little louder than what it is given
_centres = None


def _keep_centres(centres):
    global _centres
    _centres = centres
    torch.set_num_threads(1)


def _make(job):
    samples = say(*job)
    codes = codebook.assign(code_frames(samples).flatten(1), _centres).numpy()
    whole = at_24_khz(samples)
    analysis = analysed(whole)
    versions = [*(on_notes(analysis, len(whole), hop) for hop in (hifigan.HOP, univnet.HOP)), whole]
    return codes, *(_int16(LOUDNESS * each) for each in versions)


def _int16(samples):
    return (samples.clip(-1, 1) * 32767).round().astype(np.int16)


def speak(texts, voices, centres):
    """For each text in its voice: its codes, and int16 samples at 24 kHz on HiFi-GAN's notes, on UnivNet's, and as they are."""
    with multiprocessing.Pool(initializer=_keep_centres, initargs=(centres,)) as pool:
        return pool.map(_make, zip(texts, voices), chunksize=20)


def make(corpus):
    """The first sentences of the families, each in its voice, as lists of tensors; and [n_voices, samples] of clips."""
    texts = [family[0] for family in families()[0][:UTTERANCES]]
    codes, low, high, whole = zip(*speak(texts, [VOICES[i] for i in corpus.voices[:UTTERANCES]], corpus.centres))
    found = {name: [torch.from_numpy(each) for each in part] for name, part in (("codes", codes), ("hifigan", low), ("univnet", high))}
    return dict(texts=texts, clips=torch.stack([clips_of(whole[voice :: len(VOICES)]) for voice in range(len(VOICES))]), **found)


def clips_of(spoken):
    """Speech as a voice's clips have it: as it is, and at 24 kHz."""
    return torch.from_numpy(np.concatenate(spoken)[: CLIP_SECONDS * RATE])


@torch.no_grad()
def voice_vectors(model, corpus, seed=9):
    """[n_voices, CLIPS, d] vectors of random clips."""
    rng = random.Random(seed)
    clips = [torch.stack([corpus.clip(v, rng) for _ in range(CLIPS)]) for v in range(len(VOICES))]
    return torch.stack([models.conditioning(model, each, [])[0] for each in clips])


@torch.no_grad()
def latents(model, vectors, tokens, codes, at_once=32):
    """For each utterance [its codes, d], float16: the states that predict its codes."""
    found = []
    for at in range(0, len(codes), at_once):
        part = slice(at, at + at_once)
        _, texts = models.conditioning(model, torch.zeros(1, models.N_MELS, 259), tokens[part])
        found += [states[:-1].half().clone() for states in models.decoder_states(model, vectors[part], texts, codes[part])]
    return found
