"""The steps that make the stages of sound: what they learn from, HiFi-GAN, the diffusion decoder, UnivNet, and the makers of random voices."""

import random

import torch

import diffusion
import hifigan
import random_voices
import sound
import univnet
import vocabulary
from learning import device, exact, fold_weight_norm, learn, load, on_cpu, write
from train_clvp import load_corpus, trained

HIFIGAN_STEPS, HIFIGAN_BATCH, HIFIGAN_FRAMES = 4000, 12, 32
DIFFUSION_STEPS, DIFFUSION_BATCH, DIFFUSION_CODES = 1200, 16, 32
CODES_SHARE = 0.1  # of steps in which the diffusion model is given codes in place of latents
CLIP_FRAMES = 401  # of the clips that it hears
FRAMES_OF_CODE = 4 * 24000 / 22050
UNIVNET_STEPS, UNIVNET_BATCH, UNIVNET_FRAMES = 800, 12, 48
RANDOM_STEPS = 800


def make_sound(work):
    write(work / "sound.pt", sound.make(load_corpus(work)))


def load_sound(work):
    return load(work / "sound.pt", mmap=device().type == "cpu")


def train_hifigan(work):
    """On crops of some seconds: a crop's edges see silence where there was speech, so that it must be longer than what a sample is made of."""
    corpus, sounds = load_corpus(work), load_sound(work)
    decoder = trained(work, "decoder")
    vectors = sound.voice_vectors(decoder, corpus)
    voices = torch.tensor(corpus.voices[: len(sounds["texts"])])
    frames = [hifigan.stretched(each).half() for each in latents_of(work, decoder, vectors, sounds)]
    generator = hifigan.Generator(decoder.config.decoder_config.hidden_size).to(memory_format=torch.channels_last)

    def loss_of(rng):
        chosen = [rng.randrange(len(frames)) for _ in range(HIFIGAN_BATCH)]
        pairs = [crop(frames[u], sounds["hifigan"][u], hifigan.HOP, HIFIGAN_FRAMES, rng) for u in chosen]
        voice = torch.stack([vectors[voices[u], rng.randrange(sound.CLIPS)] for u in chosen])
        made = generator(torch.stack([each.float() for each, _ in pairs]), voice)
        with exact():
            return hifigan.loss(made, torch.stack([samples.float() / 32767 for _, samples in pairs]))

    learn(work / "hifigan.pt", list(generator.parameters()), HIFIGAN_STEPS, 1e-3, loss_of)
    write(work / "hifidecoder.pth", generator.tortoise_state())


def latents_of(work, decoder, vectors, sounds):
    """Of each utterance, heard with one of its voice's clips; made once."""
    saved = work / "latents.pt"
    if not saved.exists():
        corpus, tokenizer = load_corpus(work), vocabulary.load(work / "tokenizer")
        rng = random.Random(8)
        heard = torch.stack([vectors[corpus.voices[u], rng.randrange(sound.CLIPS)] for u in range(len(sounds["texts"]))])
        tokens = [torch.tensor(vocabulary.encode(tokenizer, text)) for text in sounds["texts"]]
        write(saved, sound.latents(decoder, heard, tokens, sounds["codes"]))
    return load(saved)


def crop(frames, samples, hop, n, rng):
    """n frames [d, n] and their samples, from a random place; what is short is followed by silence."""
    start = rng.randrange(max(1, frames.shape[1] - n + 1))
    frames, samples = frames[:, start : start + n], samples[start * hop : (start + n) * hop]
    missing = n - frames.shape[1]
    frames = torch.nn.functional.pad(frames, (0, missing), mode="replicate") if missing else frames
    return frames, torch.nn.functional.pad(samples, (0, n * hop - len(samples)))


def train_diffusion(work):
    corpus, sounds = load_corpus(work), load_sound(work)
    decoder = trained(work, "decoder")
    latents = latents_of(work, decoder, sound.voice_vectors(decoder, corpus), sounds)
    mels, clips = ([mel_of(each).half() for each in sounds[kind]] for kind in ("univnet", "clips"))
    long = [u for u, row in enumerate(latents) if len(row) >= DIFFUSION_CODES]
    n_frames = int(DIFFUSION_CODES * FRAMES_OF_CODE)
    torch.manual_seed(6)
    model = diffusion.Diffusion(decoder.config.decoder_config.hidden_size, decoder.config.decoder_config.vocab_size)

    def loss_of(rng):
        rows = sounds["codes"] if rng.random() < CODES_SHARE else latents
        chosen, goals, heard = [], [], []
        for u in rng.choices(long, k=DIFFUSION_BATCH):
            code = rng.randrange(len(rows[u]) - DIFFUSION_CODES + 1)
            frame = min(round(code * FRAMES_OF_CODE), mels[u].shape[1] - n_frames)
            row = rows[u][code : code + DIFFUSION_CODES]
            chosen.append(row.float() if row.is_floating_point() else row)
            goals.append(mels[u][:, frame : frame + n_frames].float())
            heard.append(clip_of(clips[corpus.voices[u]], rng))
        aligned = torch.stack(chosen)
        aligned = aligned if aligned.ndim == 2 else aligned.transpose(1, 2)
        return diffusion.loss(model, torch.stack(goals), aligned, torch.stack(heard))

    learn(work / "diffusion.pt", list(model.parameters()), DIFFUSION_STEPS, 1e-3, loss_of)
    write(work / "diffusion_decoder.pth", on_cpu(model.state_dict()))


def mel_of(samples):
    return diffusion.normalised(univnet.log_mel(samples.float() / 32767))


def clip_of(mel, rng):
    start = rng.randrange(mel.shape[1] - CLIP_FRAMES)
    return mel[:, start : start + CLIP_FRAMES].float()


def train_univnet(work):
    samples = load_sound(work)["univnet"]
    model = univnet.build()

    def loss_of(rng):
        pieces = []
        for _ in range(UNIVNET_BATCH):
            whole = rng.choice(samples)
            start = univnet.HOP * rng.randrange(max(1, len(whole) // univnet.HOP - UNIVNET_FRAMES + 1))
            piece = whole[start : start + UNIVNET_FRAMES * univnet.HOP].float() / 32767
            pieces.append(torch.nn.functional.pad(piece, (0, UNIVNET_FRAMES * univnet.HOP - len(piece))))
        goals = torch.stack(pieces)
        mels = univnet.log_mel(goals)[..., :UNIVNET_FRAMES].transpose(1, 2)
        made = model(input_features=mels, noise_sequence=torch.randn(len(goals), UNIVNET_FRAMES, univnet.NOISE), return_dict=True).waveforms
        with exact():
            return hifigan.loss(made.float(), goals)

    learn(work / "univnet.pt", list(model.parameters()), UNIVNET_STEPS, 1e-3, loss_of)
    fold_weight_norm(model)
    model.save_pretrained(work / "vocoder")


def train_random(work):
    """Makers of random voices, for the decoder and for the diffusion model."""
    corpus = load_corpus(work)
    for name, vectors in (("rlg_auto", sound.voice_vectors(trained(work, "decoder"), corpus)), ("rlg_diffuser", diffusion_voices(work))):
        maker = random_voices.Voices(vectors.shape[-1])
        learn(work / f"{name}.pt", list(maker.parameters()), RANDOM_STEPS, 2e-3, lambda rng: random_voices.loss(maker, vectors))
        write(work / f"{name}.pth", on_cpu(maker.state_dict()))


@torch.no_grad()
def diffusion_voices(work):
    """[n_voices, CLIPS, d] vectors of random clips."""
    state, rng = load(work / "diffusion_decoder.pth"), random.Random(10)
    model = diffusion.Diffusion(state["latent_conditioner.0.weight"].shape[1], len(state["code_embedding.weight"]))
    model.load_state_dict(state)
    mels = [mel_of(each) for each in load_sound(work)["clips"]]
    return torch.stack([model.voices(torch.stack([clip_of(mel, rng) for _ in range(sound.CLIPS)])) for mel in mels])
