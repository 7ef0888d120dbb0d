"""What tortoise-tts' own classes take for a text, from a voice to sound, for speak.mjs: milliseconds of each stage as JSON.

    python tortoise_job.py --candidates 16 --codes 60 --text-tokens 38 --steps 80 --threads 2

The way of its tts(), with its settings, at the published sizes with random weights, F32. What stops rows is forbidden, so each candidate has
`codes` codes, and the text has as many tokens as the benchmark's. All candidates are drawn together, with keys and values cached: on a CPU tortoise draws them one at a time and, unless asked
for a cache, computes all positions in every step. Features of clips, which are cheap, are random numbers.
"""

import argparse
import json
import resource
import time
import warnings

import torch
import torch.nn.functional as F
from tortoise.api import do_spectrogram_diffusion, fix_autoregressive_output, load_discrete_vocoder_diffuser
from tortoise.models.autoregressive import UnifiedVoice
from tortoise.models.clvp import CLVP
from transformers.utils import logging

from tortoise_models import diffusion_model, vocoder_model

warnings.simplefilter("ignore")
logging.set_verbosity_error()
STOP = 8193

parser = argparse.ArgumentParser()
for name, default in {"candidates": 16, "codes": 60, "text-tokens": 38, "steps": 80, "threads": 2}.items():
    parser.add_argument(f"--{name}", type=int, default=default)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
found, last = {}, time.perf_counter()


def lap(name):
    global last
    now = time.perf_counter()
    found[name] = 1000 * (now - last)
    last = now


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


found["baselineBytes"] = peak()
decoder = UnifiedVoice(
    max_mel_tokens=604,
    max_text_tokens=402,
    max_conditioning_inputs=2,
    layers=30,
    model_dim=1024,
    heads=16,
    number_text_tokens=255,
    start_text_token=255,
    checkpointing=False,
    train_solo_embeddings=False,
).eval()
decoder.post_init_gpt2_config(use_deepspeed=False, kv_cache=True, half=False)
clvp = CLVP(
    dim_text=768,
    dim_speech=768,
    dim_latent=768,
    num_text_tokens=256,
    text_enc_depth=20,
    text_seq_len=350,
    text_heads=12,
    num_speech_tokens=8192,
    speech_enc_depth=20,
    speech_heads=12,
    speech_seq_len=430,
    use_xformers=True,
).eval()
diffusion, vocoder = diffusion_model(), vocoder_model()
lap("loadMs")

with torch.no_grad():
    voice = decoder.get_conditioning(torch.randn(1, 1, 80, 517))
    other_voice = diffusion.get_conditioning(torch.randn(1, 1, 100, 401))
    lap("voiceMs")

    text = torch.randint(1, 255, (1, options.text_tokens))
    codes = decoder.inference_speech(
        voice,
        text,
        do_sample=True,
        top_p=0.8,
        temperature=0.8,
        num_return_sequences=options.candidates,
        length_penalty=1,
        repetition_penalty=2.0,
        max_generate_length=options.codes,
        suppress_tokens=[STOP],
    )
    lap("drawMs")
    drawn = codes.shape[1]
    # tortoise pads to 500 codes; its settings are kept, so it scores and re-reads that many.
    codes = F.pad(codes, (0, 500 - drawn), value=STOP)
    for row in range(len(codes)):
        codes[row] = fix_autoregressive_output(codes[row], STOP)
    scores = clvp(text.repeat(len(codes), 1), codes, return_loss=False)
    best = codes[torch.topk(scores, k=1).indices]
    lap("rankMs")

    lengths = torch.tensor([text.shape[1]]), torch.tensor([best.shape[1] * decoder.mel_length_compression])
    latents = decoder(voice, text, lengths[0], best, lengths[1], return_latent=True, clip_inputs=False)
    latents = latents[:, :drawn]  # what the run of calm codes leaves of a row, but for eight of them
    lap("latentsMs")

    diffuser = load_discrete_vocoder_diffuser(desired_diffusion_steps=options.steps, cond_free=True, cond_free_k=2)
    mel = do_spectrogram_diffusion(diffusion, diffuser, latents, other_voice, temperature=1, verbose=False)
    lap("diffusionMs")
    sound = vocoder.inference(mel)
    lap("vocoderMs")

found["speakMs"] = sum(found[name] for name in ("drawMs", "rankMs", "latentsMs", "diffusionMs", "vocoderMs"))
found["seconds"] = sound.shape[-1] / 24000
found["codes"] = drawn
found["peakBytes"] = peak()
print(json.dumps(found))
