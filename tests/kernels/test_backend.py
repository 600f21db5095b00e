"""CUDA only where it is possible and was measured to be faster, else the CPU; and a sentence that says why."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import pytest

from kernels import backend
from kernels.backend import Trouble
from kernels.errors import InputError


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """A machine with a GPU, and a cache folder of its own."""
    machine = SimpleNamespace(name="Example GPU", driver="13000", trouble=Trouble("", ""))
    monkeypatch.setattr(backend, "_device_name", lambda: machine.name)
    monkeypatch.setattr(backend, "_driver_version", lambda: machine.driver)
    monkeypatch.setattr(backend, "_trouble", lambda: machine.trouble)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return machine


class Race:
    """A clock, and two backends that take the time they are told to."""

    def __init__(self, cpu_ns: Callable[[int], int], cuda_ns: Callable[[int], int]) -> None:
        self.time_ns = 0
        self._cost = {"cpu": cpu_ns, "cuda": cuda_ns}

    def prepare(self, name: str) -> backend.Prepare:
        def of(sessions: int) -> Callable[[], object]:
            def tick() -> None:
                self.time_ns += self._cost[name](sessions)

            return tick

        return of

    def run(self, sizes: tuple[int, ...] = backend.SIZES) -> int | None:
        return backend.measure_crossover(self.prepare("cpu"), self.prepare("cuda"), lambda: self.time_ns, sizes)


def test_auto_is_the_cpu_until_it_was_measured() -> None:
    assert backend.crossover() is None
    assert backend.pick("auto", 10**6) == "cpu"
    assert "until it is measured from where Example GPU is faster. Run: attnflow bench kernels" in backend.why()


def test_cuda_is_chosen_from_the_measured_crossover_on() -> None:
    # 50 us a session here, 1 ms a launch and 2 us a session there: equal at 20.8 sessions, so 32 is the first to win.
    assert Race(lambda n: 50_000 * n, lambda n: 1_000_000 + 2_000 * n).run() == 32
    assert [backend.pick("auto", sessions) for sessions in (1, 31, 32, 5000)] == ["cpu", "cpu", "cuda", "cuda"]
    assert backend.pick("cpu", 5000) == "cpu"
    assert backend.pick("cuda", 1) == "cuda"
    assert backend.why() == "Batches of 32 sessions and more run on Example GPU, as measured here."


def test_one_lucky_win_among_losses_is_not_a_crossover() -> None:
    assert Race(lambda n: 100, lambda n: {4: 50, 64: 50, 128: 60}.get(n, 200)).run((1, 4, 16, 64, 128)) == 64
    assert Race(lambda n: 100, lambda n: {4: 50}.get(n, 200)).run((1, 4, 16)) is None
    assert backend.pick("auto", 4) == "cpu"
    assert backend.why() == "Batches run on the CPU: Example GPU was measured, never faster up to 16 sessions."


@pytest.mark.parametrize("change", ["name", "driver"])
def test_a_measurement_of_another_machine_does_not_count(gpu: SimpleNamespace, change: str) -> None:
    Race(lambda n: 100, lambda n: 50).run()
    assert backend.pick("auto", 1) == "cuda"
    setattr(gpu, change, "another")
    assert backend.pick("auto", 1) == "cpu"


def test_a_measurement_of_other_kernels_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    Race(lambda n: 100, lambda n: 50).run()
    monkeypatch.setattr(backend, "source_hash", lambda: "0123456789abcdef")
    assert backend.pick("auto", 1) == "cpu"


def test_two_machines_share_a_cache_folder(gpu: SimpleNamespace) -> None:
    Race(lambda n: 100, lambda n: 50).run()
    gpu.name = "another"
    Race(lambda n: 100, lambda n: 200).run()
    gpu.name = "Example GPU"
    assert backend.crossover() == 1


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"cuda"', '{"%s": 3}', '{"%s": {"sessions": "1", "tried": 4}}',
                                  '{"%s": {"sessions": 1}}', '{"%s": {"sessions": true, "tried": 4}}'])
def test_a_spoilt_file_is_no_measurement(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "crossover.json"
    path.parent.mkdir()
    path.write_text(text.replace("%s", backend._key()))
    assert backend.pick("auto", 10**6) == "cpu"
    assert Race(lambda n: 100, lambda n: 50).run() == 1
    assert backend.pick("auto", 1) == "cuda"
    assert len(json.loads(path.read_text())) == 1


def test_a_cache_that_cannot_be_written_costs_only_the_memory_of_it(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert Race(lambda n: 100, lambda n: 50).run() == 1
    assert backend.pick("auto", 1) == "cpu"


def test_without_cuda_auto_is_the_cpu_and_insisting_says_why(gpu: SimpleNamespace) -> None:
    Race(lambda n: 100, lambda n: 50).run()
    gpu.trouble = Trouble("numba-cuda is not installed", "Run: pip install 'attnflow[cuda]'")
    assert backend.pick("auto", 10**6) == "cpu"
    assert backend.why() == "Batches run on the CPU: numba-cuda is not installed. Run: pip install 'attnflow[cuda]'"
    with pytest.raises(InputError, match=r"'cuda' was asked for, but numba-cuda is not installed. Run: pip install"):
        backend.pick("cuda", 1)
    with pytest.raises(InputError, match="numba-cuda is not installed"):
        Race(lambda n: 100, lambda n: 50).run()


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda: backend.pick("gpu", 1), r"backend.pick: name is 'gpu', expected auto, cpu or cuda."),
    (lambda: backend.pick("auto", 0), r"backend.pick: sessions is 0, expected 1 or more."),
    (lambda: Race(lambda n: 1, lambda n: 1).run(()), r"sizes are \(\), expected increasing numbers from 1 on."),
    (lambda: Race(lambda n: 1, lambda n: 1).run((4, 4)), r"sizes are \(4, 4\)"),
    (lambda: Race(lambda n: 1, lambda n: 1).run((0, 4)), r"sizes are \(0, 4\)"),
])
def test_wrong_input_is_told_in_a_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call()


class Vendor:
    """A stand-in for `numba.cuda` on machines that this one is not."""

    def __init__(self, refused: str | None = None, available: bool = True, gpus: int = 1) -> None:
        self.gpus = [object()] * gpus
        self._refused, self._available = refused, available

    def cuda_error(self) -> str | None:
        return self._refused

    def is_available(self) -> bool:
        return self._available


class Broken(Vendor):
    def cuda_error(self) -> str | None:
        raise OSError("libcuda.so.1: cannot open shared object file\nmore lines")


@pytest.mark.parametrize(("vendor", "reason"), [
    (None, "numba-cuda is not installed"),
    (Vendor("\nCUDA driver library cannot be found.\nEnsure that ...\n"),
     "the NVIDIA driver cannot be used (CUDA driver library cannot be found)"),
    (Vendor(available=False), "numba-cuda finds no compiler for the GPU"),
    (Vendor(gpus=0), "the NVIDIA driver knows no GPU"),
    (Broken(), "numba-cuda does not load (OSError: libcuda.so.1: cannot open shared object file)"),
    (Vendor(), ""),
])
def test_each_way_of_having_no_cuda_has_its_sentence(monkeypatch: pytest.MonkeyPatch, vendor: Any, reason: str) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(numba, "cuda", vendor, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: vendor and object())
    found = backend._trouble.__wrapped__()
    assert found.reason == reason
    assert bool(found.remedy) == bool(reason)


def test_this_machine_gets_a_sentence_and_never_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert backend.why().startswith("Batches ")
    assert backend.pick("auto", 1) in ("cpu", "cuda")
