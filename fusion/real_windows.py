"""Takes of a public set as windows: the features that the live session would have made of them, every half second."""

import numpy as np
from numpy.typing import NDArray

from fusion.features import Features
from fusion.real_sets import Take
from kernels.layout import INDEX, MODALITIES, SIZE
from models.labels import NOT_LABELLED
from models.windows import STEP_S, Windows
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig

_EEG = MODALITIES.index("eeg")
_START_NS = 3600 * SECOND


def as_windows(take: Take, source: str, session: SessionConfig | None = None) -> Windows:
    """Return a take as the session's features would have been, on a grid of 0.5 s.

    The calibration time is set to zero unless a session says otherwise: a take of one label has no baseline of its
    own, and its first seconds must not become one. Steps at which the EEG says nothing new (a hole, or the filters
    settling) have quality 0, as live.
    """
    features = Features(session or SessionConfig(calibration_s=0.0))
    features.meet(StreamInfo(t_ns=_START_NS, stream="eeg", kind="eeg", driver="file", rate_hz=take.rate_hz,
                             columns=tuple(Column(name, "uV") for name in take.channels)))
    values = np.ascontiguousarray(take.values_uv, np.float32)
    stamps = _START_NS + np.round(take.times_s * SECOND).astype(np.int64)
    grid_s: NDArray[np.float64] = np.arange(1.0, int(take.times_s[-1] / STEP_S) + 1) * STEP_S
    vectors = np.full((len(grid_s), SIZE), np.nan, np.float32)
    done = 0
    for row, at_s in enumerate(grid_s):
        tick_ns = _START_NS + round(at_s * SECOND)
        stop = int(np.searchsorted(stamps, tick_ns, side="right"))
        features.advance("eeg", values[done:stop], stamps[done:stop])
        vectors[row] = features.fill(tick_ns)
        done = stop
    quality = np.zeros((len(grid_s), len(MODALITIES)), np.float32)
    quality[:, _EEG] = np.nan_to_num(vectors[:, INDEX["eeg_quality"]])
    unknown: NDArray[np.float32] = np.full(len(grid_s), np.nan, np.float32)
    return Windows(person=take.person, session=take.name, source=source, times_s=grid_s, features=vectors,
                   quality=quality, state=np.full(len(grid_s), NOT_LABELLED, np.int8), lapse_in_s=unknown,
                   attention=unknown, vigilance=unknown, load=unknown)
