"""The session's door to the kernels: calibration, streams that change, and streams that fit nothing."""

import numpy as np
import pytest
from tracked import START_NS

from fusion.features import Features, full_scale_uv
from kernels.layout import INDEX
from kernels.quality import FULL_SCALE_UV
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig


def info(kind: str, names: tuple[str, ...], rate_hz: float = 10.0, unit: str = "1", **meta: str) -> StreamInfo:
    return StreamInfo(t_ns=0, stream=kind, kind=kind, driver="test", rate_hz=rate_hz,
                      columns=tuple(Column(name, unit) for name in names), meta=meta)


def rows(*times_s: float, columns: int = 1) -> tuple[np.ndarray, np.ndarray]:
    return (np.ones((len(times_s), columns), np.float32),
            np.array([START_NS + round(t * SECOND) for t in times_s], np.int64))


def test_progress_counts_from_the_earliest_sample_of_any_sensor() -> None:
    features = Features(SessionConfig(calibration_s=10.0))
    features.meet(info("context", ("demand",)))
    features.meet(info("microphone", ("speech",), 31.25))
    assert features.progress(START_NS) == 0.0
    features.advance("context", *rows(4.0))
    features.advance("microphone", *rows(3.0))
    features.advance("context", *rows(8.0))
    assert [features.progress(START_NS + k * SECOND) for k in (2, 8, 99)] == [0.0, 0.5, 1.0]


def test_without_calibration_it_is_over_with_the_first_sample() -> None:
    features = Features(SessionConfig(calibration_s=0.0))
    features.meet(info("context", ("demand",)))
    assert features.progress(START_NS) == 0.0
    features.advance("context", *rows(1.0))
    assert features.progress(START_NS) == 1.0


def test_a_stream_that_fits_nothing_is_told_and_stays_unmeasured() -> None:
    features = Features(SessionConfig())
    features.meet(info("camera", ("temperature",), 30.0))
    assert "expected at least one of" in features.unfit["camera"]
    features.advance("camera", *rows(1.0))
    assert np.isnan(features.fill(START_NS + SECOND)).all()
    features.meet(info("camera", ("luma",), 30.0))
    assert features.unfit == {}
    features.advance("camera", *rows(1.0))
    assert features.fill(START_NS + SECOND)[INDEX["luma"]] == 1.0


@pytest.mark.parametrize("kind", ["microphone", "context"])
def test_so_is_a_stream_without_one_known_column(kind: str) -> None:
    features = Features(SessionConfig())
    features.meet(info(kind, ("temperature",), 31.25))
    assert "columns are temperature, expected at least one of" in features.unfit[kind]


@pytest.mark.parametrize(("spectrum", "tapers"), [("welch", 1), ("multitaper", 3)])
def test_the_rig_says_how_spectra_are_estimated(spectrum: str, tapers: int) -> None:
    features = Features(SessionConfig(spectrum=spectrum))
    features.meet(info("eeg", ("Cz", "O1"), 250.0, unit="uV"))
    assert features.record["brain"]["tapers"] == tapers


def test_a_large_board_joins_and_the_others_go_on() -> None:
    features = Features(SessionConfig())
    features.meet(info("context", ("demand",)))
    features.advance("context", *rows(1.0))
    features.meet(info("eeg", tuple(f"ch{k}" for k in range(40)), 250.0, unit="uV"))
    assert features.record["brain"]["trust"].shape == (1, 64)
    assert features.fill(START_NS + SECOND)[INDEX["demand"]] == 1.0


@pytest.mark.parametrize(("told", "full_scale"), [("1000", 1000.0), ("", FULL_SCALE_UV), ("-3", FULL_SCALE_UV),
                                                  ("much", FULL_SCALE_UV), ("inf", FULL_SCALE_UV)])
def test_a_boards_full_scale_is_its_own_where_it_says_a_number(told: str, full_scale: float) -> None:
    assert full_scale_uv(info("eeg", ("Cz",), full_scale_uv=told)) == full_scale
