"""What tortoise-tts computes with its own classes from latents to sound, and transformers' UnivNetModel, for speech_live.mjs.

    python speech_reference.py --case case.json [--threads N]

A case of test/helpers/speech_case.js, with the folder of its files: see speech_models.py. speech_answers.py tells where the answers go.
"""

import math
import warnings
from contextlib import contextmanager
from unittest.mock import patch

import torch
import torch.nn.functional as F
from tortoise.api import fix_autoregressive_output, load_discrete_vocoder_diffuser, pad_or_truncate
from tortoise.utils.audio import denormalize_tacotron_mel, wav_to_univnet_mel

import weights
from speech_answers import main
from speech_models import load_all
from speech_univnet import PAD_FRAMES, load_univnet, univnet

warnings.simplefilter("ignore")
WINDOW = 102400  # samples of a clip that TextToSpeech takes
CALM = 83


@contextmanager
def drawing(*queue):
    """Gives these tensors, in order, to what asks torch for noise."""
    queue = list(queue)

    def draw(*_, **__):
        return queue.pop(0)

    with patch.object(torch, "randn", draw), patch.object(torch, "randn_like", draw):
        yield
    assert not queue, f"{len(queue)} tensors were not asked for"


def frames_of(codes):
    return codes * 4 * 24000 // 22050


# --- one answer to a request of each subject ---------------------------------------------------------------------------


def sound(models, given, request):
    """HifiganGenerator.inference(), which sends its input to a GPU. It stretches latents to four frames each; where frames are longer than its own,
    to as many as last as long as a code."""
    generator = models["hifigan"]
    hop = math.prod(up.stride[0] for up in generator.ups)
    frames = {512: 2, 1024: 1}.get(hop, 4)
    interpolate = F.interpolate

    def stretch(x, scale_factor, mode):
        return interpolate(x, scale_factor=[frames] if scale_factor == [4] else scale_factor, mode=mode)

    with patch.object(torch.Tensor, "to", lambda tensor, *_: tensor), patch.object(F, "interpolate", stretch):
        return generator.inference(given.latents(request["codes"]), given.voice())[:, 0]


def forward(models, given, request):
    codes, by = request["codes"], request["by"]
    x = given.noise(f"forward {codes}", (1, given.mels, frames_of(codes)))
    aligned = given.codes(codes) if by == "codes" else given.latents(codes)
    time = torch.tensor([request["time"]])
    free = by == "nothing"
    return models["diffusion"](x, time, aligned, given.conditioning(), conditioning_free=free)


def condition(models, given, request):
    mels = [given.mel(f"condition {clip}", request["frames"]) for clip in range(request["clips"])]
    return models["diffusion"].get_conditioning(torch.stack(mels, dim=1))


def sample(models, given, request):
    """do_spectrogram_diffusion() of api.py, with either sampler and noise of ours. A last step draws noise too, and multiplies it by 0."""
    codes, steps, k = request["codes"], request["steps"], request["guidance"]
    model, shape = models["diffusion"], (1, given.mels, frames_of(codes))
    diffuser = load_discrete_vocoder_diffuser(desired_diffusion_steps=steps, cond_free=k > 0, cond_free_k=k)
    embeddings = model.timestep_independent(given.latents(codes), given.conditioning(), shape[2], False)
    start = given.noise(f"start {codes}", shape)
    each = given.noise(f"steps {codes} {steps}", (steps, *shape[1:]))
    loop = {"p": diffuser.p_sample_loop, "ddim": diffuser.ddim_sample_loop}[request["sampler"]]
    kwargs = {"precomputed_aligned_embeddings": embeddings}
    with drawing(*each.split(1)):
        mel = loop(model, shape, noise=start * request["temperature"], model_kwargs=kwargs)
    return denormalize_tacotron_mel(mel)


def vocode(models, given, request, mel=None):
    channels, frames = given.stages["vocoder"]["noise_dim"], request["frames"]
    mel = given.mel(f"vocode {frames}", frames) if mel is None else mel
    z = given.noise(f"vocode {frames}", (1, channels, frames + PAD_FRAMES))
    return models["vocoder"].inference(mel, z)[:, 0]


def chain(models, given, request):
    return vocode(models, given, {"frames": frames_of(request["codes"])}, sample(models, given, request))


def random_voice(models, given, request):
    stage = request["stage"]
    with drawing(given.noise(stage, (1, given.stages[stage]["channels"]))):
        return models[stage](torch.tensor([0.0]))


def clip_mel(samples):
    return wav_to_univnet_mel(torch.from_numpy(samples)[None], do_normalization=False, device="cpu")


def mel_of_clip(models, given, request):
    return clip_mel(weights.clip(request["seed"], request["samples"]))


def voice_of_clips(models, given, request):
    """get_conditioning_latents() of clips that are at 24 kHz already."""
    mels = [clip_mel(pad_or_truncate(weights.clip(seed, WINDOW), WINDOW)) for seed in request]
    return models["diffusion"].get_conditioning(torch.stack(mels, dim=1))[0]


SUBJECTS = {
    "sounds": sound,
    "forwards": forward,
    "conditions": condition,
    "samples": sample,
    "vocodes": vocode,
    "univnets": univnet,
    "chains": chain,
    "randoms": random_voice,
    "mels": mel_of_clip,
    "voices": voice_of_clips,
}


def end_row(row, rows):
    """A row as tts() fixes it, and the number of its latents that go on to the diffusion stage."""
    padded = F.pad(torch.tensor(row, dtype=torch.long), (0, rows["padTo"] - len(row)), value=rows["stop"])
    fixed = fix_autoregressive_output(padded, rows["stop"], complain=False).tolist()
    calm = 0
    for at, code in enumerate(fixed):
        calm = calm + 1 if code == CALM else 0
        if calm > 8:
            return {"fixed": fixed, "kept": at}
    return {"fixed": fixed, "kept": len(fixed)}


def ends(case):
    return {"rows": [end_row(row, case["rows"]) for row in case["rows"]["codes"]]}


if __name__ == "__main__":
    main(lambda case: {**load_all(case), "univnet": load_univnet(case)}, SUBJECTS, ends)
