"""Trains the demo model: see docs/demo-model.md.

    python train.py --work DIR          # all steps, two side by side, a core each
    python train.py --work DIR STEP     # one step
    python train.py --work DIR --device cuda --scale 4      # on a GPU: four times the steps in some minutes behind the corpus

It may be stopped at any time and goes on where it was: each step's result lies in DIR, and learning saves itself once a minute.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import torch

import learning
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
NEEDS = {  # of the steps that run side by side, in the order in which they begin: the longest ways first
    "decoder": [],
    "ranker": [],
    "hifigan": ["decoder"],
    "diffusion": ["decoder"],
    "univnet": [],
    "random": ["diffusion"],
}
N_SIDE_BY_SIDE = 2


def is_done(work, name):
    return (work / STEPS[name][0]).exists()


def run_step(work, name, device="cpu"):
    """One step, unless its result is there."""
    result, make = STEPS[name]
    if is_done(work, name):
        return
    torch.set_default_device(device)
    started = time.time()
    make(work)
    if result.endswith(".done"):
        (work / result).touch()
    print(f"{name}: took {(time.time() - started) / 60:.1f} min", flush=True)


def run_side_by_side(work, flags):
    """Each step is a process of its own, with a thread."""
    waiting = [name for name in NEEDS if not is_done(work, name)]
    running = {}
    try:
        while waiting or running:
            for name in [name for name, process in running.items() if process.poll() is not None]:
                if running.pop(name).returncode != 0:
                    sys.exit(f"the step {name} failed")
            for name in list(waiting):
                if len(running) < N_SIDE_BY_SIDE and all(is_done(work, need) for need in NEEDS[name]):
                    waiting.remove(name)
                    running[name] = subprocess.Popen([sys.executable, __file__, "--work", work, "--threads", "1", *flags, name])
            time.sleep(1)
    finally:
        for process in running.values():
            process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", nargs="?", choices=STEPS)
    parser.add_argument("--work", type=Path, required=True, help="folder of what the steps make")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="where the model learns: a device of torch (default cpu)")
    parser.add_argument("--scale", type=float, default=1, help="factor of all numbers of steps (default 1)")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    learning.scale = options.scale
    if options.step:
        return run_step(options.work, options.step, options.device if options.step in NEEDS else "cpu")
    for step in ("corpus", "sound"):
        run_step(options.work, step)
    run_side_by_side(options.work, ["--device", options.device, "--scale", str(options.scale)])
    run_step(options.work, "save")


if __name__ == "__main__":
    main()
