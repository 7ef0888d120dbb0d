"""How espeak-ng pronounces tokens, and embeddings that begin with it.

The spelling of a rare word is not enough to learn how it sounds. While the model learns, the embedding of a token is a free vector and, added to it, the vectors of
the sounds that espeak-ng makes of it, each by its place: these are shared by all words. What is saved is their sum, an ordinary embedding.
"""

import multiprocessing

import torch
from torch.nn import functional as F

from speech import phones as phones_of

STRESS = "',%="
PLACES = 14  # of sounds in a token; further ones share the last


def phones_of_all(texts):
    """For each text the names of its sounds, each with the mark of its stress before it, as espeak-ng has it. Punctuation has none."""
    with multiprocessing.Pool() as pool:
        found = pool.map(phones_of, texts, chunksize=100)
    return [phones if any(map(str.isalpha, text)) and "[" not in text else [] for text, phones in zip(texts, found)]


def unstressed(phones):
    return [phone.lstrip(STRESS) for phone in phones]


def features(phones):
    """[n_tokens, n_features] counts of the sounds of tokens: each with and without its stress at its place and, with it, anywhere; and the number of sounds."""
    places, rows = {}, []
    for row in phones:
        names = [("length", len(row))] if row else []
        for i, (phone, plain) in enumerate(zip(row, unstressed(row))):
            place = min(i, PLACES - 1)
            names += [("stressed", place, phone), ("plain", place, plain), ("anywhere", phone)]
        rows.append([places.setdefault(name, len(places)) for name in names])
    found = torch.zeros(len(rows), len(places))
    for i, row in enumerate(rows):
        found[i].index_add_(0, torch.tensor(row, dtype=torch.long), torch.ones(len(row)))
    return found


class SpokenEmbedding(torch.nn.Embedding):
    def __init__(self, features, d):
        super().__init__(len(features), d)
        torch.nn.init.normal_(self.weight, std=0.02)
        self.register_buffer("features", features, persistent=False)
        self.sounds = torch.nn.Parameter(0.01 * torch.randn(features.shape[1], d))

    def forward(self, ids):
        return super().forward(ids) + F.embedding(ids, self.features) @ self.sounds

    def plain(self):
        """The same, as an ordinary embedding."""
        return torch.nn.Embedding.from_pretrained(self.weight.data + self.features @ self.sounds.data, freeze=False)
