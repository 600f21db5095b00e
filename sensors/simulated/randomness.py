"""Seeded randomness that can be asked for out of order."""

import zlib

import numpy as np


def generator(seed: int, name: str, *index: int) -> np.random.Generator:
    """Return a fresh generator that depends only on its arguments.

    Each thing that is drawn (the blinks of one piece of time, the noise of one block) has its own generator, so no
    draw depends on what was asked for before, and adding a stream never changes another.

    Parameters
    ----------
    seed
        The participant's seed.
    name
        What is drawn, such as "blinks".
    index
        Which one of them: block numbers and the like.
    """
    words = [seed % 2**64, zlib.crc32(name.encode()), *(number % 2**64 for number in index)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
