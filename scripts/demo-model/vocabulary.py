"""A byte-pair vocabulary of 256 tokens in ClvpTokenizer's format, learned from sentences."""

import collections
import itertools
import json
import re
from pathlib import Path

from transformers import ClvpTokenizer

from sentences import WORD

SIZE = 256
STOP, UNKNOWN, SPACE, START = 0, 1, 2, SIZE - 1
ALPHABET = list("abcdefghijklmnopqrstuvwxyz!'(),-./:;?\"")


def learn(texts):
    """(tokens, merges): each merge joins the pair that is most frequent within words, ties by spelling."""
    counts = collections.Counter(word for text in texts for word in re.findall("[a-z]+", text.lower()))
    words = {word: list(word) for word in counts}
    tokens = ["[STOP]", "[UNK]", "[SPACE]", *ALPHABET]
    merges = []
    while len(tokens) < SIZE - 1:
        pairs = collections.Counter()
        for word, pieces in words.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += counts[word]
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append((left, right))
        if left + right not in tokens:
            tokens.append(left + right)
        for word, pieces in words.items():
            words[word] = joined(pieces, left, right)
    return [*tokens, "[START]"], merges


def joined(pieces, left, right):
    found = []
    for piece in pieces:
        if found and found[-1] == left and piece == right:
            found[-1] = left + right
        else:
            found.append(piece)
    return found


def write(texts, folder):
    """vocab.json, merges.txt and tokenizer_config.json. The first line of merges.txt is a header that readers skip."""
    tokens, merges = learn(texts)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    vocab = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False, indent=0) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in merges))
    config = {"tokenizer_class": "ClvpTokenizer", "unk_token": "[UNK]", "bos_token": "[START]", "eos_token": "[STOP]", "pad_token": "[STOP]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def load(folder):
    return ClvpTokenizer.from_pretrained(str(folder))


def encode(tokenizer, text):
    """The ids of a text that is written as the `english` normaliser writes it, but for its capitals."""
    return tokenizer(text.lower())["input_ids"]


def words_begun(tokenizer, ids, places):
    """Of each id of a text the place of the word that begins there, or 0."""
    pieces = [" " if i == SPACE else token for i, token in zip(ids, tokenizer.convert_ids_to_tokens(ids))]
    starts = {start: i for i, start in enumerate(itertools.accumulate(map(len, pieces), initial=0))}
    found = [0] * len(ids)
    for word in re.finditer(WORD, "".join(pieces)):
        found[starts[word.start()]] = places[word[0]]
    return found
