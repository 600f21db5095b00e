"""Sessions in which a few features tell the state, with people who differ and noise: quick to learn from."""

import numpy as np

from kernels.layout import INDEX, MODALITIES, SIZE
from models.windows import Windows

TELLING = ("on_target_share_10s", "speech_ratio_10s", "perclos_60s", "alpha_db", "theta_db", "face_share")


def sessions(who: range, steps: int = 200, stay: int = 15) -> list[Windows]:
    """Return one session of each person; state k raises the k-th of `TELLING`."""
    return [_session(k, steps, stay) for k in who]


def _session(seed: int, steps: int, stay: int) -> Windows:
    draw = np.random.default_rng(seed)
    state = np.repeat(draw.integers(0, 6, steps // stay + 1), stay)[:steps].astype(np.int8)
    features = draw.normal(size=(steps, SIZE)) + draw.normal(size=SIZE)
    for k, name in enumerate(TELLING):
        features[:, INDEX[name]] = draw.normal(0, 0.6, steps) + 3.0 * (state == k)
    level = np.where(state == 3, 0.2, 0.8).astype(np.float32)
    return Windows(person=f"p{seed:03d}", session="s", source="simulated", times_s=np.arange(steps) * 0.5,
                   features=features.astype(np.float32), quality=np.ones((steps, len(MODALITIES)), np.float32),
                   state=state, lapse_in_s=np.where(state == 3, 2.0, np.inf).astype(np.float32), attention=level,
                   vigilance=level, load=1 - level)
