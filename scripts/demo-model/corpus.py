"""What the model learns from: families of sentences (one and its near misses), each spoken in one voice, as tokens and codes."""

import random
from dataclasses import dataclass

import numpy as np
import torch

import codebook
import vocabulary
from sentences import near_misses, sentences
from speech import CLIP_SECONDS, FRAMES, HOP, N_MELS, RATE, VOICES, speak_all

FAMILIES = 10000
MISSES = 3  # near misses of each sentence
SEED = 1
POOL_FRAMES = RATE // HOP * 60  # of speech that a voice's clips are cut from
CLIP_FRAMES = 1 + CLIP_SECONDS * RATE // HOP  # of one clip: 259


@dataclass
class Corpus:
    families: list  # of FAMILIES: the texts, the right one first
    tokens: list  # of each text: int64 ids
    codes: list  # of each text: int64 codes
    heard: list  # of each text: int64 word of each code, 0 for silence; behind the words, those of codes that begin one
    words: list  # of the families' texts
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


def split(text):
    return [word.strip(",.?").lower() for word in text.split()]


def words_of(texts):
    return sorted({word for text in texts for word in split(text)})


def make(folder):
    rng = random.Random(SEED)
    families = [[text, *near_misses(text, MISSES, rng)] for text in sentences(FAMILIES, SEED)]
    voices = [i % len(VOICES) for i in range(FAMILIES)]
    texts = [text for family in families for text in family]
    spoken = speak_all(texts, [VOICES[voice] for voice in voices for _ in range(1 + MISSES)])
    mel = [frames for frames, _ in spoken]
    words = words_of(texts)
    places = {word: i + 1 for i, word in enumerate(words)}
    vocabulary.write([family[0] for family in families], folder)
    tokenizer = vocabulary.load(folder)
    vectors = [torch.from_numpy(frames).reshape(-1, FRAMES * N_MELS).float() for frames in mel]
    torch.set_num_threads(2)
    everything = torch.cat(vectors[:: 2 * (1 + MISSES)])
    centres = codebook.learn(everything)
    print(f"corpus: {len(texts)} utterances, {sum(map(len, mel)) / len(mel):.1f} codes each; the codebook loses {codebook.lost(everything, centres):.1%}")
    pools = []
    for voice in range(len(VOICES)):
        own = [mel[i * (1 + MISSES)].reshape(-1, N_MELS) for i in range(voice, FAMILIES, len(VOICES))]
        pools.append(torch.from_numpy(np.concatenate(own)[:POOL_FRAMES]).float())
    pools = torch.stack(pools)
    return Corpus(
        families=families,
        tokens=[torch.tensor(tokenizer(text)["input_ids"]) for text in texts],
        codes=[codebook.assign(each, centres) for each in vectors],
        heard=[torch.tensor([places[word] + begins * len(words) if word else 0 for word, begins in heard]) for _, heard in spoken],
        words=words,
        voices=voices,
        pools=pools,
        norms=pools.abs().mean((0, 1)),
        centres=centres,
    )
