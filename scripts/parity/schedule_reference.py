"""The steps and coefficients of tortoise-tts' SpacedDiffusion as api.py makes it: the tables of test/native/speech/noise_schedule.cpp.

    python schedule_reference.py

Prints their rows.
"""

import numpy as np
from tortoise.api import load_discrete_vocoder_diffuser
from tortoise.utils.diffusion import space_timesteps

COUNTS = (1, 2, 3, 16, 20, 30, 80, 100, 200, 400, 1000, 4000)
TABLES = ((2, (0, 1)), (30, (0, 1, 2, 15, 29)), (400, (0, 1, 200, 399)), (4000, (0, 1, 3999)))


def digest(times):
    """Depends on each time and its place."""
    return sum((at + 1) * time for at, time in enumerate(times)) % 2**32


def main():
    print("// number of steps, the second time, the middle one, the last one, sum of (place + 1) * time modulo 2^32")
    for count in COUNTS:
        times = sorted(space_timesteps(4000, [count]))
        second, middle, last = times[min(1, count - 1)], times[count // 2], times[-1]
        print(f"    {{ {count}, {second}, {middle}, {last}, {digest(times)}u }},")
    print("// number of steps, step, time, beta, kept, kept_before, log_variance_low, log_variance_high")
    for count, places in TABLES:
        diffuser = load_discrete_vocoder_diffuser(desired_diffusion_steps=count)
        columns = [diffuser.betas, diffuser.alphas_cumprod, diffuser.alphas_cumprod_prev]
        columns += [diffuser.posterior_log_variance_clipped, np.log(diffuser.betas)]
        for at in places:
            row = ", ".join(repr(float(column[at])) for column in columns)
            print(f"    {{ {count}, {at}, {diffuser.timestep_map[at]}, {row} }},")


if __name__ == "__main__":
    main()
