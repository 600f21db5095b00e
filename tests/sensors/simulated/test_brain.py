from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from sensors.simulated import head_map
from sensors.simulated.brain import Brain
from sensors.simulated.story import STATES, Fault, ParticipantConfig, Scene

RATE_HZ = 250
SECONDS = 120
BACK = [head_map.CHANNELS.index(name) for name in ("O1", "Oz", "O2", "PO7", "PO8")]


def brain_of(state: str, *faults: Fault, seed: int = 7) -> Brain:
    return Brain(ParticipantConfig(seed=seed, script=(Scene(at_s=0, state=state),), faults=faults), float(RATE_HZ))


@pytest.fixture(scope="module")
def spectra() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {state: welch(brain_of(state).samples(0, SECONDS * RATE_HZ), RATE_HZ, nperseg=2 * RATE_HZ, axis=0)
            for state in STATES}


def decibels(spectrum: tuple[np.ndarray, np.ndarray], low: float, high: float, channels: list[int]) -> float:
    freqs, density = spectrum
    inside = (freqs >= low) & (freqs < high)
    return float(np.median(10 * np.log10(density[inside][:, channels].sum(axis=0))))


WHOLE = brain_of("drowsy").samples(0, 3000)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=12))
def test_any_cut_gives_the_same_bits(cuts: list[int]) -> None:
    brain, start, parts = brain_of("drowsy"), 0, []
    for count in [*cuts, 3000]:
        count = min(count, 3000 - start)
        parts.append(brain.samples(start, count))
        start += count
    joined = np.concatenate(parts)
    assert joined.dtype == np.float32
    assert joined.shape == (3000, 16)
    assert np.array_equal(joined, WHOLE)


def test_late_first_gives_the_same_bits() -> None:
    brain = brain_of("drowsy")
    late = brain.samples(2500, 500)
    assert np.array_equal(brain.samples(0, 700), WHOLE[:700])
    assert np.array_equal(late, WHOLE[2500:])


def test_a_sample_before_the_session_is_refused() -> None:
    with pytest.raises(ValueError, match="session begins at sample 0"):
        brain_of("focused").samples(-1, 10)


@pytest.mark.parametrize(("state", "alpha", "theta", "beta"), [
    # Decibels against focused: -2 alpha, +0.5 theta, 0 beta against rest are taken off.
    ("distracted_visual", 1.0, -0.5, 0.0), ("distracted_cognitive", 3.5, 0.5, 0.3), ("drowsy", 4.0, 1.5, -1.0),
    ("overloaded", -0.5, 1.0, 0.5)])
def test_bands_move_by_the_published_decibels(spectra: dict[str, tuple[np.ndarray, np.ndarray]], state: str,
                                              alpha: float, theta: float, beta: float) -> None:
    for (low, high, channels), wanted in (((8, 13, BACK), alpha), ((4, 8, [head_map.CHANNELS.index("Fz")]), theta),
                                          ((13, 30, list(range(5, 11))), beta)):
        moved = decibels(spectra[state], low, high, channels) - decibels(spectra["focused"], low, high, channels)
        assert moved == pytest.approx(wanted, abs=1.0), (low, high)


def test_the_background_is_steeper_when_drowsy(spectra: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    slopes = {}
    for state in ("focused", "drowsy"):
        freqs, density = spectra[state]
        masked = (freqs >= 2) & (freqs <= 40) & ~((freqs > 4) & (freqs < 28))
        slopes[state] = -np.polyfit(np.log10(freqs[masked]), np.log10(density[masked][:, 6]), 1)[0]
    assert slopes["focused"] == pytest.approx(1.2, abs=0.3)
    assert slopes["drowsy"] - slopes["focused"] == pytest.approx(0.3, abs=0.2)


def test_alpha_peaks_at_the_persons_own_frequency_and_at_the_back() -> None:
    for seed in (7, 3):
        brain = brain_of("distracted_cognitive", seed=seed)
        freqs, density = welch(brain.samples(0, 60 * RATE_HZ), RATE_HZ, nperseg=4 * RATE_HZ, axis=0)
        inside = (freqs >= 7) & (freqs <= 13.5)
        flat = (density * freqs[:, None] ** 1.2)[inside][:, BACK].mean(axis=1)
        assert freqs[inside][flat.argmax()] == pytest.approx(brain._participant.person.alpha_hz, abs=0.8)
        power = density[inside].sum(axis=0)
        assert power[head_map.CHANNELS.index("Oz")] > 2 * power[head_map.CHANNELS.index("Fz")]


def blinks(brain: Brain, seconds: int) -> Iterator[tuple[float, float]]:
    for piece in brain._participant.pieces(0, seconds):
        yield from ((span.start_s, span.end_s) for span in piece.blinks)


def test_blinks_show_at_the_forehead_when_the_face_blinks_and_fade_backwards() -> None:
    brain = brain_of("focused")
    values = brain.samples(0, 60 * RATE_HZ)
    heights, fades = [], []
    for start, end in blinks(brain, 59):
        at, middle = round(start * RATE_HZ), round((start + end) / 2 * RATE_HZ)
        rise = values[middle] - values[max(0, at - 40)]
        heights.append(rise[0])
        fades.append(rise[3] / rise[0])
    assert len(heights) >= 5
    assert 0.7 * brain._participant.person.blink_uv < np.median(heights) < 1.3 * brain._participant.person.blink_uv
    assert 0.1 < np.median(fades) < 0.4
    assert abs(values[:, 14]).max() < 60


def test_speaking_tenses_muscles() -> None:
    brain = brain_of("distracted_visual")
    values = brain.samples(0, 60 * RATE_HZ)[:, 0]
    fast = np.abs(np.diff(values, n=2))
    spoken = np.zeros(fast.size, bool)
    for piece in brain._participant.pieces(0, 59):
        for span in piece.turns:
            spoken[round(span.start_s * RATE_HZ):round(span.end_s * RATE_HZ)] = True
    assert np.median(fast[spoken]) > 1.5 * np.median(fast[~spoken])


def test_mains_hum_is_there_and_small(spectra: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    freqs, density = spectra["focused"]
    at = int(np.argmin(abs(freqs - 50)))
    assert density[at, 6] > 3 * density[at + 6, 6]
    assert density[at, 6] < 2


@pytest.mark.parametrize(("kind", "amount", "struck"), [("rail", 1.0, 16), ("rail", 0.25, 4), ("nan", 0.5, 8)])
def test_channel_faults_strike_their_share_for_their_time(kind: str, amount: float, struck: int) -> None:
    clean = brain_of("focused").samples(0, 1500)
    values = brain_of("focused", Fault(stream="eeg", kind=kind, at_s=2.0, for_s=1.0, amount=amount)).samples(0, 1500)
    changed = ~((values == clean) | (np.isnan(values) & np.isnan(clean)))
    assert (changed[500:750].all(axis=0)).sum() == struck
    assert not changed[:500].any()
    assert not changed[750:].any()
    bad = values[500:750][:, changed[500:750].all(axis=0)]
    assert np.isnan(bad).all() if kind == "nan" else (bad == np.float32(187_500)).all()


def test_an_electrode_pops_on_one_channel() -> None:
    clean = brain_of("focused").samples(0, 1000)
    values = brain_of("focused", Fault(stream="eeg", kind="electrode_pop", at_s=1.0, for_s=2.0)).samples(0, 1000)
    moved = np.abs(values - clean).max(axis=0)
    assert (moved > 1).sum() == 1
    assert np.abs(np.diff(values, axis=0)).max() > 300


def test_a_fault_of_another_stream_leaves_the_brain_alone() -> None:
    fault = Fault(stream="eeg2", kind="rail", at_s=0.0, for_s=9.0)
    assert np.array_equal(brain_of("drowsy", fault).samples(0, 3000), WHOLE)


def test_a_rate_that_cannot_hold_the_mains_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 120 or more"):
        Brain(ParticipantConfig(), 100.0)
