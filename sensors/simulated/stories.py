"""A session's script: a focused minute for the baseline, then a chain of states."""

import numpy as np

from sensors.simulated.randomness import generator
from sensors.simulated.story import STATES, Scene
from sensors.simulated.timeline import TRANSITIONS

FOCUSED_S = 60.0
"""Every session begins with a focused minute, in which baselines are learnt."""
SHORTEST_STAY_S = 4.0
MEAN_STAY_S = (20.0, 45.0)
"""Range of a session's mean stay in a state."""


def story(seed: int, length_s: float, mean_stay_s: float | None = None) -> tuple[Scene, ...]:
    """Return the script of a session.

    Parameters
    ----------
    seed
        The participant's seed; the draw is the script's own.
    length_s
        How long the session lasts.
    mean_stay_s
        Mean stay in a state; None draws it from `MEAN_STAY_S`.
    """
    draw = generator(seed, "story")
    mean = float(draw.uniform(*MEAN_STAY_S)) if mean_stay_s is None else mean_stay_s
    scenes = [Scene(at_s=0.0, state=STATES[0])]
    at_s, code = FOCUSED_S, 0
    while at_s < length_s:
        code = int(draw.choice(len(STATES), p=np.asarray(TRANSITIONS[code])))
        scenes.append(Scene(at_s=at_s, state=STATES[code]))
        at_s += max(SHORTEST_STAY_S, float(draw.gamma(2.0, mean / 2)))
    return tuple(scenes)
