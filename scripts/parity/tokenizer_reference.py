#!/usr/bin/env python3
"""Asks transformers' ClvpTokenizer what it makes of texts and ids. Needs a Python with `transformers`.

  tokenizer_reference.py --texts in.json --out out.json [--vocab DIR]
  tokenizer_reference.py --write-golden test/golden/tokenizer.json [--texts in.json]

in.json holds {"texts": [...], "sequences": [[id, ...], ...]}; either may be missing. out.json holds the answers in the
same order. Without --vocab, a folder with vocab.json and merges.txt, the project's own small vocabulary is used: it is
trained here, from the word list below, and is the same every time. Without --texts the golden file's texts are those of
texts.mjs (needs node). A text on which the reference raises an error has "error" for an answer.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

VOCAB_SIZE = 255
SPECIAL = ["[STOP]", "[UNK]", "[SPACE]"]
# No double quote: the normaliser removes it. "%" and others are left out so that unknown pieces occur.
ALPHABET = "abcdefghijklmnopqrstuvwxyz!'(),-./:;?"
# Bytes that no text can lead to, so that ids can: UTF-8 to decode, whole and broken, and a byte order mark.
BYTES = bytes([0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xEF, 0xBB, 0xBF, 0xED, 0xA0, 0xFF, 0x00, 0x20])
GOLDEN_TEXTS, GOLDEN_FIRST, GOLDEN_SEQUENCES, GOLDEN_LONGEST = 320, 60, 60, 240

WORDS = """
    about above across after again against almost along already also although always among another answer anything
    around asked because become before began behind being below better between beyond book both bring brother brought
    building business called came cannot captain carry century certain change children city clear close colonel coming
    common company could country course daughter day dear different doctor does dollars done door down during each early
    earth eight eighteen eighty eleven else england enough even evening every example eyes face family father feeling
    felt fifteen fifty find fire first five follow forty found four fourteen friend from gave general give going good
    great ground half hand hands happened having head heard heart here high himself house however hundred husband idea
    important indeed instead into itself junior just keep kind king knew know known large last later least leave left
    letter lieutenant life light limited little living long look looking love made major making many matter mean million
    mind minute mister moment money more morning most mother mountain much myself name nature near never new night nine
    nineteen ninety nothing number object often once only open order other ought over own paper part passed people
    perhaps person place point poor possible power present public question quite range rather reading really reason
    remember rest return reverend right river room said saint same school second seem seemed seen sergeant seven
    seventeen several shall she should side since sir six sixteen sixty small something sometimes soon speech spoke
    standing state still stood story strange street strong subject such sure table take taken talk tell ten than thank
    that their them themselves then there therefore these they thing things think third thirteen thirty this those
    though thought thousand three through time together told took toward town tree trillion truth turned twelve twenty
    under understand until upon used very village voice walked want was watch water well went were what when where
    whether which while white whole whose wife will window with within without woman women wonder word words work world
    would write writing year years yes yesterday young your zero
""".split()


def byte_characters():
    """The printable stand-ins of the 256 bytes, as byte-level BPE has them."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def own_vocabulary():
    """Trains merges on the word list: the commonest pair first, ties in the order of the alphabet."""
    stand_in = byte_characters()
    tokens = SPECIAL + list(ALPHABET) + [stand_in[byte] for byte in BYTES]
    words = [list(word) for word in WORDS]
    merges = []
    while len(tokens) < VOCAB_SIZE:
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        tokens.append("".join(best))
        words = [merge_pair(word, best) for word in words]
    # The last merge's token is left out of the vocabulary in favour of one that a blank begins.
    tokens[-1] = stand_in[0x20] + "a"
    merges.append((stand_in[0x20], "a"))
    return {token: index for index, token in enumerate(tokens)}, [" ".join(pair) for pair in merges]


def merge_pair(word, pair):
    merged = []
    for symbol in word:
        # A list whose last symbol has just been merged cannot match again: merged symbols are longer.
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def write_vocabulary(folder, vocab, merges):
    folder = Path(folder)
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")


def load_tokenizer(folder):
    from transformers import ClvpTokenizer

    # What looks like a special token is text here, as it is in node-clvp.
    return ClvpTokenizer(f"{folder}/vocab.json", f"{folder}/merges.txt", split_special_tokens=True)


def answer_text(tokenizer, text):
    try:
        normalized = tokenizer.normalizer(text)
        return {"normalized": normalized, "tokens": tokenizer.tokenize(text), "ids": tokenizer(text)["input_ids"]}
    except ValueError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def answer_sequence(tokenizer, ids):
    """Decodes in all four ways: plain, cleaned up, without special tokens, both."""
    flags = [(False, False), (False, True), (True, False), (True, True)]
    return [
        tokenizer.decode(ids, skip_special_tokens=skip, clean_up_tokenization_spaces=clean) for skip, clean in flags
    ]


def answer(tokenizer, asked):
    return {
        "texts": [answer_text(tokenizer, text) for text in asked.get("texts", [])],
        "sequences": [answer_sequence(tokenizer, ids) for ids in asked.get("sequences", [])],
    }


def golden_questions(vocab):
    script = Path(__file__).with_name("texts.mjs")
    command = ["node", str(script), "--count", "900", "--seed", "20", "--longest", str(GOLDEN_LONGEST)]
    texts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    dice = random.Random(20)
    ids = range(len(vocab) + 1)
    return {
        # The first are the trickiest; of the others, hand-picked and generated, a part will do.
        "texts": texts[:GOLDEN_FIRST] + dice.sample(texts[GOLDEN_FIRST:], GOLDEN_TEXTS - GOLDEN_FIRST),
        "sequences": [dice.choices(ids, k=dice.randrange(16)) for _ in range(GOLDEN_SEQUENCES)],
    }


def write_golden(path, asked):
    import transformers

    vocab, merges = own_vocabulary()
    asked = asked or golden_questions(vocab)
    with tempfile.TemporaryDirectory() as folder:
        write_vocabulary(folder, vocab, merges)
        answers = answer(load_tokenizer(folder), asked)
    texts = [{"text": text, **said} for text, said in zip(asked.get("texts", []), answers["texts"])]
    sequences = [{"ids": ids, "decoded": said} for ids, said in zip(asked.get("sequences", []), answers["sequences"])]
    made_by = f"scripts/parity/tokenizer_reference.py with transformers {transformers.__version__}"
    parts = {"madeBy": made_by, "vocab": vocab, "merges": merges, "texts": texts, "sequences": sequences}
    # One case a line: small, and a change shows as a change of lines.
    lines = ",\n".join(f"{json.dumps(name)}: {golden_part(part)}" for name, part in parts.items())
    Path(path).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def golden_part(part):
    if isinstance(part, list) and part and not isinstance(part[0], str):
        return "[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in part) + "\n]"
    return json.dumps(part, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocab", help="folder with vocab.json and merges.txt; default: the project's own vocabulary")
    parser.add_argument("--texts", help="the questions, a JSON file")
    parser.add_argument("--out", help="where the answers go, a JSON file")
    parser.add_argument("--write-golden", metavar="PATH", help="write the golden file of the tests")
    options = parser.parse_args()
    asked = json.loads(Path(options.texts).read_text(encoding="utf-8")) if options.texts else None
    if options.write_golden:
        if options.vocab:
            parser.error("the golden file always has the project's own vocabulary: leave --vocab out")
        write_golden(options.write_golden, asked)
        return
    if not asked or not options.out:
        parser.error("give --texts and --out, or --write-golden")
    with tempfile.TemporaryDirectory() as folder:
        if not options.vocab:
            write_vocabulary(folder, *own_vocabulary())
        answers = answer(load_tokenizer(options.vocab or folder), asked)
    Path(options.out).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
