"""Units of voltage as other programs write them, and how many microvolts they are."""

from sensors.errors import ForeignFileError

MICROVOLTS = {
    **dict.fromkeys(("v", "volt", "volts"), 1e6),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1e3),
    **dict.fromkeys(("uv", "µv", "μv", "microvolt", "microvolts"), 1.0),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-3),
}
"""uV of one, by the name in small letters; both Unicode signs for micro occur."""


def microvolts(unit: str) -> float | None:
    """Return how many uV one `unit` is; None if it is no unit of voltage.

    Examples
    --------
    >>> microvolts("mV"), microvolts("furlong")
    (1000.0, None)
    """
    return MICROVOLTS.get(unit.strip().lower())


def agreed(unit: str, given: str, where: str) -> tuple[float, str]:
    """Return how many uV one unit of a file is, and a sentence to tell ("" for none).

    Parameters
    ----------
    unit
        What the file says; "" if nothing.
    given
        What the user says; "" if nothing.
    where
        The file or its channels, for the sentences.

    Raises
    ------
    ForeignFileError
        If neither is a known unit of voltage.
    """
    known = microvolts(unit)
    if given:
        wanted = microvolts(given)
        if wanted is None:
            raise ForeignFileError(f"--unit {given} is no unit of voltage.", "Known units: V, mV, uV, nV.")
        told = f"{where} says '{unit}', and --unit {given} was taken." if known is not None and wanted != known else ""
        return wanted, told
    if known is None:
        said = f"the unit '{unit}', which is none of voltage" if unit else "no unit"
        raise ForeignFileError(f"{where} has {said}.", "Say what its values are: --unit V, mV, uV or nV.")
    return known, ""
