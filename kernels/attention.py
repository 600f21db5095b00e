"""Attention that flows between tokens: each token's own pull, blended with what the environment asks for.

With tokens x_i and an environment E, all in the same axes::

    a_self[i, j] = softmax over j of <x_i, x_j>
    a_ext[i, j]  = softmax over j of <x_i, x_j> + <x_j, E>  =  softmax over j of <x_i + E, x_j>
    a            = alpha a_self + beta a_ext,   alpha + beta = 1

The external term is written <x_i, E> in the source formula. Read so it is the same for every j, and a softmax does not
see what is added to all its scores: a_ext would equal a_self, and the environment would have no say. Here the
environment scores the token that is attended to, <x_j, E>, so tokens that agree with the environment draw attention.

Scores are plain inner products, as in the formula. Dividing them by sqrt(d) (Vaswani 2017, equation 1) is the caller's
choice: divide tokens and environment by d**0.25 first.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.errors import InputError
from kernels.jit import kernel

LARGEST = 1e100
"""Largest magnitude of a token's or the environment's value: the products of two stay finite."""
TOLERANCE = 1e-9
"""How far alpha + beta may be from 1: rounding, not intent."""
FEWEST_KINDS = 2
"""Kinds of tokens without which nothing flows between them."""


@kernel
def _score(tokens: NDArray[np.float64], environment: NDArray[np.float64], gain: float, i: int, j: int) -> float:
    """Return <x_i + gain E, x_j>: gain 0 for self attention, 1 for external attention."""
    score = 0.0
    for k in range(tokens.shape[1]):
        score += (tokens[i, k] + gain * environment[k]) * tokens[j, k]
    return score


@kernel
def attend(tokens: NDArray[np.float64], present: NDArray[np.int64], environment: NDArray[np.float64], gain: float,
           i: int, out: NDArray[np.float64]) -> None:
    """Fill `out` (n,) with the softmax over j of <x_i + gain E, x_j>; token `i` must be present, absent ones get 0.

    The largest score is subtracted before the exponential, so no finite score overflows.
    """
    largest = -math.inf
    for j in range(tokens.shape[0]):
        if present[j] != 0:
            out[j] = _score(tokens, environment, gain, i, j)
            largest = max(largest, out[j])
    total = 0.0
    for j in range(tokens.shape[0]):
        out[j] = math.exp(out[j] - largest) if present[j] != 0 else 0.0
        total += out[j]
    for j in range(tokens.shape[0]):
        out[j] /= total


@kernel
def _blend(tokens: NDArray[np.float64], present: NDArray[np.int64], environment: NDArray[np.float64], gain: float,
           i: int, weight: float, out: NDArray[np.float64]) -> None:
    """Add `weight` times what `attend` gives to `out`: without room for it, each exponential is taken twice."""
    largest = -math.inf
    for j in range(tokens.shape[0]):
        if present[j] != 0:
            largest = max(largest, _score(tokens, environment, gain, i, j))
    total = 0.0
    for j in range(tokens.shape[0]):
        if present[j] != 0:
            total += math.exp(_score(tokens, environment, gain, i, j) - largest)
    for j in range(tokens.shape[0]):
        if present[j] != 0:
            out[j] += weight * math.exp(_score(tokens, environment, gain, i, j) - largest) / total


@kernel
def flow_into(tokens: NDArray[np.float64], present: NDArray[np.int64], environment: NDArray[np.float64],
              alpha: float, beta: float, out: NDArray[np.float64]) -> None:
    """Fill `out` with the attention flow between all tokens; see the head of this file.

    Parameters
    ----------
    tokens : (n, d) float64
        Magnitudes up to `LARGEST` where present; anything where absent.
    present : (n,) int64
        1 where a token is there, else 0.
    environment : (d,) float64
        Finite; zeros make external attention the same as self attention.
    alpha, beta : float
        Weights of self and external attention, summing to 1.
    out : (n, n) float64
        Row i says where token i attends and sums to 1; rows and columns of absent tokens are zero.
    """
    for i in range(tokens.shape[0]):
        for j in range(tokens.shape[0]):
            out[i, j] = 0.0
        if present[i] != 0:
            attend(tokens, present, environment, 0.0, i, out[i])
            for j in range(tokens.shape[0]):
                out[i, j] *= alpha
            _blend(tokens, present, environment, 1.0, i, beta, out[i])


@kernel
def flow(tokens: NDArray[np.float64], present: NDArray[np.int64], environment: NDArray[np.float64], alpha: float,
         beta: float, kinds: int, itself: NDArray[np.float64], external: NDArray[np.float64],
         out: NDArray[np.float64]) -> None:
    """Summarise where the newest tokens attend: to which kind, how far back, and how far the environment moves it.

    Only the newest rows are worked out, so 24 tokens of three kinds cost an eighth of the whole matrix.

    Parameters
    ----------
    tokens : (n, d) float64
        Token j is of kind j % kinds and of age j // kinds; the first `kinds` are the newest and the ones that attend.
    present, environment, alpha, beta
        As for `flow_into`.
    kinds : int
    itself, external : (n,) float64
        Room to work in.
    out : (kinds + 2,) float64
        Share of attention that each kind receives (NaN for a kind without tokens), mean age attended to, in steps of
        age, and the total variation distance between self and external attention, 0 (the same) to 1 (nothing in
        common); all means over the newest tokens. NaN without a newest token or with tokens of one kind only.
    """
    count = tokens.shape[0]
    seen = 0
    for kind in range(kinds):
        out[kind] = math.nan
        for j in range(kind, count, kinds):
            if present[j] != 0:
                out[kind] = 0.0
        if not math.isnan(out[kind]):
            seen += 1
    asked = 0
    for i in range(kinds):
        asked += 1 if present[i] != 0 else 0
    if asked == 0 or seen < FEWEST_KINDS:
        for k in range(kinds + 2):
            out[k] = math.nan
        return
    age = 0.0
    moved = 0.0
    for i in range(kinds):
        if present[i] == 0:
            continue
        attend(tokens, present, environment, 0.0, i, itself)
        attend(tokens, present, environment, 1.0, i, external)
        for j in range(count):
            share = (alpha * itself[j] + beta * external[j]) / asked
            out[j % kinds] += share
            age += share * (j // kinds)
            moved += 0.5 * abs(external[j] - itself[j]) / asked
    out[kinds] = age
    out[kinds + 1] = min(1.0, moved)


def check_shares(where: str, alpha: float, beta: float) -> None:
    """Raise InputError, naming `where`, unless alpha and beta are two shares that sum to 1."""
    if not (0 <= alpha <= 1 and 0 <= beta <= 1 and abs(alpha + beta - 1) <= TOLERANCE):
        raise InputError(f"{where} got alpha {alpha!r} and beta {beta!r}; expected two shares that sum to 1.")


def attention_flow(tokens: ArrayLike, environment: ArrayLike, alpha: float, beta: float) -> NDArray[np.float64]:
    """Return the attention flow between tokens under an environment; see the head of this file.

    Parameters
    ----------
    tokens : (n, d)
        A token with a NaN, an infinity or a magnitude over `LARGEST` is absent: its row and column are zero.
    environment : (d,)
        What the environment asks for, in the tokens' axes.
    alpha, beta : float
        Weights of self and external attention; not negative, and alpha + beta = 1.

    Returns
    -------
    (n, n) float64
        Row i says where token i attends, and sums to 1.

    Raises
    ------
    InputError
        If the shapes do not fit, the environment is not finite, or the weights do not sum to 1.
    """
    try:
        x, e = np.asarray(tokens, np.float64, order="C"), np.asarray(environment, np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise InputError("attention_flow got tokens or an environment that are not numbers; expected (n, d) and (d,)"
                         " floats.") from error
    if x.ndim != 2 or e.shape != x.shape[1:]:
        raise InputError(f"attention_flow got tokens of shape {x.shape} and an environment of shape {e.shape}; "
                         f"expected (n, d) and (d,).")
    if not (np.abs(e) <= LARGEST).all():
        raise InputError(f"attention_flow got the environment {e.tolist()}; expected magnitudes up to {LARGEST:g}.")
    check_shares("attention_flow", alpha, beta)
    present: NDArray[np.int64] = np.where((np.abs(x) <= LARGEST).all(axis=1), 1, 0)
    out = np.zeros((len(x), len(x)))
    flow_into(x, present, e, float(alpha), float(beta), out)
    return out
