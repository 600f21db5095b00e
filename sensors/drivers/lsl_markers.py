"""Samples of a marker stream as `Marker` messages."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column, Marker, TimeArray

LONGEST = 1000
"""Characters of a name or a value; more is cut."""


def markers(values: NDArray[Any], times_ns: TimeArray, source: str) -> list[Marker]:
    """Return one marker a sample: the first channel names it, what else there is stands in its value.

    Parameters
    ----------
    values
        (n, channel) raw bytes of texts, or numbers.
    times_ns
        (n,) session times.
    source
        Who names them.
    """
    out = []
    for row, t_ns in zip(values.tolist(), times_ns.tolist(), strict=True):
        name, *rest = (_text(one) for one in row)
        out.append(Marker(t_ns=t_ns, source=source, name=name[:LONGEST], value=" ".join(rest)[:LONGEST]))
    return out


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{value:g}" if isinstance(value, float) else str(value)


class MarkerReader:
    """A stream of moments: no columns."""

    kind = "marker"
    told = ""
    columns: tuple[Column, ...] = ()

    def convert(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return samples (n, channel) as (n, 0) float32."""
        return np.empty((len(values), 0), np.float32)
