"""Splits texts with tortoise-tts' own function, for scripts/parity/split.mjs.

    python scripts/parity/split_reference.py --cases cases.json --out answers.json
    python scripts/parity/split_reference.py --cases cases.json --write-golden test/golden/split.json

A case is [text, desired, max]. Needs tortoise-tts 3.0.0 (--no-deps) alone.
"""

import argparse
import json
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path


def load_splitter():
    """The function alone: the package itself would import torch."""
    folder = Path(find_spec("tortoise").submodule_search_locations[0])
    spec = spec_from_file_location("tortoise_text", folder / "utils" / "text.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.split_and_recombine_text


def write_golden(path, cases, answers):
    entries = [
        {"text": text, "desired": desired, "max": most, "parts": parts}
        for (text, desired, most), parts in zip(cases, answers)
    ]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    head = '"madeBy": "scripts/parity/split_reference.py with tortoise-tts 3.0.0"'
    Path(path).write_text("{\n" + head + ',\n"cases": [\n' + lines + "\n]\n}\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", required=True, help="a JSON array of [text, desired, max]")
    parser.add_argument("--out", help="where the answers go, a JSON file")
    parser.add_argument("--write-golden", metavar="PATH", help="write the golden file of the tests instead")
    options = parser.parse_args()
    split = load_splitter()
    cases = json.loads(Path(options.cases).read_text(encoding="utf-8"))
    answers = [split(text, desired, most) for text, desired, most in cases]
    if options.write_golden:
        write_golden(options.write_golden, cases, answers)
    elif options.out:
        Path(options.out).write_text(json.dumps(answers), encoding="utf-8")
    else:
        parser.error("give --out or --write-golden")


if __name__ == "__main__":
    main()
