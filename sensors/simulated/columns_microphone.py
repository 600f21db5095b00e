"""The microphone's columns straight from the truth: what its driver makes of the simulated voice, without a sample.

Levels, delays and spreads were fitted to the driver's own columns, speech model included, on the simulated sound.
"""

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column
from sensors.simulated.confounds import MicrophoneConfounds, inside
from sensors.simulated.events import Span
from sensors.simulated.participant import Participant
from sensors.simulated.randomness import generator

RATE_HZ = 31.25
NAMES = ("speech", "loudness_momentary", "loudness_short", "rms_db", "f0", "voicing", "centroid", "flatness", "flux",
         "transient", "clipped", "silent", *(f"band_{band}" for band in range(8)))
_UNITS = ("1", "LUFS", "LUFS", "dBFS", "Hz", "1", "Hz", "1", "1", "1", "1", "1", *["ln power"] * 8)
COLUMNS = tuple(Column(name, unit) for name, unit in zip(NAMES, _UNITS, strict=True))
"""The microphone driver's columns, in its order and units."""

SPEECH_DB, SYLLABLE_DB, SYLLABLES_HZ = -25.7, 6.0, 4.5
"""Level of the own voice at the microphone, its rise and fall, and how often."""
HEARD_AFTER_S, HELD_S = 0.05, 0.14
"""The speech model notices the first sound so late, and the end so much later."""
WEIGHTED_DB = 1.2
"""K-weighted loudness over plain level, of rooms and voices alike."""
MOMENTARY, SHORT_TERM = 12, 94
"""Frames in 0.4 s and 3 s."""
RISES = 0.06
"""Share of a voice's frames that rise by 15 dB within 50 ms, as sudden sounds do."""
HOT_DB = 29.5
"""What a gain that clips adds."""
_QUIET = np.array([-7.3, -7.9, -8.2, -8.3, -8.4, -8.4, -8.4, -8.4])
_VOICED = np.array([5.8, 7.3, 6.2, 4.9, 4.5, 4.1, 1.7, 1.2])


def frame_times(length_s: float) -> NDArray[np.int64]:
    """Return when each frame ended: (n,) ns since the session began."""
    return np.asarray(np.rint(np.arange(1, int(length_s * RATE_HZ) + 1) * (1e9 / RATE_HZ)), np.int64)


def microphone_columns(participant: Participant, times_s: NDArray[np.float64],
                       confounds: MicrophoneConfounds) -> NDArray[np.float32]:
    """Return the microphone's rows.

    Parameters
    ----------
    participant
        Who speaks.
    times_s
        (n,) when each frame ends, in order, every 32 ms.
    confounds
        What disturbs this microphone.

    Returns
    -------
    (n, 20) float32
        In the order of `COLUMNS`; NaN where the driver would measure nothing.
    """
    n, seed = len(times_s), participant.config.seed
    if n == 0:
        return np.empty((0, len(NAMES)), np.float32)
    draw = generator(seed, "microphone columns")
    noise, chance = draw.standard_normal((n, 10)), draw.random((n, 4))
    pieces = list(participant.pieces(0.0, float(times_s[-1])))
    own_turns = tuple(span for piece in pieces for span in piece.turns)
    own = inside(times_s, own_turns)
    others = inside(times_s, confounds.others) & _talking(draw, times_s)
    voice = own | others
    noticed = inside(times_s, tuple(Span(turn.start_s + HEARD_AFTER_S, turn.end_s + HELD_S) for turn in own_turns))
    hot, muted = inside(times_s, confounds.clipping), inside(times_s, confounds.muted)
    knocks = np.zeros(n, bool)
    moments_s = [at_s for piece in pieces for at_s in piece.transients_s]
    knocks[np.minimum(np.searchsorted(times_s, moments_s), n - 1)] = True

    syllable = SYLLABLE_DB * np.sin(2 * np.pi * SYLLABLES_HZ * times_s + np.cumsum(0.35 * noise[:, 0]))
    spoken = SPEECH_DB + syllable - 4.0 * np.abs(noise[:, 1])
    far = confounds.others_db + 0.7 * syllable - 2.0 * np.abs(noise[:, 1])
    room = confounds.room_db + 0.55 * noise[:, 2]
    level = _sum_db(room, np.where(own, spoken, -120.0), np.where(others, far, -120.0),
                    np.where(knocks, -22.0, -120.0)) + confounds.gain_db + HOT_DB * hot
    clipped = np.where(level > -8.0, np.clip(0.03 * (level + 8.0), 0.0, 0.6), 0.0)
    level = np.minimum(level, -1.5)
    power = 10 ** ((level + WEIGHTED_DB) / 10)
    hiss = chance[:, 0] < 0.15
    row = {
        "speech": np.where(noticed, 1 - np.minimum(0.9, np.abs(0.04 * noise[:, 3] * np.where(hot, 4, 1))),
                           np.where(others, np.clip(0.85 + 0.2 * noise[:, 3], 0, 1), np.abs(0.004 * noise[:, 3]))),
        "loudness_momentary": 10 * np.log10(_mean_of_last(power, MOMENTARY)),
        "loudness_short": 10 * np.log10(_mean_of_last(power, SHORT_TERM)),
        "rms_db": level,
        "f0": np.where(voice & (chance[:, 1] > 0.11), _pitch(participant.person.pitch_hz, own, noise), np.nan),
        "voicing": np.clip(np.where(voice, 0.97 - 0.1 * np.abs(noise[:, 5]), 0.159 + 0.044 * noise[:, 5]), 0, 1),
        "centroid": np.where(voice, np.where(hiss, 4000 + 600 * noise[:, 6], 980 + 230 * noise[:, 6]),
                             2786 + 122 * noise[:, 6]),
        "flatness": np.clip(np.where(voice, np.where(hiss, 0.2 + 0.06 * noise[:, 7], 0.001), 0.32 + 0.05 * noise[:, 7]),
                            0, 1),
        "flux": np.where(voice, 1.4 * chance[:, 2] ** 1.6, np.clip(0.64 + 0.06 * noise[:, 8], 0, 1.5)),
        "transient": np.where(knocks & (chance[:, 3] < 0.95), 1.0,
                              np.where(own | (others & (chance[:, 2] < 0.5)), chance[:, 3] < RISES, 0.0)),
        "clipped": clipped, "silent": np.zeros(n),
    }
    bands = _QUIET + np.where(voice, 1.0, 0.0)[:, None] * _VOICED + 0.25 * noise[:, 9:10] \
        + 0.23 * (confounds.gain_db + HOT_DB * hot)[:, None]
    values = np.concatenate([np.stack([row[name] for name in NAMES[:12]], axis=1), bands], axis=1)
    values[:MOMENTARY - 1, 1], values[:SHORT_TERM - 1, 2] = np.nan, np.nan
    # A muted microphone gives exact zeros: no level, no spectrum.
    values[muted] = [0.0, -120, -120, -120, np.nan, 0, np.nan, np.nan, np.nan, 0, 0, 1, *[-13.8] * 8]
    return values.astype(np.float32)


def _talking(draw: np.random.Generator, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return when somebody else is in the middle of a turn, within stretches of talk."""
    starts = np.cumsum(draw.gamma(2.0, 2.5, int(times_s[-1] / 2) + 8))
    turn = np.searchsorted(starts, times_s)
    since = times_s - np.concatenate([[0.0], starts])[turn]
    talking: NDArray[np.bool_] = since < draw.uniform(0.5, 6.0, len(starts) + 1)[turn]
    return talking


def _pitch(pitch_hz: float, own: NDArray[np.bool_], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    melody = 1 + 0.07 * _mean_of_last(noise[:, 4] * 2.4, 6)
    other_hz = 130.0 if pitch_hz > 150 else 190.0
    return np.clip(np.where(own, pitch_hz, other_hz) * melody, 60.0, 500.0)


def _sum_db(*levels_db: NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = 10 * np.log10(sum(10 ** (level / 10) for level in levels_db))
    return total


def _mean_of_last(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the mean of the last `count` values at each place (fewer at the start)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(0, np.arange(1, len(total)) - count)
    means: NDArray[np.float64] = (total[1:] - total[first]) / (np.arange(1, len(total)) - first)
    return np.maximum(means, 1e-12) if (values >= 0).all() else means
