"""What an import brought and what was wrong with the file: for a person, for a program, and for the recording."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sensors.clock import SECOND

if TYPE_CHECKING:
    from sensors.importers.writing import Source


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One stream that came of it."""

    name: str
    kind: str
    columns: tuple[str, ...]
    rate_hz: float
    samples: int
    lost: int
    """Samples that the device's numbers show to be lost; times leave holes for them."""
    holes: int
    """Steps over one and a half sampling intervals, known losses included."""
    hole_s: float
    """All of them together, in seconds."""
    longest_hole_s: float
    start_s: float
    """First sample, from the session's start."""
    end_s: float
    irregular_ms: float
    """Largest distance between a stamp of the file and the time given, or an even step where stamps are kept."""
    missing: float
    """Share of values that are NaN."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """An import."""

    sources: tuple[str, ...]
    """File names."""
    formats: tuple[str, ...]
    began_utc: str
    """When the first file's first sample was, as it says; "" if it does not."""
    seconds: float
    """From the first to the last sample."""
    streams: tuple[StreamSummary, ...]
    markers: int
    warnings: tuple[str, ...]
    left_out: tuple[str, ...]


def summarise(sources: "Sequence[Source]", labels: int = 0) -> Summary:
    """Return what the sources hold, as the recording will have it; `labels` are markers that come on top."""
    streams = []
    several = len(sources) > 1
    for source in sources:
        for name, stream in source.named:
            times, holes = source.times_ns(stream), stream.placed.holes_s()
            streams.append(StreamSummary(
                name=name, kind=stream.kind, columns=tuple(column.name for column in stream.columns),
                rate_hz=round(stream.rate_hz, 3), samples=len(times), lost=stream.placed.lost, holes=len(holes),
                hole_s=round(float(holes.sum()), 3), longest_hole_s=round(float(holes.max(initial=0.0)), 3),
                start_s=round(int(times[0]) / SECOND, 4), end_s=round(int(times[-1]) / SECOND, 4),
                irregular_ms=round(stream.placed.irregular_ns / 1e6, 3),
                missing=round(float(np.isnan(stream.values).mean()), 4)))
    kept = tuple(f"{one.name}: {one.holes} hole{'s' if one.holes > 1 else ''} of {one.hole_s:.3f} s in all (longest "
                 f"{one.longest_hole_s:.3f} s) {'are' if one.holes > 1 else 'is'} kept."
                 for one in streams if one.holes)
    first = min((stream.start_s for stream in streams), default=0.0)
    return Summary(
        sources=tuple(source.path.name for source in sources), formats=tuple(source.format for source in sources),
        began_utc=sources[0].contents.began_utc, streams=tuple(streams),
        seconds=round(max((stream.end_s for stream in streams), default=0.0) - first, 3),
        markers=labels + sum(len(source.contents.marks) for source in sources),
        warnings=tuple(_said(source, text, several) for source in sources for text in source.contents.warnings)
        + kept,
        left_out=tuple(_said(source, text, several) for source in sources for text in source.contents.left_out))


def _said(source: "Source", text: str, several: bool) -> str:
    return f"{source.path.name}: {text}" if several else text
