"""Several processes training together, as torchrun starts them; a single one otherwise."""

import os
from collections.abc import Sequence

import torch
from torch import Tensor, distributed


class Group:
    """The processes of this training; joins them if torchrun's variables say that there are several."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.size > 1 and not distributed.is_initialized():
            distributed.init_process_group("gloo")

    @property
    def first(self) -> bool:
        """Return whether this is the process that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            distributed.barrier()

    def average(self, learned: Sequence[Tensor]) -> None:
        """Replace every gradient by its mean over the processes."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        together /= self.size
        first = 0
        for gradient in gradients:
            gradient.copy_(together[first:first + gradient.numel()].view_as(gradient))
            first += gradient.numel()
