"""What is known about a simulated session: its labels, and the quantities that generated it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.labels import HORIZONS_S
from sensors.simulated.columns_context import world
from sensors.simulated.confounds import Confounds
from sensors.simulated.events import Span
from sensors.simulated.moments import AWAY, Moments, moments
from sensors.simulated.participant import SETTLE_S, Participant
from sensors.simulated.traits import MANNER_BY_CODE

GRID_HZ = 20
"""The truth is averaged over a grid of so many moments a second."""
CLOSED_S, GLANCE_S = 1.0, 2.0
"""Closures and glances off the target of this length and longer are lapses (`models.labels`)."""
ATTENTION_S = 2.0
AVERAGED_S = (2, 10, 60)

_NOW = ("gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "on_target", "lid", "jaw", "speaking", "present", "demand",
        "speed_kmh", "alpha_db", "theta_db", "beta_db")
_COUNTED = ("blinks", "saccade", "head_speed", "sounds")
_RUNNING = ("off_target_s", "closed_s", "silent_s")
_TRAITS = ("own_alpha_db", "own_alpha_hz", "own_blink_factor", "own_eye_opening", "own_reaction")
TRUTH_NAMES = (*_NOW, *_RUNNING, *(f"{name}_{over}s" for name in (*_NOW, *_COUNTED) for over in AVERAGED_S), *_TRAITS)
"""What a ceiling model may see: directions, lids, speech and presence without any sensor's error, what the world asks,
the noise-free rhythm levels in dB against the person's own rest, rates of events, and what makes the person differ.
The hidden state itself, and vigilance, load and the aperiodic exponent, which are functions of it alone, are not in."""


class Labels(NamedTuple):
    """The labels of `models.windows.Windows`, each (n,)."""

    state: NDArray[np.int8]
    lapse_in_s: NDArray[np.float32]
    attention: NDArray[np.float32]
    vigilance: NDArray[np.float32]
    load: NDArray[np.float32]


def lapses(participant: Participant, length_s: float) -> list[Span]:
    """Return when the participant lapses, in order; those that touch are one.

    A lapse is a closure of the lids of a second or longer, a glance off the target of two seconds or longer, or a time
    out of view, by the participant's own events and not by what a sensor sees.
    """
    found: list[Span] = []
    for piece in participant.pieces(0.0, length_s):
        if piece.segment.code == AWAY:
            found.append(Span(piece.start_s, piece.end_s))
            continue
        found += [span for span in piece.closures if span.end_s - span.start_s >= CLOSED_S]
        found += [Span(glance.start_s, glance.end_s) for glance in piece.glances
                  if glance.end_s - glance.start_s >= GLANCE_S]
    merged: list[Span] = []
    for span in sorted(found):
        if merged and span.start_s <= merged[-1].end_s:
            merged[-1] = Span(merged[-1].start_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return merged


def time_to_lapse(times_s: NDArray[np.float64], spans: list[Span], length_s: float) -> NDArray[np.float32]:
    """Return the time until the next lapse begins, (n,) seconds.

    NaN while one lasts, and where the session ends before the longest horizon without one; inf where none follows.
    """
    starts = np.array([span.start_s for span in spans])
    ends = np.array([span.end_s for span in spans])
    following = np.searchsorted(starts, times_s, "right")
    lead = np.append(starts, np.inf)[following] - times_s
    lead[(np.isinf(lead)) & (times_s + max(HORIZONS_S) > length_s)] = np.nan
    if len(spans):
        running = (following > 0) & (times_s < ends[np.maximum(following - 1, 0)])
        lead[running] = np.nan
    return lead.astype(np.float32)


def labels_and_truth(participant: Participant, confounds: Confounds, times_s: NDArray[np.float64],
                     length_s: float) -> tuple[Labels, NDArray[np.float32]]:
    """Return the labels at `times_s` (n,) and the truth (n, len(TRUTH_NAMES)) of a simulated session.

    Attention is the share of the last two seconds with the gaze on the target, times vigilance; 0 while away.
    """
    now = moments(participant, times_s)
    grid_s = np.arange(int(length_s * GRID_HZ) + 1) / GRID_HZ
    grid = moments(participant, grid_s)
    at = np.minimum(np.searchsorted(grid_s, times_s + 1e-9, "right") - 1, len(grid_s) - 1)
    on = _averaged(grid.on_target.astype(float), ATTENTION_S)[at]
    attention = np.where(now.state_code == AWAY, 0.0, on * now.vigilance)
    labels = Labels(now.state_code.astype(np.int8), time_to_lapse(times_s, lapses(participant, length_s), length_s),
                    attention.astype(np.float32), now.vigilance.astype(np.float32), now.load.astype(np.float32))
    values = _quantities(participant, confounds, grid)
    columns = [values[name][at] for name in (*_NOW, *_RUNNING)]
    columns += [_averaged(values[name], over)[at] for name in (*_NOW, *_COUNTED) for over in AVERAGED_S]
    person = participant.person
    columns += [np.full(len(times_s), trait) for trait in (
        person.alpha_db, person.alpha_hz, person.blink_factor, person.eye_opening, confounds.eeg.reaction)]
    return labels, np.stack(columns, axis=1).astype(np.float32)


_RHYTHMS_DB = np.array([(manner.alpha_db, manner.theta_db, manner.beta_db) for manner in MANNER_BY_CODE])


def _quantities(participant: Participant, confounds: Confounds, grid: Moments) -> dict[str, NDArray[np.float64]]:
    values = {name: np.asarray(getattr(grid, name), float) for name in _NOW if not name.endswith("_db")}
    values["speed_kmh"], values["demand"] = world(grid, confounds.context)
    shares = participant.timeline.share_matrix(grid.t_s, SETTLE_S)
    rhythms = confounds.eeg.reaction * shares @ _RHYTHMS_DB + confounds.eeg.rhythm_db(grid.t_s)
    values["alpha_db"], values["theta_db"], values["beta_db"] = rhythms.T
    # Nobody who is out of view looks, blinks or nods as far as any sensor could know.
    seen = grid.present
    for name in ("gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "lid", "jaw"):
        values[name] = np.where(seen, values[name], 0.0)
    step = np.hypot(np.diff(values["gaze_yaw"], prepend=0.0), np.diff(values["gaze_pitch"], prepend=0.0))
    values["saccade"] = np.where(step > 0.03, step, 0.0)
    values["head_speed"] = GRID_HZ * np.hypot(np.diff(values["head_yaw"], prepend=0.0),
                                              np.diff(values["head_pitch"], prepend=0.0))
    values["blinks"] = (np.diff(grid.blinking.astype(float), prepend=0.0) > 0) * 60.0 * GRID_HZ
    values["sounds"] = np.zeros(len(grid))
    for piece in participant.pieces(0.0, float(grid.t_s[-1])):
        for at_s in piece.transients_s:
            values["sounds"][min(len(grid) - 1, int(np.ceil(at_s * GRID_HZ)))] += 60.0 * GRID_HZ
    values["off_target_s"] = _running(~grid.on_target)
    values["closed_s"] = _running((grid.lid > 0.8) & seen)
    values["silent_s"] = _running(~grid.speaking)
    return values


def _averaged(values: NDArray[np.float64], over_s: float) -> NDArray[np.float64]:
    """Return the mean of the last `over_s` seconds of a grid of moments, or of what there is of them."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(total))
    first = np.maximum(0, last - round(over_s * GRID_HZ))
    means: NDArray[np.float64] = (total[last] - total[first]) / (last - first)
    return means


def _running(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for how many seconds each flag has been up, at most a minute."""
    index = np.arange(len(flags))
    last_down = np.maximum.accumulate(np.where(flags, -1, index))
    return np.minimum((index - last_down) / GRID_HZ, 60.0)
