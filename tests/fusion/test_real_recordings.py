"""The whole path on real recordings: driver, bus messages, session, states; in virtual time, without sockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion import estimator, virtual
from fusion.session import Session
from kernels.layout import INDEX
from sensors.clock import SECOND
from sensors.messages import Chunk, State
from sensors.rig import parse
from sensors.topics import TOPICS


def states(tables: dict[str, Any], seconds: float) -> Iterator[tuple[State, np.ndarray, list[Chunk]]]:
    """Yield every state with the feature vector behind it and the chunks that came since the last."""
    rig = parse({"session": {"calibration_s": 0.5, "tick_hz": 20.0}} | tables, "files")
    session = Session(rig.session, estimator.make("rules"))
    chunks: list[Chunk] = []
    for _, topic, message in virtual.run(rig, seconds):
        if isinstance(message, Chunk):
            chunks.append(message)
        if TOPICS[topic].session:
            for output in session.update(message):
                if isinstance(output, State):
                    yield output, session.vector.copy(), chunks
                    chunks = []


def seconds_in(state: State) -> float:
    return (state.t_ns - virtual.START_NS) / SECOND


def flip_times(source: Path, into: str) -> list[float]:
    """Return when the announced state changed to `into`."""
    flips, last = [], ""
    for state, _, _ in states({"camera": {"source": str(source)}}, 6.0):
        if state.inputs["camera"].status != "ok":
            break  # the file is over
        if state.state == into and last != into:
            flips.append(seconds_in(state))
        last = state.state
    return flips


def frame_times(source: Path) -> np.ndarray:
    """Return each frame's own time, read independently of the driver."""
    import cv2

    video = cv2.VideoCapture(str(source))
    times = []
    while video.grab():
        times.append(video.get(cv2.CAP_PROP_POS_MSEC) / 1e3)
    video.release()
    return np.array(times)


def test_the_seat_is_empty_within_half_a_second_of_the_face_leaving(shared_data: Path) -> None:
    source = shared_data / "face" / "face_noface.mov"
    left = frame_times(source)[72]
    flips = flip_times(source, "away")
    assert len(flips) == 1, f"away was announced at {flips}, once was right"
    assert 0 <= flips[0] - left <= 0.5


def test_the_person_is_back_within_half_a_second_of_the_face_entering(shared_data: Path) -> None:
    source = shared_data / "face" / "noface_face.mov"
    entered = frame_times(source)[96]
    told = [(seconds_in(state), state.state) for state, _, _ in states({"camera": {"source": str(source)}}, 6.0)
            if state.inputs["camera"].status == "ok"]
    away = [at for at, state in told if state == "away"]
    assert min(away) < 1.0, "the empty seat is told from the start"
    assert abs(max(away) - entered) <= 0.5


def test_no_face_is_never_called_a_state_of_mind(shared_data: Path) -> None:
    seen = {state.state for state, _, _ in states({"camera": {"source": str(shared_data / "face" / "no_face.mp4")}}, 4)}
    assert seen <= {"unknown", "away"}


def test_one_blink_is_found_where_it_is_and_no_other(shared_data: Path) -> None:
    source = shared_data / "face" / "single_face.mp4"
    face: list[float] = []
    closed: list[float] = []
    blinks = 0
    for state, vector, chunks in states({"camera": {"source": str(source)}}, 3.0):
        for chunk in chunks:
            if chunk.stream == "camera":
                face += chunk.values[:, 15].tolist()
        if vector[INDEX["openness"]] < 0.3:
            closed.append(seconds_in(state))
        blinks = max(blinks, round(float(np.nan_to_num(vector[INDEX["blink_rate_60s"]])) / 60 * 3))
    assert np.mean(np.array(face) >= 0.5) >= 0.97
    assert closed, "the blink was missed"
    frames = np.array(closed) * 30
    assert frames.min() >= 25 - 2
    assert frames.max() <= 29 + 2


def test_speech_ratio_agrees_with_silero_by_itself(shared_data: Path) -> None:
    import soundfile
    import torch
    from silero_vad import load_silero_vad

    source = shared_data / "audio" / "speech_60s.wav"
    pcm, rate = soundfile.read(source, dtype="float32")
    model = load_silero_vad(onnx=True)
    chances = [float(model(torch.from_numpy(pcm[i:i + 512]), rate)) for i in range(0, len(pcm) - 511, 512)]
    speaking, expected = False, []
    for chance in chances:
        speaking = chance >= (0.35 if speaking else 0.5)
        expected.append(speaking)
    last = {}
    for state, vector, _ in states({"microphone": {"source": str(source)}}, 59.0):
        last[round(seconds_in(state), 2)] = float(vector[INDEX["speech_ratio_10s"]])
    for at in (15.0, 30.0, 45.0, 58.0):
        ends = (np.arange(len(expected)) + 1) * 512 / rate
        window = np.array(expected)[(ends > at - 10) & (ends <= at)]
        assert last[at] == pytest.approx(window.mean(), abs=0.005)
