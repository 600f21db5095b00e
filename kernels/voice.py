"""The microphone: from its columns, a row every 32 ms, to its part of the feature vector.

All windows end at the tick and are exact to the frame: (tick - window, tick]. The frames of the last minute lie in a
ring with their times; each part keeps totals over the frames in the ring and takes back those that have left a window
since the newest frame came, so a tick costs the same whatever was heard.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import ambient, modulation, sound, speech
from kernels.columns import check_records, find
from kernels.errors import InputError
from kernels.jit import kernel
from kernels.layout import INDEX

WANTED = ("speech", "loudness_momentary", "loudness_short", "rms_db", "f0", "centroid", "flatness", "flux",
          "transient", "clipped", "silent")
"""Columns that are read; one that is missing leaves its features unmeasured."""
SPEECH_COLUMN, MOMENTARY, SHORT_TERM, LEVEL, F0, CENTROID, FLATNESS, FLUX, TRANSIENT, CLIPPED, SILENT = range(11)

FRAME_NS = 32_000_000
"""Length of a frame of a stream that does not tell its rate: 512 samples at 16 kHz."""
SLOWEST_HZ, HIGHEST_HZ = 1.0, 40.0
"""Frames a second that the rings are made for."""
TEN_SECONDS_NS, MINUTE_NS = 10_000_000_000, 60_000_000_000
HOLD_NS = 1_000_000_000
"""How long features hold without a frame."""
MISSING_FRAMES = 2.5
"""A step of more frames is a hole, which the level's rhythm does not bridge."""
CLIPPING = 0.02
"""Share of samples at full scale from which loudness and spectrum mean nothing."""
FAINTEST_DB = -110.0
"""A level under this is digital silence, which is not the level of speech."""
LEAST_MODULATION_NS, LEAST_RECENT_NS, LEAST_MINUTE_NS = 2_000_000_000, 5_000_000_000, 10_000_000_000
"""Rhythm needs a period of 0.5 Hz; the background needs 10 s, and its change 5 s of the last 10."""

SPEECH_RATIO_10S = INDEX["speech_ratio_10s"]
SPEECH_RATIO_60S = INDEX["speech_ratio_60s"]
TURNS_60S = INDEX["turns_60s"]
PAUSE_MEAN_60S = INDEX["pause_mean_60s"]
LOUDNESS_MOMENTARY = INDEX["loudness_momentary"]
LOUDNESS_3S = INDEX["loudness_3s"]
LEVEL_SD_10S = INDEX["level_sd_10s"]
MODULATION_10S = INDEX["modulation_10s"]
F0_MEAN_10S = INDEX["f0_mean_10s"]
F0_SD_10S = INDEX["f0_sd_10s"]
CENTROID_10S = INDEX["centroid_10s"]
FLATNESS_10S = INDEX["flatness_10s"]
FLUX_10S = INDEX["flux_10s"]
AMBIENT_60S = INDEX["ambient_60s"]
AMBIENT_CHANGE_60S = INDEX["ambient_change_60s"]
TRANSIENTS_10S = INDEX["transients_10s"]
CLIP_SHARE_10S = INDEX["clip_share_10s"]
MICROPHONE_QUALITY = INDEX["microphone_quality"]

VOICE = np.dtype([
    ("columns", np.int32, (len(WANTED),)), ("frame_ns", np.int64),
    ("first_ns", np.int64), ("newest_ns", np.int64),  # -1 before the first frame
    ("speaking", np.int64),  # 1 while somebody speaks, else 0
    ("momentary", np.float64), ("short_term", np.float64),  # LUFS, newest frame
    ("count", np.int64),  # frames so far, so the number of the next
    ("recent", np.int64), ("minute", np.int64),  # number of the oldest frame in the last 10 s, in the last 60 s
    ("times_ns", np.int64, (speech.CAPACITY,)),
    ("speech", speech.SPEECH), ("sound", sound.SOUND), ("modulation", modulation.MODULATION),
    ("ambient", ambient.AMBIENT),
], align=True)
"""State of one microphone."""


@dataclass(frozen=True)
class Setup:
    """What a microphone's stream says of itself."""

    columns: tuple[str, ...]
    """Names of the columns, in order."""
    rate_hz: float
    """Frames a second, 1 to 40; 0 for an irregular stream, of which no rhythm is measured."""

    def __post_init__(self) -> None:
        find("microphone", self.columns, WANTED)
        if not (self.rate_hz == 0 or SLOWEST_HZ <= self.rate_hz <= HIGHEST_HZ):
            raise InputError(f"microphone: rate_hz is {self.rate_hz}, expected 0 or {SLOWEST_HZ:g} to {HIGHEST_HZ:g}")


def reset(records: NDArray[np.void], setup: Setup) -> None:
    """Set (n,) `VOICE` records to the start of a stream.

    Raises
    ------
    InputError
        `records` is no (n,) array of `VOICE`.
    """
    check_records("microphone", records, VOICE)
    frame_ns = round(1e9 / setup.rate_hz) if setup.rate_hz else FRAME_NS
    records[...] = np.zeros((), VOICE)
    records["columns"] = find("microphone", setup.columns, WANTED)
    records["frame_ns"] = frame_ns
    records["first_ns"] = records["newest_ns"] = -1
    records["momentary"] = records["short_term"] = math.nan
    speech.reset(records["speech"], frame_ns)
    sound.reset(records["sound"])
    modulation.reset(records["modulation"], setup.rate_hz)
    ambient.reset(records["ambient"])


@kernel
def push(voice: Any, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in frames: values (n, column) float32, times_ns (n,) int64 strictly increasing; n may be 0."""
    for i in range(times_ns.shape[0]):
        if voice.first_ns < 0:
            voice.first_ns = times_ns[i]
        _leave(voice, times_ns[i])
        _frame(voice, values[i], times_ns[i])
        voice.newest_ns = times_ns[i]


@kernel
def _leave(voice: Any, time_ns: int) -> None:
    """Forget the frames that are in no window that ends at `time_ns` or later, and make room for one more."""
    first = max(_inside(voice, voice.recent, time_ns - TEN_SECONDS_NS), voice.count + 1 - sound.CAPACITY)
    for number in range(voice.recent, first):
        sound.tally(voice.sound.totals, voice.sound.values[number % sound.CAPACITY], -1)
        ambient.drop_recent(voice.ambient, number % speech.CAPACITY)
    voice.recent = first
    first = max(_inside(voice, voice.minute, time_ns - MINUTE_NS), voice.count + 1 - speech.CAPACITY)
    for number in range(voice.minute, first):
        speech.drop(voice.speech, number % speech.CAPACITY)
        ambient.drop_minute(voice.ambient, number % speech.CAPACITY)
    voice.minute = first


@kernel
def _inside(voice: Any, number: int, limit_ns: int) -> int:
    """Return the first frame, from `number` on, that came after `limit_ns`."""
    while number < voice.count and voice.times_ns[number % speech.CAPACITY] <= limit_ns:
        number += 1
    return number


@kernel
def _read(row: NDArray[np.float32], column: int, low: float, high: float) -> float:
    """Return a value of a frame; NaN where the column is missing or the value cannot be true."""
    if column < 0:
        return math.nan
    value = float(row[column])
    return value if low <= value <= high else math.nan


@kernel
def _frame(voice: Any, row: NDArray[np.float32], time_ns: int) -> None:
    columns = voice.columns
    slot = voice.count % speech.CAPACITY
    voice.times_ns[slot] = time_ns
    probability = _read(row, columns[SPEECH_COLUMN], 0.0, 1.0)
    heard = not math.isnan(probability)
    voice.speaking = speech.latch(voice.speaking, probability)
    speech.add(voice.speech, slot, heard, voice.speaking, time_ns)
    level = _read(row, columns[LEVEL], ambient.LOW_DB, ambient.HIGH_DB)
    ambient.add(voice.ambient, slot, level)
    voice.momentary = _read(row, columns[MOMENTARY], ambient.LOW_DB, 20.0)
    voice.short_term = _read(row, columns[SHORT_TERM], ambient.LOW_DB, 20.0)
    broken = time_ns - voice.newest_ns > MISSING_FRAMES * voice.frame_ns
    movement, syllables = modulation.step(voice.modulation, level, broken)
    kept = voice.sound.values[voice.count % sound.CAPACITY]
    spoken = heard and voice.speaking == 1
    kept[sound.SPEAKING] = voice.speaking if heard else math.nan
    kept[sound.TRANSIENT] = _read(row, columns[TRANSIENT], 0.0, 1.0)
    kept[sound.CLIPPED] = _read(row, columns[CLIPPED], 0.0, 1.0)
    kept[sound.SILENT] = _read(row, columns[SILENT], 0.0, 1.0)
    kept[sound.FLUX] = _read(row, columns[FLUX], 0.0, 1.5)
    kept[sound.CENTROID] = _read(row, columns[CENTROID], 0.0, 8000.0) if spoken else math.nan
    kept[sound.FLATNESS] = _read(row, columns[FLATNESS], 0.0, 1.0) if spoken else math.nan
    kept[sound.MOVEMENT] = movement
    kept[sound.SYLLABLES] = syllables
    kept[sound.F0] = _read(row, columns[F0], 50.0, 500.0)
    kept[sound.LEVEL] = level if spoken and level > FAINTEST_DB else math.nan
    sound.tally(voice.sound.totals, kept, 1)
    voice.count += 1


@kernel
def features(voice: Any, tick_ns: int, out: NDArray[np.float32]) -> None:
    """Write the microphone's features at a tick that no frame pushed so far is later than.

    Parameters
    ----------
    voice : VOICE
        Unchanged but for scratch.
    tick_ns
        End of all windows.
    out
        (SIZE,) NaN on entry; what is not measured stays NaN. Nothing is, a second after the newest frame.
    """
    if voice.newest_ns < 0 or tick_ns - voice.newest_ns > HOLD_NS:
        return
    recent = _inside(voice, voice.recent, tick_ns - TEN_SECONDS_NS)
    minute = _inside(voice, voice.minute, tick_ns - MINUTE_NS)
    ratio, turns, pause = speech.minute(voice.speech, voice.minute, minute)
    out[SPEECH_RATIO_60S] = ratio
    out[TURNS_60S] = turns
    out[PAUSE_MEAN_60S] = pause
    out[LOUDNESS_MOMENTARY] = voice.momentary
    out[LOUDNESS_3S] = voice.short_term
    least = LEAST_MINUTE_NS // voice.frame_ns
    background = ambient.background(voice.ambient, voice.ambient.minute, voice.minute, minute, least)
    least = LEAST_RECENT_NS // voice.frame_ns
    now = ambient.background(voice.ambient, voice.ambient.recent, voice.recent, recent, least)
    out[AMBIENT_60S] = background
    out[AMBIENT_CHANGE_60S] = now - background
    sound.look(voice.sound, voice.recent, recent)
    _recent(voice.sound.scratch, voice.count - recent, voice.frame_ns, out)


@kernel
def _recent(totals: Any, frames: int, frame_ns: int, out: NDArray[np.float32]) -> None:
    """Write the features of the last ten seconds, of which there are `frames` frames."""
    out[SPEECH_RATIO_10S] = sound.mean(totals, sound.SPEAKING)
    out[LEVEL_SD_10S] = sound.deviation(totals, sound.LEVEL)
    if totals.counts[sound.MOVEMENT] * frame_ns >= LEAST_MODULATION_NS:
        out[MODULATION_10S] = modulation.share(sound.mean(totals, sound.MOVEMENT),
                                               sound.mean(totals, sound.SYLLABLES))
    out[F0_MEAN_10S] = sound.mean(totals, sound.F0)
    out[F0_SD_10S] = sound.deviation(totals, sound.F0)
    out[CENTROID_10S] = sound.mean(totals, sound.CENTROID)
    out[FLATNESS_10S] = sound.mean(totals, sound.FLATNESS)
    out[FLUX_10S] = sound.mean(totals, sound.FLUX)
    # A frame in which they were not measured had as many as the others.
    out[TRANSIENTS_10S] = sound.mean(totals, sound.TRANSIENT) * frames
    clipped = sound.mean(totals, sound.CLIPPED)
    out[CLIP_SHARE_10S] = clipped
    loss = 0.0 if math.isnan(clipped) else min(1.0, clipped / CLIPPING)
    out[MICROPHONE_QUALITY] = (1.0 - sound.mean(totals, sound.SILENT)) * (1.0 - loss)
