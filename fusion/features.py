"""From the streams' columns to the feature vector: the session's one door to the kernels."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from kernels import brain, context, crossmodal, eyes, fused, quality, statistics, voice
from kernels.errors import InputError
from kernels.layout import INDEX, MODALITIES, SIZE
from sensors.clock import SECOND
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

QUALITY = {kind: INDEX[f"{kind}_quality"] for kind in MODALITIES if f"{kind}_quality" in INDEX}
"""Where the trust in a modality stands in the vector; one without is trusted as long as it is fresh."""


class Features:
    """One session's features; pure: a tick's vector follows from the samples up to it, however they were cut.

    Parameters
    ----------
    session
        The rig's ``[session]`` table.
    """

    def __init__(self, session: SessionConfig) -> None:
        self._session = session
        self.record = fused.new_sessions(1, fused.Setup(fusion=crossmodal.Setup(session.calibration_s)))
        """(1,) the session as the kernels know it."""
        self.vector = np.full(SIZE, np.nan, np.float32)
        """(feature,) of the last tick, in the order of `kernels.layout`; NaN where not measured."""
        self._table = np.zeros((1, 1, 1), np.float32)
        self._first_ns = -1
        self.unfit: dict[str, str] = {}
        """Why a stream's columns cannot be turned into features, by modality."""

    def meet(self, info: StreamInfo) -> None:
        """Begin a modality anew with the columns of `info`; one that is missing leaves its features unmeasured."""
        self.unfit.pop(info.kind, None)
        try:
            {"camera": self._meet_camera, "microphone": self._meet_microphone, "eeg": self._meet_eeg,
             "context": self._meet_context}[info.kind](info)
        except InputError as error:
            self.unfit[info.kind] = str(error)
            return
        if info.kind in statistics.KINDS:
            statistics.forget(self.record["cross"]["person"], info.kind)

    def _meet_camera(self, info: StreamInfo) -> None:
        yaw, pitch, radius = np.radians([self._session.target_yaw_deg, self._session.target_pitch_deg,
                                         self._session.target_radius_deg]).tolist()
        eyes.reset(self.record["eyes"], eyes.Setup(info.names, info.rate_hz, yaw, pitch, radius,
                                                   self._session.calibration_s))
        self.record["marked"] = 0

    def _meet_microphone(self, info: StreamInfo) -> None:
        voice.reset(self.record["voice"], voice.Setup(info.names, info.rate_hz))

    def _meet_eeg(self, info: StreamInfo) -> None:
        setup = brain.Setup(columns=info.names, units=tuple(column.unit for column in info.columns),
                            rate_hz=info.rate_hz, full_scale_uv=full_scale_uv(info),
                            calibration_s=self._session.calibration_s, spectrum=self._session.spectrum)
        if not setup.usable:
            raise InputError(f"The EEG has {len(setup.electrodes)} columns in uV at {setup.rate_hz:g} Hz, expected one "
                             f"or more at {brain.LOWEST_RATE_HZ:g} Hz or faster.")
        self._table = brain.table(setup)
        self.record = fused.widened(self.record, len(setup.electrodes))
        brain.reset(self.record["brain"], setup)

    def _meet_context(self, info: StreamInfo) -> None:
        stale_ms = self._session.stale_ms.get("context", 2000.0)
        context.reset(self.record["context"], context.Setup(info.names, stale_ms))

    def advance(self, kind: str, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in samples (n, column) of a modality and their times (n,), in order; n may be 0."""
        if len(times_ns) == 0 or kind in self.unfit:
            return
        if self._first_ns < 0 or times_ns[0] < self._first_ns:
            self._first_ns = int(times_ns[0])
        if kind == "eeg":
            fused.take_eeg(self.record, self._table, values, times_ns)
        else:
            TAKE[kind](self.record, values, times_ns)

    def fill(self, tick_ns: int) -> NDArray[np.float32]:
        """Return the vector at `tick_ns`; ticks never go back. The array is the same at every tick."""
        fused.features(self.record, tick_ns, self.vector)
        return self.vector

    def progress(self, tick_ns: int) -> float:
        """Return how much of the calibration time has passed since the first sample of any sensor, 0..1."""
        if self._first_ns < 0:
            return 0.0
        if self._session.calibration_s <= 0:
            return 1.0
        return min(1.0, max(0.0, (tick_ns - self._first_ns) / (self._session.calibration_s * SECOND)))


TAKE = {"camera": fused.take_camera, "microphone": fused.take_microphone, "context": fused.take_context}
"""The kernel that takes in a modality's samples; the EEG's needs its table, too."""
assert {*TAKE, "eeg"} == set(MODALITIES)


def quality_of(features: Sequence[float], fresh: Collection[str]) -> dict[str, float]:
    """Return the trust in each modality, 0..1; 0 for one that is not fresh."""
    quality = dict.fromkeys(MODALITIES, 0.0)
    for kind in fresh:
        measured = features[QUALITY[kind]] if kind in QUALITY else 1.0
        quality[kind] = 0.0 if math.isnan(measured) else measured
    return quality


def full_scale_uv(info: StreamInfo) -> float:
    """Return the board's own full scale in uV, or the usual one where it says none, or nothing that is a number."""
    try:
        told = float(info.meta.get("full_scale_uv", quality.FULL_SCALE_UV))
    except ValueError:
        return quality.FULL_SCALE_UV
    return told if 0 < told < math.inf else quality.FULL_SCALE_UV
