"""A byte-pair vocabulary in ClvpTokenizer's format, in which every word that was learned is one token."""

import collections
import json
import re
from pathlib import Path

from transformers import ClvpTokenizer

STOP, UNKNOWN, SPACE = 0, 1, 2  # the last token is the start
ALPHABET = list("abcdefghijklmnopqrstuvwxyz!'(),-./:;?\"")
PIECE = "[a-z]+"  # what is joined: tortoise's tokenizer never joins letters with what stands between them
SPLIT_SHARE = 0.03  # of the words that a decoder learns from: given in parts, so that it can read a word that it never met


def learn(texts):
    """(tokens, merges): each merge joins the pair that most words have, ties by spelling, until each word is whole."""
    words = {word: list(word) for text in texts for word in re.findall(PIECE, text.lower())}
    tokens = ["[STOP]", "[UNK]", "[SPACE]", *ALPHABET]
    merges = []
    while unfinished := [pieces for pieces in words.values() if len(pieces) > 1]:
        pairs = collections.Counter(pair for pieces in unfinished for pair in zip(pieces, pieces[1:]))
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append((left, right))
        tokens.append(left + right)
        for word, pieces in words.items():
            if len(pieces) > 1:
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


def tokens_of(tokenizer):
    return tokenizer.convert_ids_to_tokens(list(range(len(tokenizer.get_vocab()))))


def parts_of(folder, tokenizer):
    """Of each token that was joined, by its id, the ids of its two parts."""
    merges = [line.split() for line in (Path(folder) / "merges.txt").read_text().splitlines()[1:]]
    return {whole: (left, right) for left, right, whole in (tokenizer.convert_tokens_to_ids([a, b, a + b]) for a, b in merges)}


def split_some(ids, parts, rng, share=SPLIT_SHARE):
    """The ids of a text, some words of which are taken apart."""
    found = []
    for i in ids:
        if i in parts and rng.random() < share:
            found += split_some(parts[i], parts, rng, 0.3)
        else:
            found.append(i)
    return found
