"""How words are pronounced, which follow each other, and the words that are most likely when CTC's phonemes are given."""

import collections

import numpy as np
import torch

from pronunciation import phones_of_all, unstressed
from sentences import split

BLANK, BOUNDARY, FIRST = 0, 1, 2  # ids; the first phoneme's
PAIRS = 0.7  # the share of the probability of a word that what stands before it decides; the rest is how frequent it is
WEIGHT = 1.0  # of a word's probability beside that of its phonemes
EXITS = 40  # the most likely words that end at a frame: others are dropped
START = -1  # a history that is empty


def pronounced(texts):
    """Of each word of some texts the ids of its phonemes."""
    words = sorted({word for text in texts for word in split(text)})
    spoken = [unstressed(phones) for phones in phones_of_all(words)]
    ids = {name: FIRST + i for i, name in enumerate(sorted({phone for phones in spoken for phone in phones}))}
    return {word: [ids[phone] for phone in phones] for word, phones in zip(words, spoken)}


class Lexicon:
    """Made of pronounced(texts) and of the texts, which tell how likely words are. Of words that are pronounced alike the first stands for all."""

    def __init__(self, pronunciations, texts):
        self.pronunciations = pronunciations
        first = {}
        self.same_sound = {word: first.setdefault(tuple(phones), word) for word, phones in pronunciations.items()}
        self.words = list(first.values())
        self._first, self._next, self._last = self._probabilities(texts)
        self._lay_out([pronunciations[word] for word in self.words])

    def _lay_out(self, spoken):
        """The states of all words, one word behind the other: blanks around its phonemes, and the boundary, which the last word of a text has not."""
        rows = [[BLANK, *(label for phone in phones for label in (phone, BLANK)), BOUNDARY] for phones in spoken]
        self._labels = np.concatenate(rows)
        self._ends = np.cumsum([len(row) for row in rows]) - 1
        self._starts = np.concatenate([[0], self._ends[:-1] + 1])
        self._skips = (self._labels != BLANK) & (self._labels != np.roll(self._labels, 2))  # to these a state leads that is two before

    def ids_of(self, text):
        """The labels of a text, as CTC learns them: phonemes, and a boundary between words."""
        ids = [id for word in split(text) for id in [BOUNDARY, *self.pronunciations[word]]]
        return torch.tensor(ids[1:])

    def _probabilities(self, texts):
        """Logarithms: [n] of words that begin a text, [n, n] of words (columns) behind words (rows), and [n] of a text's end behind a word."""
        places = {word: i for i, word in enumerate(self.words)}
        edge = len(places)  # what stands before the first word of a text and behind the last
        rows = [[edge, *(places[self.same_sound[word]] for word in split(text)), edge] for text in texts]
        single = np.ones(edge + 1)
        np.add.at(single, [i for row in rows for i in row[1:]], 1)
        single /= single.sum()
        pairs = np.zeros((edge + 1, edge + 1), np.float32)
        for (before, word), count in collections.Counter(pair for row in rows for pair in zip(row, row[1:])).items():
            pairs[before, word] = count
        sums = pairs.sum(1, keepdims=True)
        shares = np.where(sums > 0, PAIRS, 0)
        found = WEIGHT * np.log(shares * pairs / np.maximum(sums, 1) + (1 - shares) * single).astype(np.float32)
        return found[edge, :edge], found[:edge, :edge], found[:edge, edge]

    def words_heard(self, phones):
        """The most likely words of log probabilities of labels [n_frames, n_labels]: Viterbi over all pronunciations."""
        score, history = np.full(len(self._labels), -np.inf, np.float32), np.full(len(self._labels), START)
        entry, entered = self._first, np.full(len(self.words), START)
        ended = []  # (history, word) of words that were left
        for frame in phones:
            score, history = self._step(score, history, entry, entered)
            score += frame[self._labels]
            exits = np.argpartition(-score[self._ends], EXITS)[:EXITS]
            following = score[self._ends[exits], None] + self._next[exits]
            best = following.argmax(0)
            entry, entered = following[best, np.arange(len(best))], len(ended) + best
            ended += zip(history[self._ends[exits]], exits)
        states = np.concatenate([self._ends - 1, self._ends - 2])  # the last phoneme, or the blank behind it
        last = (score[states] + np.tile(self._last, 2)).argmax()
        found, at = [last % len(self.words)], history[states[last]]
        while at != START:
            at, word = ended[at]
            found.append(word)
        return [self.words[word] for word in reversed(found)]

    def _step(self, score, history, entry, entered):
        """A frame later, before what is heard in it: each state stays, comes from the one before it or, past a blank, from the one before that."""
        one, from_one = np.roll(score, 1), np.roll(history, 1)
        one[self._starts], from_one[self._starts] = entry, entered
        two, from_two = np.roll(one, 1), np.roll(from_one, 1)
        two[self._starts] = -np.inf
        two[~self._skips] = -np.inf
        for other, from_other in ((one, from_one), (two, from_two)):
            better = other > score
            score, history = np.where(better, other, score), np.where(better, from_other, history)
        return score, history
