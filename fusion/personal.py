"""`attnflow personalise` and `attnflow person`: labels or feedback to a network of one's own, kept on this machine."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fusion.recorded_windows import steps_of
from models import people
from models.errors import ModelError
from models.feedback import Sitting, Span, laid, tabled, told
from models.files import appearing
from models.labels import NOT_LABELLED, STATES
from models.shipped import path_of
from models.windows import Windows, load_folder
from sensors.clock import local_day_s

if TYPE_CHECKING:
    from models.checkpoint import Trained
    from models.holdout import Mask


class Given(NamedTuple):
    """One session to learn from."""

    windows: Windows
    day_s: float | None
    """Time of day at which its second 0 was; None if not known."""


def windows_from(source: Path, person: str) -> list[Given]:
    """Return the sessions of a recording, or of a folder of windows files, as this person's.

    Raises
    ------
    ModelError, RecordingError
        If there are none, or they cannot be used.
    """
    if source.is_dir():
        return [Given(replace(one, person=person), None) for one in load_folder(source)]
    windows, started = steps_of(source, person)
    return [Given(windows, local_day_s(started) if started else None)]


def learn(source: Path, person: str, weights: str = "default", labels: Path | None = None, feedback: str = "",
          say: Callable[[float], None] = lambda share: None) -> dict[str, Any]:
    """Learn about a person and keep it, if it is no worse on time held out; return what was gained.

    Parameters
    ----------
    source
        A recording, or a folder of windows files of this person.
    person
        A pseudonym.
    weights
        Shipped weights by name, or the path of a .safetensors file.
    labels, feedback
        A table, or sentences; without either, the labels that the windows carry.
    say
        Told the share done.

    Raises
    ------
    ModelError, RecordingError
        If there is nothing to learn from, or what was learned is refused; nothing is stored then.
    """
    folder = people.folder_of(person)
    from models import adapter_file
    from models.checkpoint import load
    from models.coverage import followed
    from models.export import export
    from models.holdout import cut
    from models.personal import personalise
    from models.reservoir import remember, remembered, trimmed

    trained = load(path_of(weights))
    adapter_path, sessions = folder / people.ADAPTER, folder / people.SESSIONS
    present = adapter_file.load(adapter_path, trained.net, person) if adapter_path.exists() else None
    given = _labelled(trained, windows_from(source, person), labels, feedback)
    earlier = remembered(sessions)
    _new(given, earlier)
    adapter, report = personalise(trained, given, person, present, earlier, say)
    try:
        # Exported elsewhere: a person is known only once everything has been made.
        with TemporaryDirectory() as made:
            own = adapter_file.personal(trained, adapter)
            sessions_known = [*earlier, *(trimmed(one, trained.net.preset) for one in given)]
            calibration = followed(own, sessions_known, [cut(one).held for one in sessions_known])
            off = export(Path(made) / people.NETWORK, replace(own, calibration=calibration))
            size = adapter_file.save(adapter_path, adapter)
            with appearing(folder / people.NETWORK) as part:
                shutil.copyfile(Path(made) / people.NETWORK, part)
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror or error}).") from None
    remember(sessions, [trimmed(one, trained.net.preset) for one in given])
    return report.as_dict() | {"adapter_bytes": size, "onnx_error": off, "folder": str(folder),
                               "updates": len(adapter.history)}


def shown(person: str) -> dict[str, Any]:
    """Return what is stored about a person.

    Raises
    ------
    ModelError
        If there is nothing.
    """
    folder = people.folder_of(person)
    if not folder.is_dir():
        raise ModelError(f"Nothing is stored about '{person}'.", "See who is known with: attnflow person list")
    header = people.about(folder / people.ADAPTER)
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    return {"person": person, "folder": str(folder), "files": sizes, "backbone": header.get("backbone", ""),
            "updates": json.loads(header.get("history", "[]"))}


def _labelled(trained: "Trained", given: Sequence[Given], labels: Path | None, feedback: str) -> list[Windows]:
    """Return the sessions with the labels that are told; those they carry, where none are."""
    if labels is None and not feedback:
        return [one.windows for one in given]
    if len(given) > 1:
        raise ModelError(f"There are {len(given)} sessions, and labels for one.", "Give one session at a time.")
    ((windows, day_s),) = given
    sitting = Sitting(float(windows.times_s[0]), float(windows.times_s[-1]), day_s)
    spans: list[Span] = told(feedback, sitting) if feedback else []
    if labels is not None:
        try:
            spans += tabled(labels.read_text(encoding="utf-8"), sitting)
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{labels}: the table of labels cannot be read ({error}).") from None
    from models.network import Network

    probabilities = Network(trained).predict(windows).probabilities

    def likelier(states: Sequence[str], steps: "Mask") -> str:
        return max(states, key=lambda state: float(probabilities[steps, STATES.index(state)].mean()))

    return [laid(windows, spans, likelier)]


def _new(given: Sequence[Windows], earlier: Sequence[Windows]) -> None:
    """Refuse labelled time that was learned from before: what was held out then would be learned now, or twice."""
    for one in given:
        times = one.times_s[one.state != NOT_LABELLED]
        for other in earlier:
            known = other.times_s[other.state != NOT_LABELLED]
            if one.session == other.session and np.isin(times, known).any():
                raise ModelError(f"Part of this labelled time of '{one.session}' was learned from before.",
                                 "Label other time, or begin anew after: attnflow person forget")
