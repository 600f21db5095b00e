"""Endless signals made of seeded blocks, the same however they are cut."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sensors.messages import FloatArray
from sensors.simulated.randomness import generator

BLOCKS_KEPT = 8


class Blocks:
    """Samples by absolute number, made a block at a time; the blocks used last are kept.

    A block depends on its number alone, so reading by one, by chunks or out of order brings the same bits.

    Parameters
    ----------
    length
        Samples in a block.
    make
        Makes block number n: (length, ...) float32.
    """

    def __init__(self, length: int, make: Callable[[int], FloatArray]) -> None:
        self._length, self._make = length, make
        self._kept: dict[int, FloatArray] = {}

    def samples(self, start: int, count: int) -> FloatArray:
        """Return samples `start` to ``start + count``.

        Raises
        ------
        ValueError
            If `start` or `count` is negative: the session begins at sample 0.
        """
        if start < 0 or count < 0:
            raise ValueError(f"samples({start}, {count}): the session begins at sample 0 and counts forwards")
        first, last = start // self._length, max(start, start + count - 1) // self._length
        parts = [self._block(number) for number in range(first, last + 1)]
        offset = start - first * self._length
        return np.concatenate(parts)[offset:offset + count]

    def _block(self, number: int) -> FloatArray:
        block = self._kept.get(number)
        if block is None:
            block = self._make(number)
            while len(self._kept) >= BLOCKS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = block
        return block


class Noise:
    """Gaussian noise of a wanted spectrum without seams: grains of two blocks, crossfaded at constant power.

    Parameters
    ----------
    seed, name
        Who and what.
    length
        Samples in a block.
    channels
        Independent columns.
    """

    def __init__(self, seed: int, name: str, length: int, channels: int) -> None:
        self._seed, self._name, self._length, self._channels = seed, name, length, channels
        # sin^2 + cos^2 = 1: two independent grains overlap with constant power.
        self._window = np.sin(np.pi * (np.arange(2 * length) + 0.5) / (2 * length))[:, None]
        self._latest: tuple[int, NDArray[np.float64]] | None = None

    def block(self, number: int, shape: Callable[[int], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return block `number`: (length, channels).

        Parameters
        ----------
        number
            Which block.
        shape
            Gain by frequency, (length + 1,) or (length + 1, channels), for a grain that is centred on the border
            before the block of the given number; a gain of g at all frequencies gives noise of standard deviation g.
        """
        # Read in order, the grain that ended the last block begins this one.
        kept = self._latest
        before = kept[1] if kept is not None and kept[0] == number else self._grain(number, shape(number))
        after = self._grain(number + 1, shape(number + 1))
        self._latest = number + 1, after
        return before[self._length:] + after[:self._length]

    def _grain(self, number: int, gain: NDArray[np.float64]) -> NDArray[np.float64]:
        bins = self._length + 1
        draw = generator(self._seed, self._name, number)
        spectrum = draw.standard_normal((2, bins, self._channels))
        shaped = (spectrum[0] + 1j * spectrum[1]) * (gain if gain.ndim == 2 else gain[:, None])
        shaped[0] = 0  # no constant offset
        # irfft over N samples of unit complex noise has variance about 4 / N; hence sqrt(N) / 2.
        grain: NDArray[np.float64] = np.fft.irfft(shaped, 2 * self._length, axis=0) * np.sqrt(2 * self._length) / 2
        return grain * self._window
