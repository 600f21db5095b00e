"""Sets of windows files: made of simulated people, one process a core, and summed up."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kernels.layout import MODALITIES, layout_hash
from models.errors import ModelError
from models.labels import NOT_LABELLED, STATES
from models.windows import SUFFIX, load_folder, people, save

SHORTEST_MIN, LONGEST_MIN = 2.0, 240.0
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Each process computes with one thread: small products of matrices gain nothing by more, and processes that each use
all cores slow one another down many times."""


def make_one(seed: int, number: int, minutes: float, folder: Path) -> Path:
    """Write the windows file of one simulated person and return its path."""
    from fusion.offline_simulated import simulate

    windows = simulate(seed, number, 60.0 * minutes)
    path = folder / f"{windows.person}{SUFFIX}"
    save(path, windows)
    return path


def simulate_people(count: int, minutes: float, seed: int, folder: Path, jobs: int = 1,
                    advanced: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Write one windows file for each of `count` simulated people; the bytes follow from the seed alone.

    Parameters
    ----------
    count, minutes
        How many people, and how long the session of each is.
    seed
        Which set of people; person k of a set is the same in a larger set.
    folder
        Made if it is missing. Files that are there already and are not of this set are refused, not mixed.
    jobs
        Processes.
    advanced
        Is told the share done.

    Raises
    ------
    ModelError
        If a number is out of range, or the folder holds windows of another set.
    """
    if count < 1 or jobs < 1:
        raise ModelError(f"people is {count} and jobs is {jobs}, expected 1 or more of each.")
    if not SHORTEST_MIN <= minutes <= LONGEST_MIN:
        raise ModelError(f"minutes is {minutes:g}, expected {SHORTEST_MIN:g} to {LONGEST_MIN:g}.",
                         "The first minute of a session is a focused baseline.")
    from fusion.offline_simulated import person_name

    folder.mkdir(parents=True, exist_ok=True)
    names = {f"{person_name(seed, number)}{SUFFIX}" for number in range(count)}
    others = sorted(path.name for path in folder.glob(f"*{SUFFIX}") if path.name not in names)
    if others:
        raise ModelError(f"{folder} already holds other windows, such as {others[0]}.", "Give --out an empty folder.")
    made = []
    # Spawned, never forked: a fork of a process with threads may hang, and each child must set its threads first.
    with _single_threads(), ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(make_one, seed, number, minutes, folder) for number in range(count)]
        try:
            for done in as_completed(waiting):
                made.append(done.result())
                advanced(len(made) / count)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return sorted(made)


@contextmanager
def _single_threads() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def describe(folder: Path) -> dict[str, Any]:
    """Return what a folder of windows holds, as plain values.

    Raises
    ------
    ModelError
        If it holds no windows, or a file cannot be used.
    """
    sessions = load_folder(folder)
    state = np.concatenate([windows.state for windows in sessions])
    quality = np.concatenate([windows.quality for windows in sessions])
    lead = np.concatenate([windows.lapse_in_s for windows in sessions])
    labelled = state != NOT_LABELLED
    return {
        "folder": str(folder), "people": len(people(sessions)), "sessions": len(sessions), "steps": len(state),
        "hours": round(sum(float(w.times_s[-1] - w.times_s[0]) for w in sessions if len(w)) / 3600, 3),
        "sources": sorted({windows.source for windows in sessions}),
        "labelled": round(float(labelled.mean()), 4),
        "states": {name: round(float((state[labelled] == code).mean()), 4) if labelled.any() else 0.0
                   for code, name in enumerate(STATES)},
        "lapse_within_3s": _share(lead, 3.0), "lapse_within_10s": _share(lead, 10.0),
        "measured": {kind: round(float((quality[:, column] > 0).mean()), 4)
                     for column, kind in enumerate(MODALITIES)},
        "layout": layout_hash(),
    }


def _share(lead: "np.ndarray[Any, np.dtype[np.float32]]", horizon_s: float) -> float | None:
    known = lead[~np.isnan(lead)]
    return round(float((known <= horizon_s).mean()), 4) if known.size else None
