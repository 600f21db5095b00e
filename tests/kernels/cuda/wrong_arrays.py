"""What a batch says about arrays that it cannot work on; run in the simulator."""

from collections.abc import Callable

import numpy as np

from kernels.cuda.launch import Batch
from kernels.errors import InputError

RECORD = np.dtype([("a", np.float32)])
TABLE = np.zeros((1, 1, 1), np.float32)
HIDDEN = np.dtype([("mean", np.float32), ("stream", np.int64)])


def sentences() -> dict[str, np.ndarray]:
    batch = Batch(np.zeros(3, RECORD), TABLE)
    three = np.zeros(3, RECORD)
    wrong: list[Callable[[], object]] = [
        lambda: Batch(np.zeros(3), TABLE), lambda: Batch(np.zeros(0, RECORD), TABLE),
        lambda: batch.run(None, np.zeros(2, RECORD), np.zeros((3, 1), np.float32)),
        lambda: batch.run(None, three, np.zeros((2, 3), np.float32).T),
        lambda: Batch(np.zeros(1, HIDDEN), TABLE)]
    said = []
    for call in wrong:
        try:
            call()
        except InputError as error:
            said.append(str(error))
    return {"sentences": np.array(said)}
