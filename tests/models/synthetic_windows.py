"""Small made windows of the six states: a few features tell the state with noise, as does what generated them."""

import numpy as np

from kernels.layout import INDEX, MODALITIES, SIZE
from models.labels import STATES
from models.windows import Windows

TELLING = ("off_target_s", "speech_ratio_10s", "perclos_60s", "theta_db", "face_absent_s")


def session(person: str, seconds: float = 240.0, seed: int = 0, noise: float = 1.0, name: str = "s1") -> Windows:
    """One person's session; states last 8 to 20 s, all six occur."""
    draw = np.random.default_rng([seed, *map(ord, person)])
    n = int(seconds * 2)
    order, state = [], np.zeros(n, np.int8)
    at = 0
    while at < n:
        order = order or draw.permutation(len(STATES)).tolist()
        stop = at + int(draw.integers(16, 40))
        state[at:stop] = order.pop()
        at = stop
    times = np.arange(1, n + 1) * 0.5
    features = draw.normal(0, 1, (n, SIZE)).astype(np.float32)
    offset = draw.normal(0, 0.3, len(TELLING))
    for number, feature in enumerate(TELLING):
        features[:, INDEX[feature]] = 3.0 * (state == number + 1) + offset[number] + draw.normal(0, noise, n)
    features[:, INDEX["luma"]] = np.nan
    ahead = np.full(n, np.inf)
    for begin in np.flatnonzero(np.diff((state == STATES.index("drowsy")).astype(int)) == 1) + 1:
        before = slice(0, begin)
        ahead[before] = np.minimum(ahead[before], times[begin] - times[before])
    ahead[state == STATES.index("drowsy")] = np.nan
    truth = np.stack((state + draw.normal(0, 0.2, n), draw.normal(0, 1, n)), axis=1)
    scores = np.full(n, 0.5, np.float32)
    return Windows(person=person, session=f"{person}-{name}", source="simulated", times_s=times, features=features,
                   quality=np.ones((n, len(MODALITIES)), np.float32), state=state,
                   lapse_in_s=ahead.astype(np.float32), attention=scores, vigilance=scores, load=scores,
                   truth=truth.astype(np.float32), truth_names=("state_seen", "nothing"))


def cohort(count: int, first: int = 0, **more: float) -> list[Windows]:
    """Sessions of so many people."""
    return [session(f"p{first + number:02d}", **more) for number in range(count)]
