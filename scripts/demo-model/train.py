"""Trains the demo model: see docs/demo-model.md.

    python train.py --work DIR          # all steps; the decoder and the ranker learn side by side, one core each
    python train.py --work DIR STEP     # one step: corpus, decoder, ranker or save

It may be stopped at any time and goes on where it was: each step's result lies in DIR, and learning saves itself once a minute.
"""

import argparse
import math
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import ClvpFeatureExtractor, GenerationConfig

import corpus as corpora
import model as models
import vocabulary
from sentences import near_misses
from speech import CLIP_SECONDS, FRAMES, N_MELS

BF16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # products in bfloat16 where the processor has them: thrice as fast
BATCH, VOICES_AT_ONCE = 24, 6  # utterances and voices of a decoder's step
FAMILIES_AT_ONCE = 16  # of a ranker's step
# Steps, rate and written near misses of each family, which are new in each step: later rounds have more of them.
RANKER_ROUNDS = [(1600, 1e-3, 4), (700, 6e-4, 8), (600, 5e-4, 10)]
BAG_WEIGHT = 4  # of the cosine to the bags of words, beside the other losses
SAMPLING = dict(do_sample=True, temperature=0.9, top_p=0.9, top_k=0, repetition_penalty=1.0)  # what the model says of itself


def learn(saved, parameters, steps, rate, loss_of):
    """AdamW with a cosine from `rate` to nothing; loss_of(rng) gives the loss of one batch. Goes on from what `saved` holds.
    A single number, as the logit scale is, moves twenty times as fast: a step of Adam is about the rate, whatever the gradient."""
    single = [parameter for parameter in parameters if parameter.ndim == 0]
    groups = [{"params": [each for each in parameters if each.ndim > 0], "pace": 1}]
    if single:
        groups.append({"params": single, "pace": 20, "weight_decay": 0})
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), weight_decay=0.05)
    first, mean = 0, None
    if saved.exists():
        first, mean, values, moments = torch.load(saved)
        optimizer.load_state_dict(moments)
        for parameter, value in zip(parameters, values):
            parameter.data.copy_(value)
    started = kept = time.time()
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * group["pace"] * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * step / steps)) / 2
        torch.manual_seed(step)  # dropout: the same whether it was stopped or not
        with torch.autocast("cpu", torch.bfloat16, enabled=BF16):
            loss = loss_of(random.Random(step))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            pace = (time.time() - started) / (step + 1 - first)
            print(f"{saved.stem}: step {step + 1} of {steps}, loss {mean:.3f}, {pace:.2f} s a step", flush=True)
        if time.time() - kept > 60 or step + 1 == steps:
            write(saved, (step + 1, mean, [parameter.data for parameter in parameters], optimizer.state_dict()))
            kept = time.time()


def write(path, value):
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(value, part)
    part.replace(path)


def decoder_parameters(model):
    return [*model.conditioning_encoder.parameters(), *model.speech_decoder_model.parameters()]


def ranker_parameters(model):
    return [*model.text_encoder_model.parameters(), *model.speech_encoder_model.parameters(), model.logit_scale]


# --- steps --------------------------------------------------------------------------------------------------------


def make_corpus(work):
    write(work / "corpus.pt", vars(corpora.make(work / "tokenizer")))


def load_corpus(work):
    return corpora.Corpus(**torch.load(work / "corpus.pt"))


def train_decoder(work, steps):
    corpus, model = load_corpus(work), models.build()
    of_voice = [[u for i in range(v, corpora.FAMILIES, len(corpus.pools)) for u in corpus.of_family(i)] for v in range(len(corpus.pools))]

    def loss_of(rng):
        voices = rng.sample(range(len(of_voice)), VOICES_AT_ONCE)
        chosen = [(i, u) for i, v in enumerate(voices) for u in rng.sample(of_voice[v], BATCH // VOICES_AT_ONCE)]
        clips = torch.stack([corpus.clip(v, rng) for v in voices])
        return models.decoder_loss(model, clips, [i for i, _ in chosen], [corpus.tokens[u] for _, u in chosen], [corpus.codes[u] for _, u in chosen])

    learn(work / "decoder.pt", decoder_parameters(model), steps, 1e-3, loss_of)


def train_ranker(work):
    corpus, model, tokenizer = load_corpus(work), models.build(), vocabulary.load(work / "tokenizer")
    models.silence_dropout(model)
    teacher = models.Teacher(corpus.words, model.config.speech_config.hidden_size, model.config.projection_dim)
    parameters = [*ranker_parameters(model), *teacher.parameters()]
    for i, (steps, rate, misses) in enumerate(RANKER_ROUNDS):

        def loss_of(rng):
            return ranker_loss(model, teacher, corpus, tokenizer, rng, misses)

        saved = work / f"ranker-{i + 1}.pt"
        learn(saved, parameters, steps, rate, loss_of)
    write(work / "ranker.pt", torch.load(saved))


def ranker_loss(model, teacher, corpus, tokenizer, rng, n_misses):
    """Every text of some families against all their speech; every speech against all their texts and new near misses, which match nothing.
    Beside that both learn where the words' bag lies, and the speech encoder which word it hears at each code."""
    families = rng.sample(range(corpora.FAMILIES), FAMILIES_AT_ONCE)
    chosen = [u for i in families for u in corpus.of_family(i)]
    misses = [miss for i in families for miss in near_misses(corpus.families[i][0], n_misses, rng) if miss not in corpus.families[i]]
    texts = models.embed_texts(model, [corpus.tokens[u] for u in chosen] + [torch.tensor(tokenizer(miss)["input_ids"]) for miss in misses])
    rows = models.pad_silence([corpus.codes[u] for u in chosen], rng)
    hidden, speech = models.encode(model.speech_encoder_model, rows)
    heard = [torch.nn.functional.pad(corpus.heard[u], (0, len(row) - len(corpus.heard[u]))) for u, row in zip(chosen, rows)]
    bags = teacher.bags([corpora.split(text) for text in [corpus.text(u) for u in chosen] + misses])
    apart = 2 - (texts * bags).sum(-1).mean() - (speech * bags[: len(speech)]).sum(-1).mean()
    return models.contrastive_loss(model.logit_scale, texts, speech) + teacher.hearing_loss(hidden, heard) + BAG_WEIGHT * apart


def trained(work, *names):
    model = models.build()
    for name in names:
        parameters = decoder_parameters if name == "decoder" else ranker_parameters
        for parameter, value in zip(parameters(model), torch.load(work / f"{name}.pt")[2]):
            parameter.data.copy_(value)
    return model.eval()


def save(work):
    """DIR/model: the checkpoint in Hugging Face layout, with its tokenizer, features, generation settings and codebook."""
    corpus, model = load_corpus(work), trained(work, "decoder", "ranker")
    part, folder = work / "model.part", work / "model"
    shutil.rmtree(part, ignore_errors=True)
    model.generation_config = GenerationConfig(
        bos_token_id=models.BOS, eos_token_id=models.EOS, pad_token_id=models.EOS, max_new_tokens=models.MAX_CODES - 1, **SAMPLING
    )
    model.save_pretrained(part)
    ClvpFeatureExtractor(default_audio_length=CLIP_SECONDS, mel_norms=corpus.norms.tolist()).save_pretrained(part)
    for file in (work / "tokenizer").iterdir():
        shutil.copy(file, part)
    save_file({"codebook": corpus.centres.reshape(-1, FRAMES, N_MELS).contiguous()}, part / "codebook.safetensors")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    print(f"saved {folder}: {sum(parameter.numel() for parameter in model.parameters()):,} parameters")


STEPS = {
    "corpus": ("corpus.pt", make_corpus),
    "decoder": ("decoder.done", lambda work: train_decoder(work, 2400)),
    "ranker": ("ranker.pt", train_ranker),
    "save": ("model", save),
}


def run_step(work, name):
    """One step, unless its result is there."""
    result, make = STEPS[name]
    if (work / result).exists():
        return
    started = time.time()
    make(work)
    if result.endswith(".done"):
        (work / result).touch()
    print(f"{name}: took {(time.time() - started) / 60:.1f} min", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=STEPS)
    parser.add_argument("--work", type=Path, required=True, help="folder of what the steps make")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    if options.step:
        return run_step(options.work, options.step)
    run_step(options.work, "corpus")
    decoder = subprocess.Popen([sys.executable, __file__, "--work", options.work, "--threads", "1", "decoder"])
    try:
        torch.set_num_threads(1)
        run_step(options.work, "ranker")
        torch.set_num_threads(options.threads)
    finally:
        status = decoder.wait()
    if status != 0:
        sys.exit("the decoder's training failed")
    run_step(options.work, "save")


if __name__ == "__main__":
    main()
