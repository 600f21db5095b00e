"""The figures of the measurement in a browser, and that it loses nothing when all is well."""

import pytest

from fusion import bench_browser
from fusion.bench_browser_driver import find_browser


def test_what_is_missing_or_out_of_order_is_counted_by_type() -> None:
    arrivals = [("gaze", 1, 0, 1_000_000), ("state", 1, 0, 2_000_000), ("gaze", 4, 0, 3_000_000),
                ("gaze", 3, 0, 4_000_000), ("state", 2, 0, 5_000_000)]
    told = bench_browser.figures(7, arrivals)
    assert told == {"sent": 7, "received": 5, "missing": 2, "reordered": 1,
                    "latency_ms": {"p50": 3.0, "p99": pytest.approx(4.96), "max": 5.0}}


@pytest.mark.skipif(not find_browser(), reason="no browser of the Chromium family is installed")
def test_a_browser_receives_everything_in_order() -> None:
    told = bench_browser.measure(0.5)
    assert (told["sent"], told["received"], told["missing"], told["reordered"]) == (35, 35, 0, 0)
    assert told["page"] == {"gaps": 0, "reordered": 0, "dropped": 0}
