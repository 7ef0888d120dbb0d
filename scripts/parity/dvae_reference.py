"""The codes that DiscreteVAE of coqui-tts makes of recordings.

    python dvae_reference.py --dvae TTS/tts/layers/xtts/dvae.py --golden test/golden/dvae.json
    python dvae_reference.py --dvae TTS/tts/layers/xtts/dvae.py --out DIR CLIP.wav...

The first writes a small random model as a recipe (seed and sizes: test/helpers/dvae.js makes the same weights), with the codes of
made-up clips. The second writes DIR/dvae.pth, a random model of the published size, and DIR/codes.json: for each clip its codes and
`leads`, by how much the nearest entry is nearer than the second, relative to its squared distance. There the clips' outputs place the
codebook. The class is run as it is; of its
package only the named file is needed.
"""

import argparse
import importlib.util
import json
import os
import sys
import types
import wave

import numpy as np
import torch

import weights

NORMS = torch.linspace(-7.0, -2.0625, 80)  # those of the recipe "plain"
SMALL = {"mels": 80, "hidden": 24, "blocks": 2, "embd": 4, "codes": 298}
PUBLISHED = {"mels": 80, "hidden": 512, "blocks": 3, "embd": 512, "codes": 8192}
CLIPS = [{"seed": 5, "samples": 15000}, {"seed": 6, "samples": 4 * 1024}, {"seed": 7, "samples": 30001}, {"seed": 8, "samples": 700}]
SEED = 41
LEAST_LEAD = 1e-4  # of the golden clips: a smaller one would test rounding


def load_class(path):
    """The module with a stand-in for the one helper that it takes from its package."""
    for name in ("TTS", "TTS.utils", "TTS.utils.generic_utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["TTS.utils.generic_utils"].is_pytorch_at_least_2_4 = lambda: True
    spec = importlib.util.spec_from_file_location("dvae", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(module, sizes):
    torch.manual_seed(SEED)
    return module.DiscreteVAE(
        channels=sizes["mels"],
        num_tokens=sizes["codes"],
        codebook_dim=sizes["embd"],
        hidden_dim=sizes["hidden"],
        num_resnet_blocks=sizes["blocks"],
        kernel_size=3,
        num_layers=2,
        positional_dims=1,
        use_transposed_convs=False,
    ).eval()


def scale_of(name, shape):
    if name == "codebook.embed":
        return 10.0
    return 0.1 if name.endswith(".bias") else 2.5 / np.sqrt(shape[1] * shape[2])


def set_weights(model):
    for name, value in model.state_dict().items():
        if name.startswith("encoder.") or name == "codebook.embed":
            shape = tuple(value.shape)
            values = weights.uniform(SEED, name, value.numel(), scale_of(name, shape))
            value.copy_(torch.from_numpy(values.reshape(shape)))


@torch.no_grad()
def encode(module, model, samples):
    """Codes, and how clearly each is the nearest."""
    mel = module.dvae_wav_to_mel(torch.from_numpy(samples)[None], mel_norms=NORMS)
    found = model.encoder(mel)[0].T.double()  # [n_codes, n_embd]
    distances = torch.cdist(found, model.codebook.embed.T.double()).square()
    nearest = distances.topk(2, largest=False).values
    leads = (nearest[:, 1] - nearest[:, 0]) / nearest[:, 0]
    return model.get_codebook_indices(mel)[0].tolist(), leads.tolist()


@torch.no_grad()
def spread_codebook(module, model, clips):
    """Entries around the clips' own outputs, as training puts them: otherwise a few entries would be nearest to all."""
    mels = [module.dvae_wav_to_mel(torch.from_numpy(samples)[None], mel_norms=NORMS) for samples in clips]
    found = torch.cat([model.encoder(mel)[0] for mel in mels], dim=1)  # [n_embd, n_codes]
    noise = torch.randn(model.codebook.embed.shape)
    model.codebook.embed.copy_(found.mean(1, keepdim=True) + found.std(1, keepdim=True) * noise)


def read_wav(path):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22050, 1, 2), path
        return (np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768).astype(np.float32)


def write_golden(module, path):
    model = build(module, SMALL)
    set_weights(model)
    found = []
    for spec in CLIPS:
        codes, leads = encode(module, model, weights.clip(spec["seed"], spec["samples"]))
        assert min(leads) > LEAST_LEAD, (spec, min(leads))
        found.append({**spec, "codes": codes})
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"seed": SEED, "sizes": SMALL, "clips": found}, out)
        out.write("\n")


def write_published(module, folder, paths):
    model = build(module, PUBLISHED)
    set_weights(model)
    spread_codebook(module, model, [read_wav(path) for path in paths])
    torch.save(model.state_dict(), os.path.join(folder, "dvae.pth"))
    found = [encode(module, model, read_wav(path)) for path in paths]
    with open(os.path.join(folder, "codes.json"), "w", encoding="utf-8") as out:
        json.dump([{"path": path, "codes": codes, "leads": leads} for path, (codes, leads) in zip(paths, found)], out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dvae", required=True)
    parser.add_argument("--golden")
    parser.add_argument("--out")
    parser.add_argument("clips", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(2)
    module = load_class(options.dvae)
    if options.golden:
        write_golden(module, options.golden)
    if options.out:
        write_published(module, options.out, options.clips)


if __name__ == "__main__":
    main()
