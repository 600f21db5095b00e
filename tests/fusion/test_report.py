import re
import tracemalloc
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fake_feed import COLUMNS, START_NS, FakeRecording, session

from fusion.report import html, write
from fusion.report_charts import round_limits
from fusion.report_gather import Found, Gathering
from fusion.report_lines import BINS, Bands, Envelope
from sensors.clock import SECOND, FakeClock
from sensors.errors import RecordingError
from sensors.messages import Marker, encode
from sensors.recording import Recorder, Recording

VOID = {"meta", "br", "path", "polyline", "polygon"}


class Strict(HTMLParser):
    """Raises when a tag is closed that is not the innermost open one, and collects addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def gathered(**options: object) -> Found:
    salvaged = bool(options.pop("salvaged", False))
    toml = str(options.pop("rig_toml", ""))
    events = session(**options)  # type: ignore[arg-type]  # each test hands on options of the feed
    return Gathering(FakeRecording(events, salvaged=salvaged, rig_toml=toml), features=False).run(lambda share: None)


@pytest.fixture(scope="module")
def page() -> str:
    return html(gathered())


def test_the_page_is_well_formed_and_needs_nothing_else(page: str) -> None:
    strict = Strict()
    strict.feed(page)
    strict.close()
    assert strict.open == []
    assert strict.addresses == []
    assert "://" not in page
    assert "url(" not in page


@pytest.mark.parametrize("wanted", [
    "60.0 s", "1200 states", "complete", "simulated", "features-only", "12 messages missing", "3 samples lost",
    "distracted visual", "Attention", "Vigilance", "Load", "truth (simulated)", "gaze_yaw", "ear_left", "speech", "O2",
    "degrees", "uV", "LUFS", "+45.9", "glance_long", "microsleep", "The microphone vanished. Check its cable.",
    "0.1.0", "crash", "Not a medical device"])
def test_the_page_shows(page: str, wanted: str) -> None:
    assert wanted in page


def test_text_from_a_recording_is_escaped(page: str) -> None:
    assert "&lt;script&gt;" in page
    assert page.count("<script") == 2, "its own data and its own script"


def test_a_reason_cannot_end_the_script() -> None:
    found = gathered(seconds=10.0, streams=("truth",))
    found.state.bands[0].detail = "</script><b>"
    assert "</script><b>" not in html(found)


@pytest.mark.parametrize("streams", [(), ("camera",), ("truth",), ("microphone", "eeg")])
@pytest.mark.parametrize("states", [True, False])
def test_missing_streams_and_states_leave_a_whole_page(streams: tuple[str, ...], states: bool) -> None:
    strict = Strict()
    text = html(gathered(seconds=5.0, streams=streams, states=states))
    strict.feed(text)
    assert strict.open == []
    assert ("No state is in this recording." in text) is not states
    nothing = set(streams) <= {"truth"} and not states  # a state names its inputs, also those that never spoke
    assert ("No sensor is in this recording." in text) is nothing


def test_a_salvaged_file_says_what_may_be_missing() -> None:
    text = html(gathered(seconds=5.0, salvaged=True))
    assert "salvaged" in text
    assert "at most 0.70 s are missing" in text


def test_a_real_person_is_not_called_simulated() -> None:
    text = html(gathered(seconds=5.0, streams=("camera",), simulated=False))
    assert "a simulated person" not in text
    assert "one person" in text


def test_faults_of_the_rig_are_listed() -> None:
    toml = '[participant]\nfaults = [{ stream = "camera", kind = "face_loss", at_s = 3.0, for_s = 2.0 }]\n'
    assert "face_loss" in html(gathered(seconds=5.0, rig_toml=toml))


def test_losses_and_agreement_are_counted() -> None:
    found = gathered()
    assert (found.streams["camera"].gap_count, found.streams["camera"].missing) == (1, 12)
    assert found.streams["microphone"].missing == 0
    assert found.streams["eeg"].samples == 15_000
    assert found.compared == 52 * 20, "states while calibrating are not held against the truth"
    assert 0.85 < found.agreed / found.compared < 0.95
    assert found.messages == 600 + 600 + 1500 + 1788 + 1750 + 60 * 5 * 2 + 1200 * 2 + 3 + 1


def test_damaged_messages_are_counted_and_left_out() -> None:
    recording = FakeRecording(session(2.0))
    recording._events.insert(5, (START_NS, "camera", b"\x00garbage"))
    found = Gathering(recording, features=False).run(lambda share: None)
    assert found.malformed == 1
    assert "could not be read" in html(found)


def test_lines_stay_short_and_memory_flat_however_long_the_recording() -> None:
    random = np.random.default_rng(1)
    tracemalloc.start()
    envelope = Envelope(1, START_NS, 1)
    for block in range(200):
        times = START_NS + (np.arange(10_000, dtype=np.int64) + block * 10_000) * (SECOND // 250)
        envelope.add(times, random.normal(size=(10_000, 1)).astype(np.float32))
    envelope.settle()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6
    drawn = sum(2 * len(run) for run in envelope.runs(0))
    assert 700 <= drawn <= 1500


def test_a_single_extreme_sample_stays_visible() -> None:
    values = np.zeros((100_000, 1), np.float32)
    values[54_321] = 7
    envelope = Envelope(1, 0, 1)
    for begin in range(0, 100_000, 777):
        envelope.add(np.arange(begin, min(begin + 777, 100_000), dtype=np.int64) * 1000, values[begin:begin + 777])
    envelope.settle()
    assert np.nanmax(envelope.high) == 7
    assert np.nanmin(envelope.low) == 0
    at = int(np.nanargmax(envelope.high[:, 0])) * envelope.width_ns
    assert at <= 54_321_000 < at + envelope.width_ns


@pytest.mark.parametrize("cut", [1, 7, 1000, 5000])
def test_how_values_are_cut_does_not_change_the_line(cut: int) -> None:
    times = np.arange(5000, dtype=np.int64) * 1_000_000
    values = np.random.default_rng(2).normal(size=(5000, 2)).astype(np.float32)
    values[::9, 1] = np.nan
    whole, parts = Envelope(2, 0, 1000), Envelope(2, 0, 1000)
    whole.add(times, values)
    for begin in range(0, 5000, cut):
        parts.add(times[begin:begin + cut], values[begin:begin + cut])
        parts.settle()
    whole.settle()
    np.testing.assert_array_equal(whole.low, parts.low)
    np.testing.assert_array_equal(whole.high, parts.high)
    np.testing.assert_allclose(whole.mean, parts.mean, rtol=1e-9)


def test_a_line_breaks_where_nothing_was_measured() -> None:
    times = np.arange(300, dtype=np.int64) * SECOND
    values = np.ones((300, 1), np.float32)
    values[100:120] = np.nan
    keep = (times < 200 * SECOND) | (times > 230 * SECOND)
    envelope = Envelope(1, 0, SECOND // 2)
    envelope.add(times[keep], values[keep])
    runs = envelope.settle().runs(0)
    edges = [(run[0] // 2, run[-1] // 2) for run in runs]
    assert edges == [(0, 99), (120, 199), (231, 299)]


def test_bands_join_equal_labels_and_leave_holes() -> None:
    bands = Bands()
    for second, name in ((0, "a"), (1, "a"), (2, "b"), (3, "b"), (30, "b")):
        bands.add(second * SECOND, name)
    bands.close(31 * SECOND)
    assert [(band.begin_ns // SECOND, band.end_ns // SECOND, band.label) for band in bands.bands] == \
        [(0, 2, "a"), (2, 3, "b"), (30, 31, "b")]


def test_flapping_bands_are_drawn_coarsely_and_without_holes() -> None:
    bands = Bands()
    for number in range(10_000):
        bands.add(number * SECOND // 20, "ab"[number % 2])
    coarse = bands.coarse(SECOND // 3)
    assert len(coarse) < 10_000
    assert all(before.end_ns == after.begin_ns for before, after in pairwise(coarse))


@pytest.mark.parametrize(("low", "high"), [(0.0, 41.3), (-3.2e-4, 1e-5), (120.0, 120.0), (-70, -12)])
def test_axis_limits_enclose_the_data_closely(low: float, high: float) -> None:
    floor, ceiling = round_limits(low, high)
    assert floor <= low + 1e-9
    assert ceiling >= high - 1e-9
    assert ceiling - floor <= 4 * max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-6)


def test_a_line_of_zeros_has_an_axis() -> None:
    assert round_limits(0.0, 0.0) == (0.0, 1.0)


def test_progress_reaches_one_and_never_falls(tmp_path: Path) -> None:
    shares: list[float] = []
    path = write(FakeRecording(session(30.0)), tmp_path / "deep" / "r.html",  # type: ignore[arg-type]  # reads alike
                 features=False, on_progress=shares.append)
    assert path.is_file()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        write(FakeRecording(session(1.0)), tmp_path / "file" / "r.html",  # type: ignore[arg-type]  # reads alike
              features=False)


def test_a_real_file_is_reported(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s.mcap", clock=FakeClock(), metadata={"rig": "bench"})
    recorder.start()
    for received, topic, message in session(5.0):
        recorder.write(topic, encode(message), received)
    recorder.write("marker", encode(Marker(t_ns=START_NS + SECOND, source="me", name="blink now")),
                   START_NS + 6 * SECOND)
    recorder.close()
    text = write(Recording(tmp_path / "s.mcap"), tmp_path / "s.html").read_text(encoding="utf-8")
    assert "complete" in text
    assert "blink now" in text
    assert "carries no rig" in text, "why features are not there"
    assert len(re.findall("<figure>", text)) > 2 * len(COLUMNS)
    assert BINS * 2 <= 1500
