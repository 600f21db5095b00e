"""What works on this machine, what does not, and the next thing to do about it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
from rich.console import Group
from rich.table import Table
from rich.text import Text

from fusion.doctor_libraries import libraries
from fusion.doctor_rig import rig_checks
from fusion.palette import STATUS_COLOURS
from sensors.clock import SystemClock
from sensors.errors import AttnflowError

FREE_BYTES = 1_000_000_000
"""Free disk space that a recording should find."""
CLOCK_NS = 100_000
"""Coarsest step of the session clock that still stamps a 30 Hz frame to a third of a percent."""
HOPS = 50


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    """What was found."""
    next: str = ""
    """What to do about it; empty when all is well."""
    required: bool = False
    """Whether attnflow, or the rig that was asked about, cannot work without it."""


def examine(rig: str = "", settings: Sequence[str] = (), *, deep: bool = False) -> list[Check]:
    """Return all checks.

    Parameters
    ----------
    rig
        A rig whose sensors are looked for as well; what it needs is required then.
    settings
        Overrides of the rig, as `sensors.rig.load` takes them.
    deep
        Import the heavy libraries in a process of their own instead of only finding them.
    """
    needed: set[str] = set()
    of_rig: list[Check] = []
    if rig:
        needed, found = rig_checks(rig, settings)
        of_rig = [Check(**check) for check in found]
    checks = [*_machine(), *(Check(**check) for check in libraries(needed, deep=deep)), *_hardware()]
    return [msgspec.structs.replace(check, next="") if check.ok else check for check in (*checks, *of_rig)]


def healthy(checks: Sequence[Check]) -> bool:
    """Return whether everything required works."""
    return all(check.ok for check in checks if check.required)


def warm(on_progress: Callable[[float], None] = lambda share: None) -> None:
    """Compile every kernel, so that the first session does not wait for a compiler."""
    from kernels import warm as kernels

    done = 0

    def said(name: str) -> None:
        nonlocal done
        on_progress(done / len(kernels.PARTS))
        done += 1

    kernels.warm(said)
    on_progress(1.0)


def table(checks: Sequence[Check], rig: str = "") -> Group:
    """Return the checks for a terminal."""
    grid = Table(box=None, padding=(0, 1), show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in checks:
        word, colour = ("ok", STATUS_COLOURS["ok"]) if check.ok else \
            ("fails", STATUS_COLOURS["failed"]) if check.required else ("absent", STATUS_COLOURS["degraded"])
        told = Text(check.detail)
        if check.next and not check.ok:
            told.append(f"\n{check.next}", style="bold")
        grid.add_row(Text(word, colour), check.name, told)
    failing = [check.name for check in checks if check.required and not check.ok]
    verdict = Text(f"\nNeeded and not working: {', '.join(failing)}.", style=STATUS_COLOURS["failed"]) if failing else \
        Text(f"\nEverything needed works. Try: {f'attnflow live --rig {rig}' if rig else 'attnflow demo'}",
             style=STATUS_COLOURS["ok"])
    return Group(grid, verdict)


def _machine() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check(name="python", ok=sys.version_info >= (3, 11), detail=f"Python {version}", required=True,
                next="Install Python 3.11 or newer.")
    clock = SystemClock()
    readings = [clock.now_ns() for _ in range(2000)]
    step = min((after - before for before, after in pairwise(readings) if after > before), default=CLOCK_NS + 1)
    yield Check(name="clock", ok=step <= CLOCK_NS, detail=f"the session clock steps by {step} ns", required=True,
                next="The machine's clock source is too coarse; check its virtualisation settings.")
    free = shutil.disk_usage(Path.cwd()).free
    yield Check(name="disk", ok=free >= FREE_BYTES, detail=f"{free / 1e9:.1f} GB free in {Path.cwd()}",
                next="Free some space, or record to another disk with --record.")
    yield _kernel_cache()
    yield _cuda()
    yield _bus()


def _kernel_cache() -> Check:
    from kernels.jit import FOLDER

    return Check(name="kernel cache", ok=bool(FOLDER),
                 detail=f"compiled kernels are kept in {FOLDER}" if FOLDER else "compiled kernels cannot be kept",
                 next=f"Set NUMBA_CACHE_DIR to a folder that can be written, e.g. {tempfile.gettempdir()}/numba.")


def _cuda() -> Check:
    from kernels.backend import why

    return Check(name="cuda", ok=True, detail=why())


def _bus() -> Check:
    from sensors.bus_hop import OurHop

    try:
        with closing(OurHop()) as hop:
            middle = sorted(hop() for _ in range(HOPS))[HOPS // 2]
    except AttnflowError as error:
        return Check(name="bus", ok=False, detail=error.message, next=error.next_step, required=True)
    return Check(name="bus", ok=True, detail=f"a message makes the hop in {middle:.0f} us", required=True)


def _hardware() -> Iterator[Check]:
    """Yield what is plugged in; nothing here is required unless a rig asks for it."""
    from fusion.devices import sections

    for section in sections():
        if section.key in ("cameras", "microphones"):
            names = ", ".join(str(entry["name"]) for entry in section.entries)
            yield Check(name=section.key, ok=not section.reason, detail=names or section.reason,
                        next="" if names else "Plug one in, or go on without: attnflow live --rig bench")
    yield _face_model()
    yield _serial_ports()


def _face_model() -> Check:
    from sensors import facemodel

    def offline(url: str) -> bytes:
        raise OSError("doctor does not go online")

    try:
        path = facemodel.find(fetch=offline)
    except AttnflowError as error:
        return Check(name="face model", ok=False, detail=error.message, next=error.next_step)
    return Check(name="face model", ok=True, detail=f"{path} has the right hash")


def _serial_ports() -> Check:
    from sensors.drivers.eeg_boards import serial_ports

    ports = serial_ports()
    closed = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if closed:
        return Check(name="serial ports", ok=False, detail=f"this user may not open {', '.join(closed)}",
                     next="Run: sudo usermod -aG dialout $USER, then log out and in again.")
    return Check(name="serial ports", ok=bool(ports), detail=", ".join(ports) or "none",
                 next="Plug in the board's USB dongle; boards on Bluetooth or Wi-Fi need none.")
