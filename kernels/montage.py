"""Where electrodes sit, told from their names: the regions of the 10-20, 10-10 and 10-5 systems, left and right."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOREHEAD = ("FP", "AFP", "AF", "AFF")
FRONTAL = (*FOREHEAD, "F", "FFC", "FFT", "FC", "FT")
CENTRAL = ("FCC", "C", "CCP", "CP")
POSTERIOR = ("CPP", "P", "PPO", "PO", "POO", "O", "OI", "I")
TEMPORAL = ("TPP", "TP")
"""Rows of electrodes; a headband without posterior electrodes has TP9 and TP10 stand in."""
MIDLINE = ("FZ", "FCZ", "AFZ")
"""The frontal midline, where theta rises with load (Onton 2005)."""

_ROWS = (*FRONTAL, *CENTRAL, "FTT", "T", "TTP", *TEMPORAL, *POSTERIOR)
_PLACE = re.compile(rf"(?:EEG[ _-]*)?({'|'.join(_ROWS)})(Z|[1-9]|10)H?(?:-(?:REF|LE|AVG|[AM][12]))?")
_RENAMED = {("T", "3"): ("T", "7"), ("T", "4"): ("T", "8"), ("T", "5"): ("P", "7"), ("T", "6"): ("P", "8")}
"""The first 10-20 system's names of four places (ACNS guideline 2)."""


def place(name: str) -> tuple[str, str]:
    """Return an electrode's row and number ("PO", "7") in capitals, or ("", "") for a name of no such system."""
    match = _PLACE.fullmatch(name.strip().upper())
    if match is None:
        return "", ""
    found = match.group(1), match.group(2)
    return _RENAMED.get(found, found)


def own(names: Sequence[str], rows: Sequence[str]) -> NDArray[np.bool_]:
    """Return which electrodes lie in any of the rows, (channel,)."""
    return np.array([place(name)[0] in rows for name in names], bool)


def region(names: Sequence[str], *families: Sequence[str]) -> NDArray[np.bool_]:
    """Return which electrodes belong to the first family of rows that any electrode belongs to; all if none does.

    Parameters
    ----------
    names
        Electrode names in any case, "Fp1" or "EEG Fp1-REF"; others belong nowhere.
    families
        Rows of the region, most wanted family first.
    """
    for rows in families:
        chosen = own(names, rows)
        if chosen.any():
            return chosen
    return np.ones(len(names), bool)


def midline(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which electrodes lie on the frontal midline, (channel,)."""
    return np.array(["".join(place(name)) in MIDLINE for name in names], bool)


def blink_sites(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return the electrodes nearest to the eyes: the front-most row there is, back to F; none without any."""
    for rows in (("FP",), ("AFP", "AF", "AFF"), ("F",)):
        chosen = own(names, rows)
        if chosen.any():
            return chosen
    return np.zeros(len(names), bool)


def mirrors(names: Sequence[str]) -> NDArray[np.int32]:
    """Return for each left electrode (odd number) where its right partner stands; -1 for all others, (channel,)."""
    places = [place(name) for name in names]
    found = np.full(len(names), -1, np.int32)
    for k, (row, number) in enumerate(places):
        if number.isdigit() and int(number) % 2 == 1 and (row, str(int(number) + 1)) in places:
            found[k] = places.index((row, str(int(number) + 1)))
    return found
