"""A recogniser of phonemes that learns from espeak-ng's speech alone: a judge of what the demo model says.

    python recogniser.py train --work DIR [--steps N]   # about half an hour of a core
    python recogniser.py judge --work DIR JOB           # prints JSON: of each sound of JOB, a list of {file, text}, {heard, errors, words}

It sees 40 mel channels a hundred times a second and knows nothing of codes or of the model. CTC gives phonemes and the boundaries between words; a lexicon, and
which words follow each other in the texts that it learned from, make words of them. Words that are pronounced alike count as one.
"""

import argparse
import json
import multiprocessing
import sys
from pathlib import Path

import soundfile
import torch
from rapidfuzz.distance import Levenshtein
from scipy.signal import resample_poly
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from transformers.audio_utils import mel_filter_bank

from learning import learn, write
from lexicon import Lexicon, pronounced
from sentences import lesson, sentences, split
from speech import RATE as CLIP_RATE
from speech import VOICES, say

RATE, SIZE, HOP, MELS = 16000, 400, 160, 40
PHONES = 80  # more than there are
WIDTH = 160
UTTERANCES, BATCH, SEED = 8000, 24, 31

_filters = torch.tensor(mel_filter_bank(SIZE // 2 + 1, MELS, 50.0, RATE / 2, RATE, norm="slaney", mel_scale="htk"), dtype=torch.float32)
_window = torch.hann_window(SIZE)


def features(samples):
    """[frames, MELS] of samples at RATE: log mel without what the loudness and the microphone add, over noise that is just above digital silence."""
    samples = torch.as_tensor(samples, dtype=torch.float32)
    samples = samples / samples.abs().max().clamp(min=1e-4) + 1e-4 * torch.randn(samples.shape, generator=torch.Generator().manual_seed(1))
    power = torch.stft(samples, SIZE, HOP, window=_window, center=True, return_complex=True).abs().square()
    return (_filters.T @ power).clamp(min=1e-8).log().T


class Recogniser(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(MELS)
        self.convolutions = nn.ModuleList([nn.Conv1d(MELS, WIDTH, 5, padding=2), nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2)])
        self.memory = nn.GRU(WIDTH, WIDTH, num_layers=2, bidirectional=True, batch_first=True, dropout=0.1)
        self.phones = nn.Linear(2 * WIDTH, PHONES)

    def forward(self, x):
        """[n, frames, MELS] -> log probabilities [n, frames / 2, PHONES]."""
        x = self.norm(x.transpose(1, 2))
        for layer in self.convolutions:
            x = F.gelu(layer(x))
        x, _ = self.memory(x.transpose(1, 2))
        return self.phones(x).float().log_softmax(-1)


def _speech(job):
    torch.set_num_threads(1)
    return features(resample_poly(say(*job), RATE // 50, CLIP_RATE // 50)).half().numpy()


def speech(n, seed):
    """n texts that others than the model's sentences make up, and the features of each in one of the voices."""
    texts = sentences(n, seed, draw=lesson)
    voices = [VOICES[i % len(VOICES)] for i in range(n)]
    with multiprocessing.Pool() as pool:
        return texts, pool.map(_speech, zip(texts, voices), chunksize=50)


def levelled(x):
    """Without what a voice and a vocoder have at all times."""
    return x - x.mean(0)


def smeared(x, reach):
    """[n, m], each value the mean of its neighbours along m."""
    return F.avg_pool1d(x[None], 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)[0]


def worn(x, rng):
    """As if it had come through some vocoder: smeared in time and along the mel channels, over noise, with another colour."""
    power = smeared(smeared(x.exp().T, rng.choice([0, 0, 1, 1, 2])).T, rng.choice([0, 0, 1]))
    colour = torch.randn(4)[:, None] * torch.cos(torch.pi * torch.arange(4)[:, None] * (torch.arange(MELS) + 0.5) / MELS)
    return (power * colour.sum(0).mul(0.4).exp() + power.max() * 10 ** -rng.uniform(2, 6)).log()


def masked(x, rng):
    """Some channels and some time go missing: so that no cue is the only one."""
    at, wide = rng.randrange(MELS), rng.randrange(8)
    x[:, at : at + wide] = x.mean()
    at, long = rng.randrange(len(x)), rng.randrange(20)
    x[at : at + long] = x.mean()
    return x + rng.random() * 0.3 * torch.randn_like(x)


def train(work, steps):
    saved = work / "recogniser-speech.pt"
    if not saved.exists():
        write(saved, speech(UTTERANCES, SEED))
    texts, rows = torch.load(saved, weights_only=False)
    pronunciations = pronounced(texts)
    lexicon = Lexicon(pronunciations, texts)
    torch.manual_seed(SEED)
    model = Recogniser()

    def loss_of(rng):
        chosen = sorted(rng.sample(range(len(rows)), 4 * BATCH), key=lambda i: len(rows[i]))
        start = rng.randrange(4) * BATCH  # of like length
        chosen = chosen[start : start + BATCH]
        x = [masked(levelled(worn(torch.from_numpy(rows[i]).float(), rng)), rng) for i in chosen]
        goals = [lexicon.ids_of(texts[i]) for i in chosen]
        found = model(pad_sequence(x, batch_first=True)).transpose(0, 1)
        lengths = torch.tensor([(len(each) + 1) // 2 for each in x])
        return F.ctc_loss(found, torch.cat(goals), lengths, torch.tensor([len(goal) for goal in goals]), zero_infinity=True)

    matrices = [each for name, each in model.named_parameters() if each.ndim == 2 and "phones" not in name]
    learn(work / "recogniser.learning.pt", list(model.parameters()), steps, 1e-3, loss_of, matrices=matrices)
    model.eval()  # the norm's running averages are in its state, not among its parameters
    write(work / "recogniser.pt", (pronunciations, texts, model.state_dict()))


def judged(model, lexicon, file, text):
    samples, rate = soundfile.read(file)
    with torch.no_grad():
        phones = model(levelled(features(resample_poly(samples, RATE, rate)))[None])[0]
    heard, wanted = lexicon.words_heard(phones.numpy()), [lexicon.same_sound[word] for word in split(text)]
    return {"heard": " ".join(heard), "errors": Levenshtein.distance(heard, wanted), "words": len(wanted)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "judge"])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("job", nargs="?", type=Path)
    options = parser.parse_intermixed_args()
    torch.set_num_threads(options.threads)
    if options.what == "train":
        return train(options.work, options.steps)
    pronunciations, texts, state = torch.load(options.work / "recogniser.pt")
    lexicon, model = Lexicon(pronunciations, texts), Recogniser()
    model.load_state_dict(state)
    model.eval()
    json.dump([judged(model, lexicon, **each) for each in json.loads(options.job.read_text())], sys.stdout)


if __name__ == "__main__":
    main()
