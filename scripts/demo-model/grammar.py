"""Which of some sentences does a recogniser hear that knows nothing of the model: pocketsphinx, with its acoustic model of US English.

    python grammar.py JOB.json      # { "texts": [...], "files": [...] }: WAV files, each of which should say one of the texts

Prints JSON: for each file the index of the text that is heard, or -1.
"""

import json
import re
import sys

import numpy as np
import soundfile
from pocketsphinx import Decoder
from scipy.signal import resample_poly

RATE = 16000
NOISE = 10  # of 32,768: digital silence upsets the recogniser


def spoken(text):
    return re.sub(r"[^a-z' ]", "", text.lower().replace("-", " "))


def decoder_of(texts):
    decoder = Decoder(samprate=RATE, lm=None, loglevel="FATAL")
    choices = " | ".join(f"( {text} )" for text in texts)
    decoder.add_jsgf_string("sentences", f"#JSGF V1.0; grammar sentences; public <sentence> = {choices} ;")
    decoder.activate_search("sentences")
    return decoder


def hear(decoder, samples, rate):
    samples = resample_poly(samples, RATE, rate) * 32767
    samples = samples + np.random.default_rng(1).normal(0, NOISE, len(samples))
    decoder.start_utt()
    decoder.process_raw(np.clip(samples, -32768, 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr if decoder.hyp() else ""


def knows(words):
    """Those of some words that its dictionary has."""
    decoder = Decoder(samprate=RATE, lm=None, loglevel="FATAL")
    return [word for word in words if decoder.lookup_word(word)]


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    texts = [spoken(text) for text in job["texts"]]
    decoder = decoder_of(texts)
    heard = []
    for path in job["files"]:
        words = hear(decoder, *soundfile.read(path))
        heard.append(texts.index(words) if words in texts else -1)
    json.dump(heard, sys.stdout)


if __name__ == "__main__":
    main()
