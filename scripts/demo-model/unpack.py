"""The CLVP of a model file of this project back into a folder that transformers loads: for comparing when the trained checkpoint is not there.

    python unpack.py demo/demo.gguf DIR

Weights are what the file holds, made F32: what its type lost is lost.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

from speech import FRAMES, N_MELS

# File name to checkpoint name, tower by tower; the same table as quantize/checkpoint/tensor_names.ts, the other way round.
LAYERS = {
    "cond": ("conditioning_encoder.group_norms.N", {"norm": ""}, "conditioning_encoder.mel_attn_blocks.N"),
    "dec": (
        "speech_decoder_model.model.decoder.layers.N",
        {"attn_norm": ".input_layernorm", "ffn_norm": ".post_attention_layernorm", "ffn_up": ".mlp.c_fc", "ffn_down": ".mlp.c_proj"},
        "speech_decoder_model.model.decoder.layers.N.attn",
    ),
}
for tower in ("text", "speech"):
    layer = f"{tower}_encoder_model.layers.N"
    LAYERS[tower] = (
        layer,
        {"attn_norm": ".input_rmsnorm", "ffn_norm": ".post_attention_rmsnorm", "ffn_up": ".mlp.fc1.proj", "ffn_down": ".mlp.fc2"},
        f"{layer}.self_attn",
    )
SINGLE = {
    "cond.text_embd": "conditioning_encoder.text_token_embedding",
    "cond.text_pos": "conditioning_encoder.text_position_embedding",
    "cond.mel_conv": "conditioning_encoder.mel_conv",
    "dec.token_embd": "speech_decoder_model.model.decoder.input_embeds_layer",
    "dec.pos_embd": "speech_decoder_model.model.decoder.position_embeds_layer",
    "dec.norm": "speech_decoder_model.model.decoder.layer_norm",
    "dec.final_norm": "speech_decoder_model.final_norm",
    "dec.lm_head": "speech_decoder_model.lm_head",
}
for tower in ("text", "speech"):
    SINGLE |= {
        f"{tower}.token_embd": f"{tower}_encoder_model.token_embedding",
        f"{tower}.norm": f"{tower}_encoder_model.final_layer_norm",
        f"{tower}.proj": f"{tower}_encoder_model.projection",
    }


STAGES = ("hifigan.", "diff.", "vocoder.", "random.")  # of sound: transformers' CLVP has none of them


def sources(name, values):
    """The checkpoint's tensors of one of the file's."""
    if name == "logit_scale":
        return {name: values.reshape(())}
    if name == "codebook.weight":
        return {}
    body, kind = name.rsplit(".", 1)
    if body in SINGLE:
        values = values[:, :, None] if name == "cond.mel_conv.weight" else values
        return {f"{SINGLE[body]}.{kind}": values}
    tower, number, part = re.fullmatch(r"(\w+)\.blk\.(\d+)\.(\w+)", body).groups()
    layer, parts, attention = (each.replace("N", number) if isinstance(each, str) else each for each in LAYERS[tower])
    if part == "attn_qkv":
        return {f"{attention}.{p}_proj.{kind}": each for p, each in zip("qkv", np.split(values, 3))}
    if part == "attn_out":
        return {f"{attention}.out_proj.{kind}": values}
    is_conv1d = tower == "dec" and part.startswith("ffn_") and part != "ffn_norm" and kind == "weight"
    return {f"{layer}{parts[part]}.{kind}": values.T if is_conv1d else values}


def unpack(path, folder):
    reader, folder = GGUFReader(path), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    own = [tensor for tensor in reader.tensors if not tensor.name.startswith(STAGES)]
    tensors = {tensor.name: np.array(dequantize(tensor.data, tensor.tensor_type), np.float32) for tensor in own}
    found = {key: np.array(value, order="C") for name, values in tensors.items() for key, value in sources(name, values).items()}
    save_file(found, folder / "model.safetensors", metadata={"format": "pt"})
    save_file({"codebook": tensors["codebook.weight"].reshape(-1, FRAMES, N_MELS)}, folder / "codebook.safetensors")
    for name in ("config", "generation_config", "preprocessor_config", "tokenizer_config"):
        (folder / f"{name}.json").write_text(reader.get_field(f"clvp.source.{name}").contents())
    tokens = reader.get_field("clvp.tokenizer.tokens").contents()
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens) if token}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(reader.get_field("clvp.tokenizer.merges").contents()) + "\n")


if __name__ == "__main__":
    unpack(*sys.argv[1:])
