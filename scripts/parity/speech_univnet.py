"""What transformers' UnivNetModel computes, for speech_univnet.mjs and, as a part of speech_reference.py, for speech_live.mjs.

    python speech_univnet.py --case case.json [--threads N]

A case of test/helpers/speech_case.js, of which only the `univnets` are answered. speech_answers.py tells where the answers go.
"""

import math
import os

import torch.nn.functional as F
from transformers import UnivNetModel

from speech_answers import main

PAD_FRAMES = 10  # UnivNetGenerator.inference() adds them; UnivNetModel leaves them to its feature extractor
SILENCE = -11.5129


def load_univnet(case):
    """From the folder `univnet` in the case's folder. If the case has `forms`, it is written anew."""
    path = os.path.join(case["folder"], "univnet")
    model, report = UnivNetModel.from_pretrained(path, output_loading_info=True)
    assert not any(report.values()), report
    if case["forms"]:
        if case["forms"].get("univnet") == "normed":
            model.apply_weight_norm()
        model.save_pretrained(path)
    return model.eval()


def univnet(models, given, request):
    config, frames = given.stages["univnet"], request["frames"]
    mel = F.pad(given.mel(f"vocode {frames}", frames), (0, PAD_FRAMES), value=SILENCE)
    z = given.noise(f"univnet {frames}", (1, config["model_in_channels"], frames + PAD_FRAMES))
    found = models["univnet"](mel.transpose(1, 2), noise_sequence=z.transpose(1, 2)).waveforms
    return found[:, : -PAD_FRAMES * math.prod(config["resblock_stride_sizes"])]


if __name__ == "__main__":
    main(lambda case: {"univnet": load_univnet(case)}, {"univnets": univnet})
