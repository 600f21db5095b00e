"""What the commands write: JSON for programs, sentences and progress for people."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from fusion.summary import Summary
    from sensors.messages import Alert, Said


def console(*, error: bool = False) -> "Console":
    """Return the terminal, or standard error."""
    from rich.console import Console

    return Console(stderr=error, highlight=False)


def busy(what: str, *, quiet: bool = False) -> AbstractContextManager[object]:
    """Return a context that shows on standard error that work goes on, if somebody is there to see it."""
    screen = console(error=True)
    return nullcontext() if quiet or not screen.is_terminal else screen.status(f"{what} ...")


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Give a function that takes the share done, 0..1, and draws it on standard error."""
    screen = console(error=True)
    if quiet or not screen.is_terminal:
        yield lambda share: None
        return
    from rich.progress import Progress

    with Progress(console=screen, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Give a function that takes what runs now and the share done, 0..1, and draws both on standard error."""
    screen = console(error=True)
    if not screen.is_terminal:
        yield lambda what, share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
                  console=screen, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def write_json(value: Any) -> None:
    """Write a value as one line of JSON to standard output."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _told(output: "Said") -> dict[str, Any]:
    """Return an output as plain values, without what only the bus fills in."""
    import msgspec

    return {key: value for key, value in msgspec.to_builtins(output).items() if key not in ("seq", "sent_ns")}


class Lines:
    """States as JSON lines, each with the alerts that were active when it left; then the summary."""

    def __init__(self) -> None:
        self._active: dict[str, None] = {}
        self._log: list[Alert] = []

    def add(self, output: "Said") -> None:
        """Write a state; remember an alert for the states that follow. The bus and the recording tell the rest."""
        from sensors.messages import Alert, State

        if isinstance(output, Alert):
            self._log.append(output)
            if output.active:
                self._active[output.rule] = None
            else:
                self._active.pop(output.rule, None)
        if isinstance(output, State):
            write_json(_told(output) | {"active_alerts": list(self._active)})

    def end(self, summary: "Summary") -> None:
        """Write the last line."""
        import msgspec

        log = [_told(alert) for alert in self._log]
        write_json({"type": "summary"} | msgspec.to_builtins(summary) | {"alert_log": log})


def complain(message: str, next_step: str) -> None:
    """Write an error and what to do about it to standard error."""
    from rich.text import Text

    screen = console(error=True)
    screen.print(Text(message, style="red"), soft_wrap=True)
    if next_step:
        screen.print(Text(next_step), soft_wrap=True)
