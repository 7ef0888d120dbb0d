"""tortoise-tts' own stages of speech at the published sizes, with random weights, F32: for the benchmarks beside ours."""

from tortoise.models.diffusion_decoder import DiffusionTts
from tortoise.models.vocoder import UnivNetGenerator

WIDTH, MELS = 1024, 100


def diffusion_model():
    return DiffusionTts(
        model_channels=WIDTH,
        num_layers=10,
        in_channels=MELS,
        out_channels=2 * MELS,
        in_latent_channels=WIDTH,
        in_tokens=8193,
        dropout=0,
        use_fp16=False,
        num_heads=16,
        layer_drop=0,
        unconditioned_percentage=0,
    ).eval()


def vocoder_model():
    model = UnivNetGenerator()
    model.eval(inference=True)
    return model
