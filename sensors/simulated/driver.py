"""A simulated driver's hours as a camera and a vehicle would send them, block by block."""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import FloatArray, TimeArray
from sensors.simulated.blocks import Blocks
from sensors.simulated.driver_camera import NAMES, NOISES, Optics, Truth, columns
from sensors.simulated.driver_motion import HEAD_S, lids, moved, saccade_s
from sensors.simulated.driver_plan import Pairs, Plan, plan
from sensors.simulated.driver_traits import (
    BIAS_S,
    GAZE_SLOW_DEG,
    GAZE_SLOW_S,
    GAZE_WHITE_DEG,
    GLARE_NOISE,
    HEAD_NOISE_DEG,
    LID_NOISE,
    NIGHT_NOISE,
)
from sensors.simulated.randomness import generator

RATE_HZ, VEHICLE_HZ = 30.0, 10.0
BLOCK_S = 120.0
BLOCK = round(BLOCK_S * RATE_HZ)
EYE_REACH_DEG = 30.0
"""What lies further off than this is reached with the head."""
HEAD_DELAY_S = 0.05
"""The head sets out after the eyes."""
DAY, NIGHT, GLARE, DARK = 120.0, 55.0, 235.0, 4.0
"""Brightness of the picture."""


class Drive:
    """One drive of one driver, the same however it is read.

    Parameters
    ----------
    seed
        Driver, road and everything that happens.
    length_s
        How long it lasts.
    misled
        Whether scripted distraction and microsleeps are put in.
    """

    def __init__(self, seed: int, length_s: float, *, misled: bool = False) -> None:
        self.plan: Plan = plan(seed, length_s, misled=misled)
        self.length_s = length_s
        self._seed = seed
        self._blocks = Blocks(BLOCK, self._block)
        self._saccades = saccade_s(np.radians(np.hypot(*np.diff(self.plan.gaze[:, 1:], axis=0, prepend=0).T)))

    def camera(self, start: int, count: int) -> tuple[FloatArray, TimeArray]:
        """Return frames `start` to ``start + count``: rows of `driver_camera.COLUMNS`, and ns since the drive began."""
        return self._blocks.samples(start, count), _times(start, count, RATE_HZ)

    def vehicle(self, start: int, count: int) -> tuple[FloatArray, TimeArray]:
        """Return rows of `driver_road.COLUMNS`, and ns since the drive began."""
        times_ns = _times(start, count, VEHICLE_HZ)
        return self.plan.road.columns(np.asarray(times_ns * 1e-9, np.float64)), times_ns

    def truth(self, t_s: NDArray[np.float64]) -> Truth:
        """Return what is so at each time (n,)."""
        drive = self.plan
        gaze = moved(t_s, drive.gaze[:, 0], self._saccades, drive.gaze[:, 1:])
        share = drive.driver.head_share
        aims = drive.head[:, 1:] * share
        aims = drive.head[:, 1:] - np.clip(drive.head[:, 1:] - aims, -EYE_REACH_DEG, EYE_REACH_DEG)
        head = moved(t_s, drive.head[:, 0] + HEAD_DELAY_S, np.full(len(aims), HEAD_S), aims)
        reach = np.radians(EYE_REACH_DEG)
        gaze, head = np.radians(gaze), np.radians(head)
        # Eyes that cannot turn so far wait for the head.
        gaze = head + np.clip(gaze - head, -reach, reach)
        dark, glare = _inside(t_s, drive.dark), _inside(t_s, drive.glare)
        luma = np.where(dark, DARK, np.where(glare, GLARE, NIGHT if drive.driver.night else DAY))
        return Truth(
            gaze_yaw=gaze[:, 0], gaze_pitch=gaze[:, 1], head_yaw=head[:, 0], head_pitch=head[:, 1],
            lid=lids(t_s, drive.blinks[:, 0], drive.blinks[:, 1]), lowered=np.zeros(len(t_s)),
            face=~(_inside(t_s, drive.lost) | dark), eyes=~_inside(t_s, drive.eyeless), luma=luma)

    def _block(self, number: int) -> FloatArray:
        t_s = np.arange(number * BLOCK, (number + 1) * BLOCK) / RATE_HZ
        draw, drive = generator(self._seed, "camera", number), self.plan
        noise = draw.standard_normal((BLOCK, NOISES))
        total_deg = float(np.hypot(GAZE_WHITE_DEG, GAZE_SLOW_DEG))
        slow = _settled(draw.standard_normal((BLOCK, 2)), float(np.exp(-1 / (RATE_HZ * GAZE_SLOW_S))))
        noise[:, :2] = (GAZE_WHITE_DEG * noise[:, :2] + GAZE_SLOW_DEG * slow) / total_deg
        worse = np.where(_inside(t_s, drive.glare), GLARE_NOISE, NIGHT_NOISE if drive.driver.night else 1.0)
        knots_s = np.arange(len(drive.bias)) * BIAS_S
        bias = np.column_stack([np.interp(t_s, knots_s, drive.bias[:, axis]) for axis in (0, 1)])
        optics = Optics(
            gaze_noise=np.radians(total_deg) * worse, head_noise=np.radians(HEAD_NOISE_DEG) * worse,
            lid_noise=LID_NOISE * worse, open_eye=drive.driver.open_eye,
            offset=(float(np.radians(drive.driver.mount_deg[0])), float(np.radians(drive.driver.mount_deg[1]))),
            bias=np.radians(bias))
        return columns(self.truth(t_s), optics, noise)


def _times(start: int, count: int, rate_hz: float) -> TimeArray:
    return np.asarray(np.rint(np.arange(start, start + count) * (1e9 / rate_hz)), np.int64)


def _inside(t_s: NDArray[np.float64], spells: Pairs) -> NDArray[np.bool_]:
    """Return which times lie in one of the spells, which are in order."""
    begun = np.searchsorted(spells[:, 0], t_s, side="right")
    ended = np.searchsorted(np.sort(spells[:, 1]), t_s, side="right")
    return np.asarray(begun > ended)


def _settled(noise: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    """Return noise (n, k) of standard deviation 1 of which each sample keeps a share of the one before."""
    from scipy.signal import lfilter

    settled: NDArray[np.float64] = lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise, axis=0,
                                           zi=keep * noise[:1])[0]
    return settled


__all__ = ["BLOCK", "NAMES", "RATE_HZ", "VEHICLE_HZ", "Drive"]
