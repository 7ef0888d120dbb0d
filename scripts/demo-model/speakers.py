"""Do voices that the model makes sound like the voices they should be? Judged by Resemblyzer's encoder, which learned from people and knows nothing of the model.

    python speakers.py JOB.json      # { "references": [[WAV, ...], ...], "made": [[WAV, ...], ...] }: a list for each voice

Prints JSON: the similarity of each made file to each reference voice, and the area under the curve: how often a made file is nearer to its own voice than
another voice's file is to that voice.
"""

import json
import sys

import numpy as np
from resemblyzer import VoiceEncoder, preprocess_wav


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    encoder = VoiceEncoder("cpu", verbose=False)
    references = np.stack([np.mean([encoder.embed_utterance(preprocess_wav(path)) for path in paths], axis=0) for paths in job["references"]])
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    made = [(voice, encoder.embed_utterance(preprocess_wav(path))) for voice, paths in enumerate(job["made"]) for path in paths]
    likeness = np.stack([references @ vector for _, vector in made])
    own = np.array([[voice == other for other in range(len(references))] for voice, _ in made])
    same, different = likeness[own], likeness[~own]
    area = np.mean((same[:, None] > different) + 0.5 * (same[:, None] == different))
    json.dump({"area": float(area), "same": float(same.mean()), "different": float(different.mean()), "voices": [voice for voice, _ in made]}, sys.stdout)


if __name__ == "__main__":
    main()
