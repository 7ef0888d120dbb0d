"""A random pair of checkpoints in tortoise's original layout, and what transformers' own converter makes of it.

    python conversion_reference.py --converter convert_clvp_to_hf.py --size small|full --out DIR

DIR/pair/model gets autoregressive.pth, clvp2.pth, mel_norms.pth and tokenizer.json; DIR/saved/model the converted
weights as transformers saves them, with config.json and preprocessor_config.json; DIR/bin/model the same as
pytorch_model.bin; DIR/saved-shards/model and DIR/bin-shards/model the same in several files with an index. The converter's functions are run as they are; it is written for one size, so its two module variables
of the sizes are set. Its rule for the conditioning encoder's heads holds where their number is one more than a multiple
of three, so the small pair has four.
"""

import argparse
import importlib.util
import json
import os

import torch
from safetensors.torch import save_file
from transformers import ClvpConfig, ClvpFeatureExtractor, ClvpModelForConditionalGeneration
from weights import make_vocabulary

SIZES = {
    "full": {
        "text": {"vocab": 256, "width": 768, "inner": 1536, "layers": 20},
        "speech": {"vocab": 8192, "width": 768, "inner": 1536, "layers": 20},
        "decoder": {"vocab": 8194, "width": 1024, "heads": 16, "layers": 30, "positions": 608, "texts": 404, "blocks": 6},
    },
    "small": {
        "text": {"vocab": 90, "width": 128, "inner": 256, "layers": 2},
        "speech": {"vocab": 298, "width": 192, "inner": 384, "layers": 3},
        "decoder": {"vocab": 300, "width": 256, "heads": 4, "layers": 3, "positions": 120, "texts": 40, "blocks": 2},
    },
}
PROJECTION = {"full": 768, "small": 128}
HEAD_WIDTH = 64
MELS = 80
FORMS = ("saved", "saved-shards", "bin", "bin-shards")  # of the converted weights
SHARDS = 5


def linear(weights, name, shape, bias=True):
    weights[f"{name}.weight"] = torch.randn(shape) * 0.05
    if bias:
        weights[f"{name}.bias"] = torch.randn(shape[0]) * 0.05


def conv1d(weights, name, inputs, outputs):
    """transformers' Conv1D, which GPT-2 has for a Linear: [in, out]."""
    weights[f"{name}.weight"] = torch.randn(inputs, outputs) * 0.05
    weights[f"{name}.bias"] = torch.randn(outputs) * 0.05


def norm(weights, name, width):
    weights[f"{name}.weight"] = 1 + torch.randn(width) * 0.05
    weights[f"{name}.bias"] = torch.randn(width) * 0.05


def make_decoder(sizes, text_vocab):
    """The names and shapes of tortoise's UnifiedVoice, with the masks that older versions of transformers kept."""
    width = sizes["width"]
    weights = {}
    linear(weights, "conditioning_encoder.init", (width, MELS, 1))
    for i in range(sizes["blocks"]):
        block = f"conditioning_encoder.attn.{i}"
        norm(weights, f"{block}.norm", width)
        linear(weights, f"{block}.qkv", (3 * width, width, 1))
        linear(weights, f"{block}.proj_out", (width, width, 1))
    linear(weights, "text_embedding", (text_vocab, width), bias=False)
    linear(weights, "mel_embedding", (sizes["vocab"], width), bias=False)
    positions = sizes["positions"] + sizes["texts"]
    for i in range(sizes["layers"]):
        block = f"gpt.h.{i}"
        norm(weights, f"{block}.ln_1", width)
        weights[f"{block}.attn.bias"] = torch.ones(positions, positions).tril().bool().view(1, 1, positions, positions)
        weights[f"{block}.attn.masked_bias"] = torch.tensor(-1e4)
        conv1d(weights, f"{block}.attn.c_attn", width, 3 * width)
        conv1d(weights, f"{block}.attn.c_proj", width, width)
        norm(weights, f"{block}.ln_2", width)
        conv1d(weights, f"{block}.mlp.c_fc", width, 4 * width)
        conv1d(weights, f"{block}.mlp.c_proj", 4 * width, width)
    norm(weights, "gpt.ln_f", width)
    linear(weights, "mel_pos_embedding.emb", (sizes["positions"], width), bias=False)
    linear(weights, "text_pos_embedding.emb", (sizes["texts"], width), bias=False)
    norm(weights, "final_norm", width)
    linear(weights, "text_head", (text_vocab, width))
    linear(weights, "mel_head", (sizes["vocab"], width))
    return weights


def make_encoders(sizes, projection):
    """The names and shapes of tortoise's CLVP with x-transformers."""
    weights = {"temperature": torch.tensor(2.7)}
    for tower in ("text", "speech"):
        width, inner = sizes[tower]["width"], sizes[tower]["inner"]
        layers = f"{tower}_transformer.transformer.attn_layers"
        linear(weights, f"{tower}_emb", (sizes[tower]["vocab"], width), bias=False)
        linear(weights, f"to_{tower}_latent", (projection, width), bias=False)
        rotary = max(HEAD_WIDTH // 2, 32)
        weights[f"{layers}.rotary_pos_emb.inv_freq"] = 1.0 / (10000 ** (torch.arange(0, rotary, 2).float() / rotary))
        for i in range(sizes[tower]["layers"]):
            attention, feed_forward = f"{layers}.layers.{2 * i}", f"{layers}.layers.{2 * i + 1}"
            weights[f"{attention}.0.0.g"] = 1 + torch.randn(width) * 0.05
            for part in "qkv":
                linear(weights, f"{attention}.1.wrap.to_{part}", (width, width), bias=False)
            linear(weights, f"{attention}.1.wrap.to_out", (width, width))
            weights[f"{feed_forward}.0.0.g"] = 1 + torch.randn(width) * 0.05
            linear(weights, f"{feed_forward}.1.wrap.net.0.proj", (2 * inner, width))
            linear(weights, f"{feed_forward}.1.wrap.net.3", (width, inner))
        norm(weights, f"{tower}_transformer.transformer.norm", width)
    return weights


def make_config(sizes, projection):
    def encoder(tower):
        return {
            "vocab_size": tower["vocab"],
            "hidden_size": tower["width"],
            "intermediate_size": tower["inner"],
            "projection_dim": projection,
            "num_hidden_layers": tower["layers"],
            "num_attention_heads": tower["width"] // HEAD_WIDTH,
        }

    decoder = sizes["decoder"]
    return ClvpConfig(
        text_config={**encoder(sizes["text"]), "bos_token_id": sizes["text"]["vocab"] - 1, "eos_token_id": 0},
        speech_config=encoder(sizes["speech"]),
        decoder_config={
            "vocab_size": decoder["vocab"],
            "hidden_size": decoder["width"],
            "num_attention_heads": decoder["heads"],
            "num_hidden_layers": decoder["layers"],
            "max_position_embeddings": decoder["positions"],
            "max_text_tokens": decoder["texts"],
            "num_mel_attn_blocks": decoder["blocks"],
            "bos_token_id": decoder["vocab"] - 2,
            "eos_token_id": decoder["vocab"] - 1,
        },
        projection_dim=projection,
    )


def load_converter(path, decoder):
    spec = importlib.util.spec_from_file_location("converter", path)
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    converter.dim = decoder["width"]
    converter.sub_dim = decoder["width"] // decoder["heads"]
    return converter


def check_names(converted, config):
    """What load_state_dict(strict=True) would check, without the memory of a second model."""
    with torch.device("meta"):
        expected = ClvpModelForConditionalGeneration(config).state_dict()
    assert sorted(converted) == sorted(expected), sorted(set(converted) ^ set(expected))
    for name, value in converted.items():
        shape, wanted = tuple(value.shape), tuple(expected[name].shape)
        assert shape == wanted, (name, shape, wanted)


def write_tokenizer(folder, size):
    tokens, merges = make_vocabulary(size)
    model = {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges}
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as out:
        json.dump({"version": "1.0", "model": model}, out)


def write_shards(folder, weights, name, save):
    """`weights` in SHARDS files, and their index: name.ending becomes name-00001-of-00005.ending."""
    stem, ending = os.path.splitext(name)
    names = sorted(weights)
    files = {}
    for i in range(SHARDS):
        file = f"{stem}-{i + 1:05}-of-{SHARDS:05}{ending}"
        save({each: weights[each] for each in names[i::SHARDS]}, os.path.join(folder, file))
        files.update((each, file) for each in names[i::SHARDS])
    with open(os.path.join(folder, f"{name}.index.json"), "w", encoding="utf-8") as out:
        json.dump({"metadata": {"total_size": sum(value.nbytes for value in weights.values())}, "weight_map": files}, out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--converter", required=True)
    parser.add_argument("--size", choices=SIZES, required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    sizes, projection = SIZES[options.size], PROJECTION[options.size]
    folders = {name: os.path.join(options.out, name, "model") for name in ("pair", *FORMS)}
    for folder in folders.values():
        os.makedirs(folder)
        write_tokenizer(folder, sizes["text"]["vocab"])

    torch.manual_seed(11)
    decoder, encoders = make_decoder(sizes["decoder"], sizes["text"]["vocab"]), make_encoders(sizes, projection)
    norms = torch.linspace(-7.5, -1.5, MELS)
    torch.save(decoder, os.path.join(folders["pair"], "autoregressive.pth"))
    torch.save(encoders, os.path.join(folders["pair"], "clvp2.pth"))
    torch.save(norms, os.path.join(folders["pair"], "mel_norms.pth"))

    converter = load_converter(options.converter, sizes["decoder"])
    converted = {**converter.convert_encoder_weights(encoders), **converter.convert_decoder_weights(decoder)}
    config = make_config(sizes, projection)
    check_names(converted, config)
    for name in FORMS:
        config.save_pretrained(folders[name])
        ClvpFeatureExtractor(mel_norms=norms.tolist()).save_pretrained(folders[name])
    # As views of each other, with the strides that the converter left: torch.save keeps both.
    torch.save(converted, os.path.join(folders["bin"], "pytorch_model.bin"))
    write_shards(folders["bin-shards"], converted, "pytorch_model.bin", torch.save)
    contiguous = {name: value.contiguous() for name, value in converted.items()}
    save_file(contiguous, os.path.join(folders["saved"], "model.safetensors"))
    write_shards(folders["saved-shards"], contiguous, "model.safetensors", save_file)


if __name__ == "__main__":
    main()
