"""Shared events: matched to the nearest, judged only where both sensors saw, over rings that forget."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels import coincidence

MS, SECOND = 1_000_000, 1_000_000_000
START, REACH = 3_600 * SECOND, 300 * MS
FOREVER = 1 << 60


def memory() -> np.ndarray:
    records = np.zeros(1, coincidence.BLIND)
    coincidence.reset(records)
    return records


def ring(times_ns: list[int], size: int = 64) -> tuple[np.ndarray, int]:
    out = np.zeros(size, np.int64)
    for k, time_ns in enumerate(times_ns):
        out[k % size] = time_ns
    return out, len(times_ns)


def coincide(first_ns: list[int], second_ns: list[int], records: np.ndarray | None = None, after_ns: int = 0,
             covered: tuple[int, int] = (0, FOREVER)) -> tuple[int, int, int]:
    records = memory() if records is None else records
    return coincidence.coincide(records[0], *ring(first_ns), *ring(second_ns), after_ns, *covered, REACH)


def test_by_hand() -> None:
    """At 10 s +80 ms; at 20 s -120 and +100 ms; at 30 s nothing nearer than 301 ms; at 40 s +300 ms exactly."""
    first = [START + s * SECOND for s in (10, 20, 30, 40)]
    second = [first[0] + 80 * MS, first[1] - 120 * MS, first[1] + 100 * MS, first[2] - 301 * MS, first[3] + 300 * MS]
    assert coincide(first, second) == (4, 3, (80 + 100 + 300) * MS)


def test_nothing_on_either_side() -> None:
    assert coincide([], []) == (0, 0, 0)
    assert coincide([START], []) == (1, 0, 0)
    assert coincide([], [START]) == (0, 0, 0)


def test_the_window_and_the_covered_time_are_kept() -> None:
    first = [START + s * SECOND for s in (10, 20, 30)]
    assert coincide(first, first, after_ns=first[0])[0] == 2
    assert coincide(first, first, after_ns=first[0] - 1)[0] == 3
    assert coincide(first, first, covered=(first[0] - REACH, first[2] + REACH))[0] == 3
    assert coincide(first, first, covered=(first[0] - REACH + 1, first[2] + REACH - 1))[0] == 1


def test_a_second_ring_that_forgot_is_not_held_against_the_first() -> None:
    """70 events of the second sensor, of which 64 are remembered: the oldest kept one begins the covered time."""
    second = [START + k * 800 * MS for k in range(70)]
    first = [second[3], second[6], second[7], second[69]]
    assert coincide(first, second) == (2, 2, 0)


@given(st.lists(st.integers(0, 20_000), unique=True, max_size=90), st.lists(st.integers(0, 20_000), unique=True,
                                                                           max_size=64))
def test_against_all_pairs(first_ms: list[int], second_ms: list[int]) -> None:
    first = [START + t * MS for t in sorted(first_ms)]
    second = [START + t * MS for t in sorted(second_ms)]
    near = [[other - t for other in second if abs(other - t) <= REACH] for t in first[-64:]]
    expected = sum(min(map(abs, lags)) for lags in near if lags)
    judged, matched, total = coincide(first, second)
    assert (judged, matched) == (len(near), sum(map(bool, near)))
    # Which of two equally near ones is taken is not promised: magnitudes bound the sum.
    assert abs(total) <= expected
    if not any(lags and min(lags, key=abs) < 0 for lags in near):
        assert total == expected


def marked(ticks: list[int], newest: dict[int, int], untrusted: tuple[int, ...] = ()) -> np.ndarray:
    """Ticks in ms; the newest sample is the tick's own unless told."""
    records = memory()
    for tick in ticks:
        coincidence.mark(records[0], START + tick * MS, START + newest.get(tick, tick) * MS, 500 * MS,
                         int(tick not in untrusted))
    return records


def test_events_in_a_hole_are_not_judged_from_its_beginning_on() -> None:
    """Silence from 5.0 s, noticed at 5.6 s, over at 8.0 s: events within 0.3 s of cells 5.0 to 7.9 s are left out."""
    ticks = list(range(0, 12_000, 100))
    records = marked(ticks, dict.fromkeys(range(5_000, 8_000, 100), 5_000))
    judged = {t for t in range(1_000, 11_000, 50)
              if coincide([START + t * MS], [], records, covered=(0, START + 11_900 * MS))[0]}
    assert judged == {t for t in range(1_000, 11_000, 50) if not 5_000 - 300 <= t < 8_000 + 300}


def test_a_short_silence_is_a_late_packet() -> None:
    records = marked(list(range(0, 12_000, 100)), dict.fromkeys(range(5_000, 5_600, 100), 5_000))
    assert coincide([START + 5_200 * MS], [], records)[0] == 1


def test_an_untrusted_cell_blinds_its_surroundings_only() -> None:
    records = marked(list(range(0, 12_000, 100)), {}, untrusted=(5_000,))
    assert [coincide([START + t * MS], [], records)[0] for t in (4_699, 4_700, 5_399, 5_400)] == [1, 0, 0, 1]


def test_ticks_that_leap_remember_the_hole() -> None:
    records = marked([0, 1_000, 2_000, 9_000, 10_000], {9_000: 3_000})
    assert [coincide([START + t * MS], [], records)[0] for t in (2_600, 2_900, 6_000, 9_200, 9_500)] == [1, 0, 0, 0, 1]

