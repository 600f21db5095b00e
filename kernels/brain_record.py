"""The record of one person's EEG: everything that is carried from sample to sample, in fixed capacities."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import aperiodic, eeg_blinks, filters, hjorth, levels, montage, quality, spectral
from kernels.buckets import buckets
from kernels.buckets import clear as clear_buckets
from kernels.errors import InputError
from kernels.layout import FEATURES
from kernels.rhythms import ALPHA_RANGE_HZ

CAPACITIES = (32, 64, 128)
"""Channels a record may be made for."""
PIECE = 64
"""Samples worked on at once; only the size of the scratch."""
RING = 8
"""Segments remembered; the seven of 4 s, and one for a clock that runs fast."""
MARKS = 16
"""Blinks of the camera that are remembered."""
BLINK_RING = 64
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 2.0 * 30.0 / 0.96, 20_000.0
"""Beta must fit under the Nyquist frequency, else nothing is measured; and no EEG board is faster."""
GAP_SAMPLES, SETTLE_NS = 1.5, 500_000_000
"""A step over 1.5 samples is a hole; after a hole of 0.5 s the filters settle anew, for a second."""

EVERYWHERE, FRONTAL, CENTRAL, POSTERIOR, MIDLINE = range(5)
GROUPS = 5
"""Rows of `groups`."""
DELTA, THETA, ALPHA, BETA, GAMMA, ALPHA_RATIO, ACTIVITY, MOBILITY, COMPLEXITY, LINE, MUSCLE = range(11)
COLUMNS = 11
"""Rows of `columnwise`: what is worked out for each channel."""

EEG = tuple(feature.name for feature in FEATURES if feature.modality == "eeg")
PLACE = {name: place for place, name in enumerate(EEG)}
"""Where `kept` holds a feature; the features of the EEG follow each other in the layout."""


@dataclass(frozen=True)
class Setup:
    """What an EEG stream is like.

    Parameters
    ----------
    columns
        Names of its columns, in order.
    units
        Their units; only columns in uV are electrodes.
    rate_hz
        Samples a second; under 62.5 nothing is measured.
    full_scale_uv
        The largest magnitude that the amplifier can tell.
    calibration_s
        How long to learn the person's own levels.
    spectrum
        "welch" or "multitaper".
    """

    columns: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    full_scale_uv: float = quality.FULL_SCALE_UV
    calibration_s: float = 60.0
    spectrum: str = "welch"

    def __post_init__(self) -> None:
        if len(self.units) != len(self.columns):
            raise InputError(f"EEG setup: {len(self.units)} units for {len(self.columns)} columns; give one for each")
        if not all(isinstance(name, str) and name.strip() for name in self.columns):
            raise InputError(f"EEG setup: columns are {self.columns}; every column needs a name")
        if not 0.0 <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise InputError(f"EEG setup: rate_hz is {self.rate_hz}; expected 0 (irregular) to {HIGHEST_RATE_HZ:g}")
        if not 0.0 < self.full_scale_uv < math.inf:
            raise InputError(f"EEG setup: full_scale_uv is {self.full_scale_uv}; expected a number above 0")
        if not 0.0 <= self.calibration_s < math.inf:
            raise InputError(f"EEG setup: calibration_s is {self.calibration_s}; expected 0 or more seconds")
        if self.spectrum not in spectral.TAPERS:
            raise InputError(f"EEG setup: spectrum is {self.spectrum!r}; expected one of {', '.join(spectral.TAPERS)}")
        if len(self.electrodes) > CAPACITIES[-1]:
            raise InputError(f"EEG setup: {len(self.electrodes)} columns in uV; expected at most {CAPACITIES[-1]}")

    @property
    def electrodes(self) -> NDArray[np.int64]:
        """Columns that are electrodes."""
        return np.flatnonzero([unit.lower() in ("uv", "µv", "μv") for unit in self.units])

    @property
    def usable(self) -> bool:
        """Whether anything can be measured."""
        return len(self.electrodes) > 0 and self.rate_hz >= LOWEST_RATE_HZ


def capacity(channels: int) -> int:
    """Return the smallest capacity of a record that holds so many channels."""
    for size in CAPACITIES:
        if 0 <= channels <= size:
            return size
    raise InputError(f"EEG record: {channels} channels asked for; expected 0 to {CAPACITIES[-1]}")


def brain_dtype(channels: int) -> np.dtype[Any]:
    """Return the record for up to `channels` channels, rounded up to one of `CAPACITIES`."""
    many, real, whole = capacity(channels), np.float64, np.int64
    bins, tapers = spectral.BINS, max(spectral.TAPERS.values())
    return np.dtype([
        # what the stream is like; see `reset`
        ("channels", whole), ("length", whole), ("hop", whole), ("bins", whole), ("tapers", whole),
        ("rate_hz", real), ("bin_hz", real), ("period_ns", real), ("hole_ns", real), ("window_ns", whole),
        ("full_scale_uv", real), ("calibration_ns", whole), ("columns", np.int32, (many,)),
        ("groups", np.uint8, (GROUPS, many)), ("named_frontal", np.uint8, (many,)), ("blink_sites", np.uint8, (many,)),
        ("mirrors", np.int32, (many,)), ("sections", real, (filters.SECTIONS, 5)),
        ("blink_sections", real, (filters.SECTIONS, 5)), ("bands", np.int32, (len(spectral.BANDS), 2)),
        ("peak", np.int32, (3, 2)), ("alpha_range", np.int32, (2,)), ("entropy_end", whole),
        ("log_hz", real, (bins,)), ("fit", np.int32, (aperiodic.FIT_BINS,)), ("fit_count", whole),
        # where the stream is
        ("first_ns", whole), ("newest_ns", whole), ("position", whole), ("since", whole), ("piece", whole),
        ("place", whole), ("settle", whole), ("ended", whole),
        # channels, from sample to sample
        ("filter", real, (filters.SECTIONS, 2, many)), ("held", real, (many,)),
        ("blink_filter", real, (filters.SECTIONS, 2, many)), ("blink_held", real, (many,)),
        ("last_raw", np.float32, (many,)), ("same", whole, (many,)),
        ("before", real, (many,)), ("slope", real, (many,)),
        ("statistics", real, (2, quality.STATISTICS, many)), ("moments", real, (2, hjorth.MOMENTS, many)),
        ("differences", whole, (2, 2)), ("sums", np.float32, (spectral.SLOTS, tapers, many, spectral.WIDTH)),
        # segments
        ("segments", whole), ("slot", whole), ("recent", whole), ("clear_of_blinks", whole),
        ("started_ns", whole, (RING,)), ("ended_ns", whole, (RING,)), ("power", np.float32, (RING, many, bins)),
        ("scores", real, (RING, many)), ("contacts", real, (RING, many)),
        ("powers", real, (RING, quality.POWERS, many)), ("variances", real, (RING, 5, many)),
        # the window of 4 s
        ("trust", real, (many,)), ("contact", real, (many,)), ("density", real, (many, bins)),
        ("columnwise", real, (COLUMNS, many)), ("background", real, (2, bins)), ("kept", real, (len(EEG),)),
        ("alpha_level", levels.LEVEL), ("theta_level", levels.LEVEL), ("beta_level", levels.LEVEL),
        # blinks
        ("detector", eeg_blinks.DETECTOR), ("seeing", np.uint8, (many,)), ("minute", buckets(2)),
        ("seen_ns", whole), ("blink_count", whole),
        ("blink_ns", whole, (BLINK_RING,)), ("mark_count", whole), ("mark_onset_ns", whole, (MARKS,)),
        ("mark_end_ns", whole, (MARKS,)),
        # scratch
        ("with_mains", np.float32, (PIECE, many)), ("clean", np.float32, (PIECE, many)),
        ("blinking", np.float32, (PIECE, many)), ("sorting", real, (many, bins)),
        ("scratch", real, (many,)),
        ("heights", real, (aperiodic.FIT_BINS,)), ("places", real, (aperiodic.FIT_BINS,)),
        ("slopes", real, (aperiodic.PAIRS,)),
    ], align=True)


def reset(records: NDArray[Any], setup: Setup) -> None:
    """Make records (n,) of `brain_dtype` ready for the first sample of a stream.

    Parameters
    ----------
    records
        Changed in place.
    setup
        What the stream is like.
    """
    if records.dtype.names is None or "columns" not in records.dtype.names or records.ndim != 1:
        raise InputError(f"EEG reset: records are {records.dtype} of shape {records.shape}; expected (n,) brain_dtype")
    chosen, room = setup.electrodes, records.dtype["columns"].shape[0]
    if len(chosen) > room:
        raise InputError(f"EEG reset: {len(chosen)} electrodes for records of {room} channels; "
                         f"expected brain_dtype({len(chosen)})")
    records[:] = np.zeros((), records.dtype)
    for name in ("held", "blink_held", "last_raw", "kept"):
        records[name] = np.nan
    for name in ("first_ns", "newest_ns", "seen_ns", "blink_ns", "mark_end_ns", "ended_ns", "columns", "mirrors"):
        records[name] = -1
    for name in ("alpha_level", "theta_level", "beta_level"):
        levels.clear(records[name])
    clear_buckets(records["minute"])
    rate = setup.rate_hz if setup.usable else 250.0
    eeg_blinks.clear(records["detector"], rate)
    if setup.usable:
        _montage(records, [setup.columns[k] for k in chosen], chosen)
    records["full_scale_uv"] = setup.full_scale_uv
    records["calibration_ns"] = round(setup.calibration_s * 1e9)
    records["tapers"] = spectral.TAPERS[setup.spectrum]
    _rate(records, rate)


def _montage(records: NDArray[Any], names: list[str], columns: NDArray[np.int64]) -> None:
    """Write down which channel sits where."""
    count = len(names)
    records["channels"] = count
    records["columns"][:, :count] = columns
    regions = (np.ones(count), montage.region(names, montage.FRONTAL), montage.own(names, montage.CENTRAL),
               montage.region(names, montage.POSTERIOR, montage.TEMPORAL), montage.midline(names))
    records["groups"][:, :, :count] = np.array(regions)
    records["named_frontal"][:, :count] = montage.own(names, montage.FRONTAL)
    records["blink_sites"][:, :count] = montage.blink_sites(names)
    records["mirrors"][:, :count] = np.where(regions[POSTERIOR], montage.mirrors(names), -1)


def _rate(records: NDArray[Any], rate: float) -> None:
    """Write down all that follows from the sampling rate."""
    length, bins = spectral.segment_length(rate), spectral.bin_count(rate)
    hz = np.arange(1, bins + 1) * rate / length
    for name, value in (("length", length), ("hop", length // spectral.SLOTS), ("bins", bins), ("rate_hz", rate),
                        ("bin_hz", rate / length), ("period_ns", 1e9 / rate), ("hole_ns", GAP_SAMPLES * 1e9 / rate),
                        ("window_ns", round((WINDOW_S - 1.0 + 0.5 / spectral.SLOTS) * 1e9)),
                        ("sections", filters.eeg_chain(rate)), ("blink_sections", eeg_blinks.band_pass(rate)),
                        ("entropy_end", np.searchsorted(hz, 45.01))):
        records[name] = value
    records["log_hz"][:, :bins] = np.log10(hz)
    # A band that does not fit under the highest bin is not measured, rather than measured short.
    limits = [(low, high if high <= hz[-1] + 1.0 else low) for _, low, high in spectral.BANDS]
    records["bands"] = np.searchsorted(hz, np.array(limits) - 0.01)
    records["peak"] = np.searchsorted(hz, np.array(ALPHA_AND_BESIDE_HZ) - 0.01)
    records["alpha_range"] = np.searchsorted(hz, [ALPHA_RANGE_HZ[0] - 0.01, ALPHA_RANGE_HZ[1] + 0.01])
    fit = aperiodic.fit_bins(hz)
    records["fit"][:, :len(fit)] = fit
    records["fit_count"] = len(fit)


WINDOW_S = 4.0
"""Features look this far back: over seven segments that overlap by half."""
ALPHA_AND_BESIDE_HZ = ((8.0, 13.0), (4.0, 7.0), (14.0, 20.0))
"""Bands whose densities make the alpha ratio."""
