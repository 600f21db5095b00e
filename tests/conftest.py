"""Fixtures that every test may use."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from sensors.clock import FakeClock

# A busy machine may take long over one example; a hang is caught by the time limit of the whole test.
# In CI the examples are the same every time: new ones are looked for at a desk, where somebody can follow them up.
settings.register_profile("attnflow", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("attnflow")

# Before anything loads the library, which reads it once: LSL is to find this machine's streams, and no network's.
os.environ.setdefault("LSLAPICFG", str(Path(__file__).with_name("lsl_api.cfg")))


@pytest.fixture
def clock() -> FakeClock:
    """A clock that starts an hour after boot, so that zero is never a lucky value."""
    return FakeClock(start_ns=3_600_000_000_000)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, or skip with the reason."""
    folder = Path(os.environ.get("ATTNFLOW_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set ATTNFLOW_DATA to their folder")
    return folder


@pytest.fixture
def unpacked(shared_data: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that unpacks ``name.gz`` of the real recordings into a temporary folder."""

    def unpack(name: str) -> Path:
        target = tmp_path / Path(name).stem
        with gzip.open(shared_data / name, "rb") as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        return target

    return unpack
