"""What the kernels raise, and only at their public edge: inside, bad input lowers quality and never raises."""


class InputError(ValueError):
    """A wrong argument, told in one sentence: what, where, what was given, and what was expected."""
