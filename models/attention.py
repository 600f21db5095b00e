"""Attention that depends on how old a token is and on what the outside asks.

External attention: a = alpha a_self + beta a_external with alpha + beta = 1, where the external term adds the score of
each attended token against the environment, <x_j, E>. Both shares are learned and depend on the input.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.presets import PERIODS_S


def rotations(times_s: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return cosine and sine (..., size / 2) of times in seconds at periods spread evenly in the logarithm.

    Rotating queries and keys by their own times makes their product depend on the time between them alone (Su 2021,
    with seconds instead of positions), so what was computed for an old token stays right.
    """
    low, high = (math.log(period) for period in PERIODS_S)
    periods = torch.exp(torch.linspace(low, high, size // 2, dtype=torch.float64, device=times_s.device))
    angles = times_s.to(torch.float64).unsqueeze(-1) * (2 * math.pi / periods)
    return angles.cos().to(torch.float32), angles.sin().to(torch.float32)


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotate the halves of x (..., size) against each other."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine], dim=-1)


class Mixture(nn.Module):
    """How much of the attention is the person's own and how much is the outside's: alpha and beta."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(2 * width, 1)

    def forward(self, pooled: Tensor, environment: Tensor) -> Tensor:
        """Return beta (..., 1) in 0..1, from the tokens' mean and the environment, each (..., width)."""
        return torch.sigmoid(self.score(torch.cat([pooled, environment], dim=-1)))


def heard(query: Tensor, asked: Tensor, key: Tensor, value: Tensor, beta: Tensor, barred: Tensor,
          ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return what queries hear, and the attention of both kinds.

    Parameters
    ----------
    query, key, value : (..., query or key, size)
        Keys over the root of the size.
    asked : (..., query or 1, size)
        What the environment asks: <x_i, x_j> + <x_j, E> is <x_i + E, x_j>.
    beta : (..., query or 1, 1)
        Share of the external attention.
    barred : broadcastable to (..., query, key)
        `BARRED` for keys that a query may not attend to, 0 for the others, of which there is at least one.

    Returns
    -------
    heard : (..., query, size)
    attention : two of (..., query, key)
        The person's own and the external one, each summing to 1.
    """
    own = torch.softmax(query @ key.mT + barred, dim=-1)
    external = torch.softmax((query + asked) @ key.mT + barred, dim=-1)
    # Mixing what was heard is the same as mixing the attention, and cheaper where keys are many.
    return torch.lerp(own @ value, external @ value, beta), (own, external)


def heard_only(query: Tensor, asked: Tensor, key: Tensor, value: Tensor, beta: Tensor, barred: Tensor) -> Tensor:
    """Return what queries hear as `heard` does, without the attention, which is never written out.

    Parameters
    ----------
    query, key, value : (batch, lane, query or key, head, size)
        Keys as they are.
    asked : (batch, 1, query, head, size)
    beta : (batch, 1, query, 1)
    barred : (query, key)

    Returns
    -------
    heard : (batch, lane, query, head * size)
    """
    def over(asking: Tensor) -> Tensor:
        one, two, three = (part.flatten(0, 1).transpose(1, 2) for part in (asking, key, value))
        told = functional.scaled_dot_product_attention(one, two, three, barred.to(one.dtype))
        return told.transpose(1, 2).reshape(*query.shape[:3], -1)

    return torch.lerp(over(query), over(query + asked), beta)
