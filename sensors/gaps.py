"""Counting what never arrived: gaps in the running numbers of each sender."""

from collections.abc import Hashable


class GapCounter:
    """Counts missing messages by their `seq`, per source.

    A number that runs back is a sender that started anew, not a gap; the first message of a source is never one.

    Examples
    --------
    >>> gaps = GapCounter()
    >>> [gaps.see("eeg", seq) for seq in (4, 5, 8, 0, 1)]
    [0, 0, 2, 0, 0]
    >>> gaps.missing["eeg"]
    2
    """

    def __init__(self) -> None:
        self._last: dict[Hashable, int] = {}
        self.missing: dict[Hashable, int] = {}
        """Missing messages of each source that has any."""

    def see(self, source: Hashable, seq: int) -> int:
        """Note one message and return how many before it are missing."""
        last = self._last.get(source, seq)
        self._last[source] = seq
        if seq <= last + 1:
            return 0
        self.missing[source] = self.missing.get(source, 0) + seq - last - 1
        return seq - last - 1
