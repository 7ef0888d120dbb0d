"""Trains the demo model: see docs/demo-model.md.

    python train.py --work DIR          # all steps, in two chains side by side, a core each
    python train.py --work DIR STEP     # one step

It may be stopped at any time and goes on where it was: each step's result lies in DIR, and learning saves itself once a minute.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import torch

import train_clvp
import train_sound

STEPS = {  # what each leaves in DIR, last of all
    "corpus": ("corpus.pt", train_clvp.make_corpus),
    "sound": ("sound.pt", train_sound.make_sound),
    "decoder": ("decoder.done", train_clvp.train_decoder),
    "ranker": ("ranker.pt", train_clvp.train_ranker),
    "hifigan": ("hifidecoder.pth", train_sound.train_hifigan),
    "diffusion": ("diffusion_decoder.pth", train_sound.train_diffusion),
    "univnet": ("vocoder", train_sound.train_univnet),
    "random": ("rlg_diffuser.pth", train_sound.train_random),
    "save": ("model", train_clvp.save),
}
# The ranker and the vocoder need none of the others.
CHAINS = [["decoder", "hifigan", "diffusion", "random"], ["ranker", "univnet"]]


def run_step(work, name):
    """One step, unless its result is there."""
    result, make = STEPS[name]
    if (work / result).exists():
        return
    started = time.time()
    make(work)
    if result.endswith(".done"):
        (work / result).touch()
    print(f"{name}: took {(time.time() - started) / 60:.1f} min", flush=True)


def run_chains(work):
    """Each step is a process of its own, with a thread."""
    chains = [list(chain) for chain in CHAINS]
    running = {}
    try:
        while running or any(chains):
            for i, chain in enumerate(chains):
                if i in running and running[i].poll() is None:
                    continue
                if i in running and running.pop(i).returncode != 0:
                    sys.exit(f"a step of chain {i + 1} failed")
                if chain:
                    running[i] = subprocess.Popen([sys.executable, __file__, "--work", work, "--threads", "1", chain.pop(0)])
            time.sleep(1)
    finally:
        for process in running.values():
            process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=STEPS)
    parser.add_argument("--work", type=Path, required=True, help="folder of what the steps make")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    if options.step:
        return run_step(options.work, options.step)
    for step in ("corpus", "sound"):
        run_step(options.work, step)
    run_chains(options.work)
    run_step(options.work, "save")


if __name__ == "__main__":
    main()
