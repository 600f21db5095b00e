"""What stands between a simulated person and the sensors: biases, poor light, other people's talk, lost contact.

Drawn from seeds of their own, so that nothing else that a seed draws changes. The sizes follow published webcam and
EEG figures (uncalibrated webcam gaze 4-6 degrees; alpha between people SD 4 dB; an electrode pop every ten minutes;
alpha +0.5 to +1.5 dB an hour on task) or are design choices within their ranges.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sensors.simulated.events import Span
from sensors.simulated.randomness import generator
from sensors.simulated.story import Fault

Floats = NDArray[np.float64]
Spells = tuple[Span, ...]

MONTAGES = ("16 electrodes", "8 electrodes", "4 frontal")
LEAST_LEFT_S = 60.0
"""Faults of whole sensors begin after this: a session starts with somebody who checks that everything works."""


@dataclass(frozen=True)
class Waves:
    """Slow sums of sines with standard deviation 1: a fluctuation without memory, so any moment can be asked for."""

    hz: Floats
    phase: Floats

    @classmethod
    def drawn(cls, draw: np.random.Generator, rows: int, low_hz: float, high_hz: float) -> "Waves":
        """Return `rows` independent fluctuations between two frequencies."""
        return cls(draw.uniform(low_hz, high_hz, (rows, 6)), draw.uniform(0, 2 * np.pi, (rows, 6)))

    def at(self, times_s: Floats) -> Floats:
        """Return (time, row) values."""
        return np.stack([np.sqrt(2 / hz.size) * np.sin(2 * np.pi * np.multiply.outer(times_s, hz) + phase).sum(axis=1)
                         for hz, phase in zip(self.hz, self.phase, strict=True)], axis=1)


@dataclass(frozen=True)
class CameraConfounds:
    """How one camera sees one person; the defaults are the simulated face under the webcam driver."""

    bias_rad: tuple[float, float] = (0.035, -0.008)
    """Added to the gaze, yaw and pitch."""
    eye_gain: tuple[float, float] = (0.81, 0.24)
    """Of the eyes in the head: landmarks see much of a sideward movement and little of an upward one."""
    noise_rad: float = 0.026
    luma: float = 150.0
    """Brightness of the face, grey levels."""
    light: Waves | None = None
    """Changes of the light; None for the simulated face's own flicker."""
    drop: float = 0.0
    """Share of frames that never arrive."""
    glare: Spells = ()
    """Glasses reflect: lids and gaze are read badly."""
    dim: Spells = ()
    losses: Spells = ()
    """The face is not found although it is there."""
    covered: Spells = ()
    gone: Spells = ()
    """Nothing arrives at all: a cable, a radio; so for the other sensors."""
    absent: bool = False
    """No camera in this session; so for the other sensors."""


@dataclass(frozen=True)
class MicrophoneConfounds:
    """How one microphone hears one person."""

    gain_db: float = 0.0
    room_db: float = -61.5
    others: Spells = ()
    """Other people, or a radio, talk."""
    others_db: float = -38.0
    clipping: Spells = ()
    muted: Spells = ()
    gone: Spells = ()
    absent: bool = False


@dataclass(frozen=True)
class EegConfounds:
    """How one headset and one brain differ from the next."""

    montage: str = MONTAGES[0]
    rate_hz: float = 250.0
    reaction: float = 1.0
    """How far the state's decibels show in this brain: some people's alpha hardly changes."""
    drift_db_h: float = 0.0
    """Rise of alpha with time on task, dB an hour."""
    swing_db: float = 0.0
    """Standard deviation of the rhythms' own rise and fall, which has nothing to do with the state."""
    swing: Waves | None = None
    bursts: Spells = ()
    """Jaw and neck muscles."""
    burst_uv: float = 25.0
    off: Spells = ()
    """The headset lies on the desk: noise first, then nothing."""
    faults: tuple[Fault, ...] = ()
    gone: Spells = ()
    absent: bool = False

    def rhythm_db(self, times_s: Floats) -> Floats:
        """Return what time on task and the rhythms' own swing add to alpha, theta and beta: (time, 3) dB."""
        added = np.zeros((len(times_s), 3))
        if self.swing is not None:
            added += self.swing_db * self.swing.at(times_s)
        added[:, 0] += self.drift_db_h * times_s / 3600
        added[:, 1] += 0.6 * self.drift_db_h * times_s / 3600
        return added


@dataclass(frozen=True)
class ContextConfounds:
    """How well the outside is known: what it asks of a person is only partly told by the person's state."""

    share: float = 1.0
    """How much of the state's own demand and speed is the outside's; the rest is the road's and nobody's doing."""
    road: Waves | None = None
    gone: Spells = ()
    absent: bool = False


@dataclass(frozen=True)
class Confounds:
    """Everything of one session; the defaults disturb nothing."""

    camera: CameraConfounds = field(default_factory=CameraConfounds)
    microphone: MicrophoneConfounds = field(default_factory=MicrophoneConfounds)
    eeg: EegConfounds = field(default_factory=EegConfounds)
    context: ContextConfounds = field(default_factory=ContextConfounds)

    @classmethod
    def drawn(cls, seed: int, length_s: float) -> "Confounds":
        """Return the confounds of the person and session of a seed, which lasts `length_s` seconds."""
        return cls(_camera(generator(seed, "confounds camera"), length_s),
                   _microphone(generator(seed, "confounds microphone"), length_s),
                   _eeg(generator(seed, "confounds eeg"), length_s),
                   _context(generator(seed, "confounds context"), length_s))


def spells(draw: np.random.Generator, length_s: float, per_hour: float, shortest_s: float, longest_s: float,
           from_s: float = 0.0) -> Spells:
    """Return stretches that begin at random moments, in order, without overlap; one may be cut by the next."""
    count = int(draw.poisson(per_hour * max(0.0, length_s - from_s) / 3600))
    starts = np.sort(draw.uniform(from_s, max(from_s, length_s), count))
    lengths = np.exp(draw.uniform(np.log(shortest_s), np.log(longest_s), count))
    ends = np.minimum(starts + lengths, np.append(starts[1:], length_s))
    return tuple(Span(float(start), float(end)) for start, end in zip(starts, ends, strict=True) if end > start)


def inside(times_s: Floats, stretches: Spells) -> NDArray[np.bool_]:
    """Return which moments (n,), in order, lie in one of the stretches."""
    found = np.zeros(len(times_s), bool)
    for span in stretches:
        found[np.searchsorted(times_s, span.start_s):np.searchsorted(times_s, span.end_s)] = True
    return found


def _camera(draw: np.random.Generator, length_s: float) -> CameraConfounds:
    uncalibrated = draw.random() < 0.3
    way = draw.uniform(0, 2 * np.pi)
    size = np.radians(draw.uniform(4, 6) if uncalibrated else abs(draw.normal(0, 2)))
    glasses = draw.random() < 0.35
    return CameraConfounds(
        bias_rad=(float(size * np.cos(way)), float(size * np.sin(way))),
        eye_gain=(float(np.clip(draw.normal(0.75, 0.1), 0.5, 1.0)), float(np.clip(draw.normal(0.3, 0.1), 0.1, 0.6))),
        noise_rad=float(np.radians(draw.uniform(1.0, 2.2))), luma=float(draw.uniform(80, 190)),
        light=Waves.drawn(draw, 1, 0.005, 0.1), drop=float(draw.uniform(0.0, 0.05)),
        glare=spells(draw, length_s, 40.0 if glasses else 0.0, 3, 30), dim=spells(draw, length_s, 6.0, 5, 60),
        losses=spells(draw, length_s, 45.0, 0.5, 2.0), covered=spells(draw, length_s, 1.5, 10, 60, LEAST_LEFT_S),
        gone=_gone(draw, length_s), absent=draw.random() < 0.04)


def _microphone(draw: np.random.Generator, length_s: float) -> MicrophoneConfounds:
    company = draw.random() < 0.45
    return MicrophoneConfounds(
        gain_db=float(draw.normal(0, 4)), room_db=float(draw.uniform(-64, -45)),
        others=spells(draw, length_s, 30.0 if company else 3.0, 5, 60), others_db=float(draw.uniform(-42, -28)),
        clipping=spells(draw, length_s, 2.0, 5, 40), muted=spells(draw, length_s, 2.0, 10, 90, LEAST_LEFT_S),
        gone=_gone(draw, length_s), absent=draw.random() < 0.06)


def _eeg(draw: np.random.Generator, length_s: float) -> EegConfounds:
    montage = MONTAGES[int(draw.choice(3, p=(0.4, 0.35, 0.25)))]
    shy = draw.random() < 0.25
    faults = []
    for kind, per_hour, longest_s, amount in (("electrode_pop", 6.0, 3, 1.0), ("rail", 4.0, 60, 0.2),
                                              ("nan", 3.0, 5, 0.3)):
        faults += [Fault(stream="eeg", kind=kind, at_s=span.start_s, for_s=span.end_s - span.start_s, amount=amount)
                   for span in spells(draw, length_s, per_hour, 0.5, longest_s)]
    return EegConfounds(
        montage=montage, rate_hz={"16 electrodes": 125.0, "8 electrodes": 250.0, "4 frontal": 256.0}[montage],
        reaction=float(draw.uniform(0.1, 0.3) if shy else draw.uniform(0.7, 1.3)),
        drift_db_h=float(draw.uniform(0.5, 1.5)), swing_db=float(draw.uniform(0.8, 1.6)),
        swing=Waves.drawn(draw, 3, 0.01, 0.12), bursts=spells(draw, length_s, 90.0, 0.3, 4),
        burst_uv=float(draw.uniform(10, 40)), off=spells(draw, length_s, 2.0, 10, 90, LEAST_LEFT_S),
        faults=tuple(faults), gone=_gone(draw, length_s), absent=draw.random() < 0.08)


def _context(draw: np.random.Generator, length_s: float) -> ContextConfounds:
    return ContextConfounds(share=float(draw.uniform(0.2, 0.7)), road=Waves.drawn(draw, 2, 0.004, 0.05),
                            gone=_gone(draw, length_s), absent=draw.random() < 0.3)


def _gone(draw: np.random.Generator, length_s: float) -> Spells:
    return spells(draw, length_s, 1.0, 5, 60, LEAST_LEFT_S)
