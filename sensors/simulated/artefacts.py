"""What reaches electrodes besides the brain: eyes, muscles, mains, and the faults of electrodes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.simulated import head_map
from sensors.simulated.events import Span
from sensors.simulated.participant import LID_CLOSE_S, LID_OPEN_S, Participant
from sensors.simulated.randomness import generator
from sensors.simulated.story import ParticipantConfig

MAINS_HZ = 50.0
MAINS_UV = 0.8
SPEECH_UV, TENSION_UV, TURN_UV = 4.0, 12.0, 8.0
"""Muscle activity at the forehead while speaking, in a burst of tension and while the head turns, uV rms."""
ROLL_HZ, ROLL_UV = 0.3, 20.0
"""Slow eye rolling of a drowsy person."""
RAIL_UV = 187_500.0
"""Full scale of an ADS1299 at gain 24: 4.5 V / 24."""
POP_UV, POP_DECAY_S = 400.0, 0.5


def envelope(times_s: NDArray[np.float64], spans: Sequence[Span], ramp_s: float) -> NDArray[np.float64]:
    """Return 1 inside the spans, 0 outside, with smooth ramps of `ramp_s` centred on their ends."""
    total = np.zeros(times_s.shape)
    for span in spans:
        total += _smooth((times_s - span.start_s) / ramp_s + 0.5) - _smooth((times_s - span.end_s) / ramp_s + 0.5)
    clipped: NDArray[np.float64] = np.clip(total, 0.0, 1.0)
    return clipped


def muscle_gain(freqs_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spectral gain of muscle noise of unit power: rising to 30 Hz, flat above."""
    power = 1 / (1 + (30 / np.maximum(freqs_hz, 1e-3)) ** 4)
    gain: NDArray[np.float64] = np.sqrt(power / power.mean())
    return gain


def muscle_uv(participant: Participant, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the strength of muscle activity at the forehead over time, uV rms."""
    pieces = list(participant.pieces(float(times_s[0]) - 1, float(times_s[-1]) + 1))
    speech = [span for piece in pieces for span in piece.turns]
    tension = [span for piece in pieces for span in piece.tensions]
    turning = [Span(at, at + 0.4) for piece in pieces for glance in piece.glances
               if abs(glance.head_yaw) > 0.25 for at in (glance.start_s, glance.end_s)]
    return (SPEECH_UV * envelope(times_s, speech, 0.2) + TENSION_UV * envelope(times_s, tension, 0.2)
            + TURN_UV * envelope(times_s, turning, 0.2))


def eyes_uv(participant: Participant, times_s: NDArray[np.float64],
            drowsy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the artefacts of blinks, long closures and slow eye rolling: (time, channel) uV.

    The lids move at the very moments at which the face shows it. A long closure shows as a wave when the lids fall and
    an opposite one when they rise, because amplifiers pass no constant.
    """
    wave = np.zeros(times_s.shape)
    for piece in participant.pieces(float(times_s[0]) - 3, float(times_s[-1]) + 1):
        for span in piece.blinks:
            if span.end_s - span.start_s < 0.5:
                wave += _down(times_s, span) - _up(times_s, span)
            else:
                wave += _edges(times_s, span)
        for span in piece.closures:
            wave += _edges(times_s, span)
    phase = float(generator(participant.config.seed, "roll").uniform(0, 2 * np.pi))
    roll = ROLL_UV * drowsy * np.sin(2 * np.pi * ROLL_HZ * times_s + phase)
    both: NDArray[np.float64] = (participant.person.blink_uv * wave[:, None] * head_map.BLINK
                                 + roll[:, None] * head_map.ROLL)
    return both


def mains_uv(seed: int, index: NDArray[np.int64], rate_hz: float) -> NDArray[np.float64]:
    """Return mains hum, each channel with its own strength: (time, channel) uV."""
    strength = MAINS_UV * generator(seed, "mains").uniform(0.5, 1.5, len(head_map.CHANNELS))
    # Taking the remainder first keeps the phase exact however long the session.
    hum: NDArray[np.float64] = np.sin(2 * np.pi * np.fmod(index * MAINS_HZ, rate_hz) / rate_hz)[:, None] * strength
    return hum


def white(seed: int, number: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the sensor noise of one block, standard deviation 1."""
    return generator(seed, "sensor", number).standard_normal(shape)


def with_faults(config: ParticipantConfig, times_s: NDArray[np.float64],
                values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values as the electrode faults of stream "eeg" leave them.

    "electrode_pop" steps one channel by 400 uV once a second, each step decaying; "rail" holds channels at full scale
    and "nan" blanks them, `amount` being the share of channels.
    """
    for number, fault in enumerate(config.faults):
        if fault.stream != "eeg" or fault.kind not in ("electrode_pop", "rail", "nan"):
            continue
        inside = (times_s >= fault.at_s) & (times_s < fault.at_s + fault.for_s)
        order = generator(config.seed, "electrode", number).permutation(len(head_map.CHANNELS))
        struck = order[:max(1, round(fault.amount * len(order)))]
        if fault.kind == "electrode_pop":
            since_s = np.fmod(times_s - fault.at_s, 1.0)
            values[:, order[0]] += np.where(inside, POP_UV * np.exp(-since_s / POP_DECAY_S), 0.0)
        else:
            values[np.ix_(inside, struck)] = RAIL_UV if fault.kind == "rail" else np.nan
    return values


def _smooth(share: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def _down(times_s: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    return _smooth((times_s - span.start_s) / LID_CLOSE_S + 0.5)


def _up(times_s: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    return _smooth((times_s - span.end_s) / LID_OPEN_S + 0.5)


def _edges(times_s: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    fall = _down(times_s, span) * np.exp(-np.maximum(times_s - span.start_s, 0) / 0.25)
    rise = _up(times_s, span) * np.exp(-np.maximum(times_s - span.end_s, 0) / 0.25)
    return fall - 0.6 * rise
