"""The steps that make CLVP: the corpus, the decoder and the ranker; and the checkpoint of it."""

import collections
import shutil

import torch
from safetensors.torch import save_file
from transformers import ClvpFeatureExtractor, GenerationConfig

import corpus as corpora
import model as models
import vocabulary
from alignment import spoken_tokens, words_begun
from learning import learn, load, write
from sentences import near_misses, split
from speech import CLIP_SECONDS, CLIP_TEXT, FRAMES, HELD_OUT, N_MELS, say, write_wav

# The utterances of a step are alike in length: rows are padded to the longest, and of unlike ones half the work would be padding.
DECODER_ROWS, VOICES_AT_ONCE, ALIKE = 2304, 6, 16  # rows of a step, its voices; of a voice's utterances so many are alike
DECODER_ROUNDS = [(5200, 2e-3, 0), (2400, 1.5e-3, 0.2)]  # steps, rate, and the share of guidance
# Of the ranker: steps, rate, codes of each step, and written near misses of each family, which are new in each step. Words are learned first. The last two
# rounds are alike: the mean of what they end with ranks better than either, and loses less to rounding.
RANKER_ROUNDS = [(1600, 1.5e-3, 3072, 0), (2200, 1e-3, 3072, 4), (1200, 6e-4, 3072, 6), (900, 6e-4, 3072, 6)]
FAMILIES_ALIKE = 400
SAMPLING = dict(do_sample=True, temperature=0.7, top_p=0.9, top_k=0, repetition_penalty=1.0)  # what the model says of itself
KNOWN = 8  # a word that the corpus has at least so often has been learned


def decoder_parameters(model):
    return [*model.conditioning_encoder.parameters(), *model.speech_decoder_model.parameters()]


def ranker_parameters(model):
    return [*model.text_encoder_model.parameters(), *model.speech_encoder_model.parameters(), model.logit_scale]


def matrices_of(model, parameters):
    """The weights of its hidden layers' products: what Muon learns."""
    own = {id(parameter) for parameter in parameters}
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name and "lm_head" not in name]
    return [parameter for parameter in hidden if id(parameter) in own]


def make_corpus(work):
    write(work / "corpus.pt", vars(corpora.make(work / "tokenizer")))


def load_corpus(work):
    return corpora.Corpus(**load(work / "corpus.pt"))


def alike(by_length, n, place):
    """n neighbours among rows that are sorted by length, from a place between 0, the shortest, and 1."""
    at = int(place * (len(by_length) - n + 1))
    return by_length[at : at + n]


def train_decoder(work):
    corpus, tokenizer = load_corpus(work), vocabulary.load(work / "tokenizer")
    model, parts, names = models.build(corpus.sounds), vocabulary.parts_of(work / "tokenizer", tokenizer), vocabulary.tokens_of(tokenizer)
    lengths = [models.decoder_rows(tokens, codes) for tokens, codes in zip(corpus.tokens, corpus.codes)]
    of_voice = [[u for i in range(v, corpora.FAMILIES, len(corpus.pools)) for u in corpus.of_family(i)] for v in range(len(corpus.pools))]
    of_voice = [sorted(rows, key=lambda u: lengths[u]) for rows in of_voice]

    def loss_of(rng):
        voices = rng.sample(range(len(of_voice)), VOICES_AT_ONCE)
        place = rng.random()  # of a sentence among all of its voice, by length
        near = [alike(of_voice[v], ALIKE, place) for v in voices]
        longest = max(models.padded_length(lengths[u]) for rows in near for u in rows)
        n = min(ALIKE, max(1, DECODER_ROWS // longest // VOICES_AT_ONCE))
        chosen = [(i, u) for i, rows in enumerate(near) for u in rng.sample(rows, n)]
        clips = torch.stack([corpus.clip(v, rng) for v in voices])
        tokens = [torch.tensor(vocabulary.split_some(corpus.tokens[u].tolist(), parts, rng)) for _, u in chosen]
        loss = models.decoder_loss(model, clips, [i for i, _ in chosen], tokens, [corpus.codes[u] for _, u in chosen])
        if guidance == 0:
            return loss
        spoken = [spoken_tokens(names, ids.tolist(), corpus.words, corpus.heard[u].tolist()) for ids, (_, u) in zip(tokens, chosen)]
        return loss + guidance * models.guidance_loss(model, tokens, spoken)

    for i, (steps, rate, guidance) in enumerate(DECODER_ROUNDS):
        saved = work / f"decoder-{i + 1}.pt"
        learn(saved, decoder_parameters(model), steps, rate, loss_of, matrices=matrices_of(model, decoder_parameters(model)))
    write(work / "decoder.pt", load(saved))


def train_ranker(work):
    corpus, tokenizer = load_corpus(work), vocabulary.load(work / "tokenizer")
    model, names = models.build(corpus.sounds), vocabulary.tokens_of(tokenizer)
    for encoder in (model.text_encoder_model, model.speech_encoder_model):
        encoder.projection.weight.data *= 0.1  # the words' vectors have length 1
    teacher = models.Teacher(corpus.words, corpus.phones, model.config.speech_config.hidden_size, model.config.projection_dim)
    parameters = [*ranker_parameters(model), *teacher.parameters()]
    by_length = sorted(range(corpora.FAMILIES), key=lambda i: len(corpus.codes[corpus.of_family(i)[0]]))

    for i, (steps, rate, codes, misses) in enumerate(RANKER_ROUNDS):

        def loss_of(rng):
            near = alike(by_length, FAMILIES_ALIKE, rng.random())
            longest = models.padded_length(len(corpus.codes[corpus.of_family(near[-1])[0]]) + models.MOST_SILENCE)
            n = max(2, codes // longest // (1 + corpora.MISSES))
            return ranker_loss(model, teacher, corpus, tokenizer, names, rng.sample(near, n), misses, rng)

        saved = work / f"ranker-{i + 1}.pt"
        learn(saved, parameters, steps, rate, loss_of, matrices=matrices_of(model, ranker_parameters(model)))
    ends = [load(work / f"ranker-{i}.pt") for i in (len(RANKER_ROUNDS) - 1, len(RANKER_ROUNDS))]
    mean = [sum(values) / len(values) for values in zip(*(parameters for _, _, parameters, _ in ends))]
    write(work / "ranker.pt", (*ends[-1][:2], mean, ends[-1][3]))


def ranker_loss(model, teacher, corpus, tokenizer, names, families, n_misses, rng):
    """Every text of some families against all their speech; every speech against all their texts and new near misses, which match nothing. Beside
    that, both encoders learn which words begin where."""
    chosen = [u for i in families for u in corpus.of_family(i)]
    misses = [miss for i in families for miss in near_misses(corpus.families[i][0], n_misses, rng) if miss not in corpus.families[i]]
    ids = [corpus.tokens[u].tolist() for u in chosen] + [vocabulary.encode(tokenizer, miss) for miss in misses]
    _, written, texts = models.encode(model.text_encoder_model, [models.framed(torch.tensor(row)) for row in ids])
    hidden, heard, speech = models.encode(model.speech_encoder_model, models.pad_silence([corpus.codes[u] for u in chosen], rng))
    words = teacher.loss(written, [torch.tensor(words_begun(names, row, teacher.places)) for row in ids])
    words = words + 2 * teacher.loss(heard, [teacher.begun_by(corpus.heard[u]) for u in chosen])  # hearing is harder than reading
    sounds = teacher.sounds_loss(hidden, [teacher.sounds_of(corpus.heard[u]) for u in chosen])
    return models.contrastive_loss(model.logit_scale, texts, speech) + words + 2 * sounds


def trained(work, *names):
    model = models.build(load_corpus(work).sounds)
    for name in names:
        parameters = decoder_parameters if name == "decoder" else ranker_parameters
        for parameter, value in zip(parameters(model), load(work / f"{name}.pt")[2]):
            parameter.data.copy_(value)
    models.fold_sounds(model)
    return model.eval()


def save(work):
    """DIR/voice.wav: a clip of the held-out voice. DIR/model: the checkpoint in Hugging Face layout, with its tokenizer, features, generation settings, codebook and words; and the stages of
    sound, as tortoise's files, but for the vocoder, which is a folder of transformers."""
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
    write_wav(work / "voice.wav", say(CLIP_TEXT, HELD_OUT))
    (part / "words.txt").write_text("".join(f"{word}\n" for word in known_words(corpus)))
    save_file({"codebook": corpus.centres.reshape(-1, FRAMES, N_MELS).contiguous()}, part / "codebook.safetensors")
    for file in ("hifidecoder.pth", "diffusion_decoder.pth", "rlg_auto.pth", "rlg_diffuser.pth"):
        shutil.copy(work / file, part)
    shutil.copytree(work / "vocoder", part / "vocoder")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    print(f"saved {folder}: {sum(parameter.numel() for parameter in model.parameters()):,} parameters")


def known_words(corpus):
    counts = collections.Counter(word for family in corpus.families for text in family for word in split(text))
    return sorted(word for word, count in counts.items() if count >= KNOWN)
