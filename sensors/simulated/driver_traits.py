"""Where a simulated driver looks, how long and how often, and how drivers differ: the numbers, each with its source.

Durations of glances are log-normal with the means and standard deviations of Taoka (1990). How often they come is our
choice, such that the road keeps 0.85 to 0.92 of the time, the share of attentive drivers. Angles are those of a
left-hand-drive cabin; nothing is cut off a distribution's tail.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.randomness import generator


@dataclass(frozen=True)
class Glance:
    """One kind of look away from the road."""

    target: str
    yaw_deg: float
    """+ to the driver's right."""
    pitch_deg: float
    """+ up."""
    mean_s: float
    sd_s: float
    per_min: float
    task: bool
    """Whether it belongs to driving: mirrors, gauges, the surroundings."""


GLANCES = (
    Glance("left_mirror", -39, -12, 1.10, 0.30, 1.5, True),  # Taoka
    Glance("right_mirror", 46, -6, 0.75, 0.36, 0.8, True),  # Taoka
    Glance("inner_mirror", 29, 16, 0.75, 0.36, 2.5, True),  # no figure of its own: as the right mirror
    Glance("cluster", 4, -25, 0.62, 0.48, 3.0, True),  # Taoka, speedometer
    Glance("centre_stack", 33, -20, 1.44, 0.50, 0.5, False),  # Taoka, radio
    Glance("roadside", 0, 1, 0.70, 0.35, 3.0, True),  # signs and people, up to 25 degrees aside: off-task default
)
"""What an attentive driver glances at while the car moves."""
PASSENGER = Glance("passenger", 82, 4, 0.70, 0.35, 1.0, False)
"""Only while the two talk."""
JUNCTION = Glance("junction", 75, 0, 1.6, 0.6, 0.0, True)
"""Far to either side before pulling away: 2.4 s are normal there."""
PLACES = {"lap": (13.0, -50.0), "knee": (30.0, -60.0), "phone_wheel": (5.0, -24.0), "phone_dash": (23.0, -13.0),
          "centre_stack": (33.0, -20.0)}
"""Where a distracted driver looks: yaw and pitch in degrees."""

WANDER_DEG = (4.0, 3.0)
"""Standard deviation of gaze on the road, yaw and pitch."""
FIXATION_S = 0.30
BLINKS_PER_MIN, TALKING_BLINKS = 15.0, 26.0 / 17.0
"""Blinks while driving, and how many times more in conversation (Bentivoglio et al. 1997)."""
BLINK_S, BLINK_SD_S, LONG_BLINKS = 0.265, 0.057, 0.01
"""Whole duration of an alert person's blink (Tucker and Johns), and the share that takes 0.4 to 0.5 s."""
LOSSES_PER_HOUR, LOSS_S = 10.0, (0.2, 5.0)
"""How often the face is lost, and for how long: evenly in the logarithm. Our choice; 0.5 to 2 s are typical."""
GLARES_PER_HOUR, GLARE_S = 6.0, (2.0, 20.0)
DARKS_PER_HOUR, DARK_S = 1.0, (10.0, 40.0)
"""Low sun and tunnels: our choice."""
GAZE_WHITE_DEG, GAZE_SLOW_DEG, GAZE_SLOW_S = 1.5, 2.0, 0.3
"""Noise of a webcam's gaze: from frame to frame, and of a third of a second; together 2.5 degrees."""
BIAS_DEG, BIAS_S = 2.0, 20.0
"""Slow error of the gaze; about 20 s from one value to the next."""
MOUNT_DEG = (4.0, 3.0)
"""Standard deviation of where the camera sees straight ahead: an uncalibrated webcam is 4 to 6 degrees off."""
HEAD_NOISE_DEG, LID_NOISE = 0.8, 0.008
GLARE_NOISE, NIGHT_NOISE = 3.0, 1.3
"""How many times more noise there is."""


@dataclass(frozen=True)
class Driver:
    """One driver, all of it drawn from the seed."""

    seed: int
    open_eye: float
    """Aspect ratio of the open eye: 0.26, SD 8 %."""
    blinks_per_min: float
    """SD 60 %, log-normal."""
    head_share: float
    """How much of a look the head makes, 0.2 (lizard) to 0.9 (owl)."""
    mount_deg: tuple[float, float]
    night: bool
    sunglasses: bool
    """Too dark for the camera: the eyes are never seen; 8 % of the drivers."""

    @classmethod
    def drawn(cls, seed: int) -> "Driver":
        """Return the driver of a seed."""
        draw = generator(seed, "driver")
        spread = math.sqrt(math.log(1 + 0.6**2))
        return cls(
            seed=seed, open_eye=float(0.26 * np.clip(draw.normal(1.0, 0.08), 0.8, 1.2)),
            blinks_per_min=float(BLINKS_PER_MIN * np.clip(draw.lognormal(-spread**2 / 2, spread), 0.3, 3.0)),
            head_share=float(draw.uniform(0.2, 0.9)),
            mount_deg=(float(draw.normal(0, MOUNT_DEG[0])), float(draw.normal(0, MOUNT_DEG[1]))),
            night=bool(draw.uniform() < 0.2), sunglasses=bool(draw.uniform() < 0.08))


def log_normal(draw: np.random.Generator, mean: float, sd: float, count: int) -> NDArray[np.float64]:
    """Return draws of a log-normal with this mean and standard deviation: sigma^2 = ln(1 + sd^2 / mean^2)."""
    variance = math.log(1 + sd**2 / mean**2)
    return draw.lognormal(math.log(mean) - variance / 2, math.sqrt(variance), count)
