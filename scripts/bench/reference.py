"""One trial of transformers, in a process of its own: prints what it took as JSON.

    python reference.py '{"folder": ..., "kind": "f32", "candidates": 16, "ends": [...], "ids": [...], "threads": 2, "device": "cpu", ...}'

`kind` is f32; tf32, which rounds the operands of F32 products on a GPU; bf16 or f16, all of the model; or int8, on the CPU alone.

The whole job runs in the model's own generate(). Criteria, called once a step, note the time and end the rows; hooks time the
parts. They cost some 0.1 ms a step.
"""

import json
import resource
import sys
import time

import torch
from transformers import ClvpModelForConditionalGeneration
from transformers.pytorch_utils import Conv1D


KINDS = {"bf16": torch.bfloat16, "f16": torch.float16}


def now():
    """Milliseconds, when all that was asked of the device is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() * 1000


def to_linear(module):
    """torch's dynamic quantization knows Linear only; the decoder's MLP is made of Conv1D, which is one transposed."""
    for name, child in module.named_children():
        if isinstance(child, Conv1D):
            linear = torch.nn.Linear(child.nx, child.nf)
            linear.weight = torch.nn.Parameter(child.weight.detach().t().contiguous(), requires_grad=False)
            linear.bias = child.bias
            setattr(module, name, linear)
        else:
            to_linear(child)


def load(folder, kind, device):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"
    model = ClvpModelForConditionalGeneration.from_pretrained(folder, dtype=KINDS.get(kind, torch.float32)).eval().to(device)
    if kind == "int8":
        to_linear(model)
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8, inplace=True)
    return model


class Laps:
    """How long calls of modules took, by name."""

    def __init__(self, **modules):
        self.ms = {}
        for name, module in modules.items():
            module.register_forward_pre_hook(lambda *_, name=name: self.start(name))
            module.register_forward_hook(lambda *_, name=name: self.end(name))

    def start(self, name):
        self.ms[name] = self.ms.get(name, 0) - now()

    def end(self, name):
        self.ms[name] += now()


def run(asked):
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(1)
    start = now()
    device = asked.get("device", "cpu")
    model = load(asked["folder"], asked["kind"], device)
    load_ms = now() - start

    decoder, moments, started = model.speech_decoder_model, [], []
    ends = torch.tensor(asked["ends"], device=device)

    def schedule(ids, scores, **_):
        moments.append(now())
        return ends <= len(moments)

    generate = decoder.generate

    def watched(*args, **kwargs):  # the composite generate() hands no criteria on
        started.append(now())
        return generate(*args, stopping_criteria=[schedule], **kwargs)

    decoder.generate = watched
    laps = Laps(condition=model.conditioning_encoder, speech=model.speech_encoder_model, text=model.text_encoder_model)
    features = torch.randn(1, 80, asked["frames"]).to(device, model.dtype)
    settings = asked["sampling"]
    start = now()
    with torch.no_grad():
        found = model.generate(
            torch.tensor([asked["ids"]], device=device),
            features,
            return_dict_in_generate=True,
            num_return_sequences=asked["candidates"],
            do_sample=True,
            temperature=settings["temperature"],
            top_k=settings["topK"],
            top_p=settings["topP"],
            repetition_penalty=float(settings["repetitionPenalty"]),
            suppress_tokens=[decoder.config.eos_token_id],
            pad_token_id=decoder.config.eos_token_id,
            max_new_tokens=max(asked["ends"]),
        )
    job_ms = now() - start
    assert len(moments) == max(asked["ends"]), f"{len(moments)} steps"
    assert found.speech_ids.shape[0] == asked["candidates"]
    return {
        "loadMs": load_ms,
        "voiceMs": laps.ms["condition"],
        "prefillMs": moments[0] - started[0],
        "moments": moments,
        "scoreMs": laps.ms["speech"] + laps.ms["text"],
        "jobMs": job_ms,
        "codes": int(ends.sum()),
        "threads": torch.get_num_threads(),
        "deviceBytes": torch.cuda.max_memory_allocated() if device != "cpu" else 0,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


print(json.dumps(run(json.loads(sys.argv[1]))))
