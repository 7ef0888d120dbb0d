"""What the model learns from: families of sentences (one and its near misses), each spoken in one voice, as tokens and codes."""

import random
from dataclasses import dataclass

import numpy as np
import torch

import codebook
import vocabulary
from pronunciation import features, phones_of_all
from sentences import lesson, near_misses, sentences, split
from speech import CLIP_SECONDS, FRAMES, HOP, N_MELS, RATE, TAIL, VOICES, frames_of_all, heard_in_all

FAMILIES = 20000
MISSES = 3  # near misses of each sentence
SEED = 1
LEARNED_FROM = 28 * len(VOICES)  # sentences whose frames the codebook is learned from
POOL_FRAMES = RATE // HOP * 20  # of speech that a voice's clips are cut from
CLIP_FRAMES = 1 + CLIP_SECONDS * RATE // HOP  # of one clip: 259


@dataclass
class Corpus:
    families: list  # of FAMILIES: the texts, the right one first
    tokens: list  # of each text: int64 ids
    codes: list  # of each text: int64 codes
    heard: list  # of each text: int64 word of each code, 0 for silence; behind the words, those of codes that begin one
    words: list  # of the families' texts
    phones: list  # of each word: the names of its sounds
    sounds: torch.Tensor  # [n_tokens, n] features of the text's tokens
    voices: list  # of each family: index into VOICES
    pools: torch.Tensor  # [n_voices, POOL_FRAMES, 80] float32, log mel
    norms: torch.Tensor  # [80] mel norms: the log mel is divided by them
    centres: torch.Tensor  # [512, 320] the codebook

    def of_family(self, i):
        return range(i * (1 + MISSES), (i + 1) * (1 + MISSES))

    def text(self, u):
        return self.families[u // (1 + MISSES)][u % (1 + MISSES)]

    def clip(self, voice, rng):
        """[80, CLIP_FRAMES] features of a random clip of a voice."""
        start = rng.randrange(POOL_FRAMES - CLIP_FRAMES)
        return (self.pools[voice, start : start + CLIP_FRAMES] / self.norms).T


def families():
    """The families of texts, and the voice of each: the same for the same SEED."""
    rng = random.Random(SEED)
    texts = [[text, *near_misses(text, MISSES, rng)] for text in sentences(FAMILIES, SEED, draw=lesson)]
    return texts, [i % len(VOICES) for i in range(FAMILIES)]


def voice_pools(frames):
    """[n_voices, POOL_FRAMES, 80] of the frames of the first sentences, which go through the voices in turn. Without the silence that ends each."""
    pools = []
    for voice in range(len(VOICES)):
        own = [each[:-TAIL].reshape(-1, N_MELS) for each in frames[voice :: len(VOICES)]]
        pools.append(torch.from_numpy(np.concatenate(own)[:POOL_FRAMES]).float())
    return torch.stack(pools)


def make(folder):
    texts, voices = families()
    words = sorted({word for family in texts for text in family for word in split(text)})
    places = {word: i + 1 for i, word in enumerate(words)}
    vocabulary.write([family[0] for family in texts], folder)
    tokenizer = vocabulary.load(folder)
    frames = frames_of_all([family[0] for family in texts[:LEARNED_FROM]], [VOICES[voice] for voice in voices])
    torch.set_num_threads(2)
    vectors = torch.cat([torch.from_numpy(each).reshape(-1, FRAMES * N_MELS).float() for each in frames])
    centres = codebook.learn(vectors)
    print(f"codebook: loses {codebook.lost(vectors, centres):.1%}", flush=True)
    pools = voice_pools(frames)
    every = [text for family in texts for text in family]
    spoken = heard_in_all(every, [VOICES[voice] for voice in voices for _ in range(1 + MISSES)], centres)
    print(f"corpus: {len(every)} utterances, {sum(len(codes) for codes, _ in spoken) / len(every):.1f} codes each", flush=True)
    return Corpus(
        families=texts,
        tokens=[torch.tensor(vocabulary.encode(tokenizer, text)) for text in every],
        codes=[torch.from_numpy(codes) for codes, _ in spoken],
        heard=[torch.tensor([places.get(word, 0) + (begins * len(words) if word in places else 0) for word, begins in heard]) for _, heard in spoken],
        words=words,
        phones=phones_of_all(words),
        sounds=features(phones_of_all(vocabulary.tokens_of(tokenizer))),
        voices=voices,
        pools=pools,
        norms=pools.abs().mean((0, 1)),
        centres=centres,
    )
