"""Reads texts with tortoise-tts' own tokenizer, for scripts/parity/tortoise_text.mjs.

    python scripts/parity/tortoise_text_reference.py --texts texts.json --out answers.json
    python scripts/parity/tortoise_text_reference.py --texts texts.json --write-golden test/golden/tortoise_texts.json

Needs tortoise-tts 3.0.0 (--no-deps), inflect, unidecode, tokenizers and torch. The golden file has the project's own
vocabulary, that of test/golden/tokenizer.json.
"""

import argparse
import json
import tempfile
import warnings
from pathlib import Path

from tortoise.utils.tokenizer import VoiceBpeTokenizer, english_cleaners
from unidecode import unidecode

ROOT = Path(__file__).parent.parent.parent


def own_vocabulary():
    """The own vocabulary of characters, and the merges that lead from them to tokens."""
    golden = json.loads((ROOT / "test/golden/tokenizer.json").read_text(encoding="utf-8"))
    vocab = {token: index for token, index in golden["vocab"].items() if token.isascii()}
    pairs = [merge.split(" ") for merge in golden["merges"]]
    merges = [pair for pair in pairs if all(part in vocab for part in [*pair, "".join(pair)])]
    return vocab, merges


def write_tokenizer(path, vocab, merges):
    special = [
        {
            "id": vocab[token],
            "content": token,
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for token in ("[STOP]", "[UNK]", "[SPACE]")
    ]
    model = {"type": "BPE", "unk_token": "[UNK]", "fuse_unk": False, "vocab": vocab, "merges": merges}
    parts = {"version": "1.0", "added_tokens": special, "pre_tokenizer": {"type": "Whitespace"}, "model": model}
    Path(path).write_text(json.dumps(parts), encoding="utf-8")


def answer_text(tokenizer, text):
    try:
        return {"normalized": english_cleaners(text), "ids": tokenizer.encode(text)}
    except Exception as error:  # whatever inflect or int() raises
        return {"error": f"{type(error).__name__}: {error}"[:120]}


def spellings(texts):
    """How each character beyond ASCII is spelled."""
    return {character: unidecode(character) for character in sorted(set("".join(texts))) if character > "\x7f"}


def write_golden(path, texts):
    vocab, merges = own_vocabulary()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokenizer.json"
        write_tokenizer(file, vocab, merges)
        tokenizer = VoiceBpeTokenizer(str(file))
        cases = [{"text": text, **answer_text(tokenizer, text)} for text in texts]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases if "ids" in case)
    head = {
        "madeBy": "scripts/parity/tortoise_text_reference.py with tortoise-tts 3.0.0",
        "vocab": vocab,
        "merges": [" ".join(pair) for pair in merges],
    }
    parts = [f"{json.dumps(name)}: {json.dumps(part, separators=(',', ':'))}" for name, part in head.items()]
    Path(path).write_text("{\n" + ",\n".join([*parts, f'"texts": [\n{lines}\n]']) + "\n}\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", required=True, help="a JSON array of texts")
    parser.add_argument("--out", help="where the answers go, a JSON file")
    parser.add_argument("--write-golden", metavar="PATH", help="write the golden file of the tests instead")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lone surrogates have no spelling
    texts = json.loads(Path(options.texts).read_text(encoding="utf-8"))
    if options.write_golden:
        write_golden(options.write_golden, texts)
        return
    if not options.out:
        parser.error("give --out or --write-golden")
    tokenizer = VoiceBpeTokenizer()
    model = json.loads(tokenizer.tokenizer.to_str())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    answers = {
        "vocab": model["vocab"],
        "merges": merges,
        "texts": [answer_text(tokenizer, text) for text in texts],
        "spellings": spellings(texts),
    }
    Path(options.out).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
