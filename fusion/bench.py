"""`attnflow bench live`: latencies, cost and replay speed of a real session, each beside something run with it."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fusion import live, replaying
from fusion.summary import Spread, Values
from sensors import rig as rigs
from sensors.bus_hop import COLUMNS, ROWS, OurHop, RawHop, example_chunk, measure
from sensors.clock import cpu_seconds, now_ns
from sensors.messages import encode

HOPS = 1_000


def bench_live(seconds: float = 30.0, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Run the simulated rig live and return the figures of the session, its bus and its replay.

    Parameters
    ----------
    seconds
        Length of the live session.
    say
        Told what is being measured, for a person who waits.

    Returns
    -------
    dict
        `sample_to_state_ms`, `frame_to_state_ms`, `bus_hop_us`, `raw_zmq_hop_us`, `lsl_hop_us` (each p50, p99, max,
        n; the last null without pylsl), `cpu_core_percent` (session and drivers without the simulator),
        `simulator_core_percent`, `replay_x_realtime`, `rss_mb` and more.
    """
    with tempfile.TemporaryDirectory(prefix="attnflow-bench-") as folder:
        path = Path(folder) / "bench.mcap"
        say(f"running a {seconds:g} s session of the simulated rig")
        summary = live.run(rigs.load("bench"), seconds=seconds, record=path)
        say("replaying it at full speed")
        verification = replaying.verify(path)
        size = path.stat().st_size
    say("timing the bus beside bare pyzmq and LSL")
    hops = hop_times()
    say("timing the simulator by itself")
    simulator = simulator_percent()
    total = summary.session_cpu_percent + summary.drivers_cpu_percent
    return {
        "sample_to_state_ms": msgspec.to_builtins(summary.sample_to_state_ms),
        "frame_to_state_ms": msgspec.to_builtins(summary.frame_to_state_ms),
        "bus_hop_us": hops["ours"], "raw_zmq_hop_us": hops["raw"], "lsl_hop_us": hops.get("lsl"),
        "bus_to_raw_ratio": round(hops["ours"]["p50"] / hops["raw"]["p50"], 3),
        "cpu_core_percent": round(total - sum(simulator.values()), 1),
        "cpu_core_percent_with_simulator": round(total, 1),
        "session_core_percent": summary.session_cpu_percent,
        "drivers_core_percent": {name: stream.cpu_percent for name, stream in summary.streams.items()},
        "simulator_core_percent": simulator,
        "replay_x_realtime": verification.x_realtime, "replay_verified": verification.verified,
        "rss_mb": summary.rss_mb, "recording_mb_per_minute": round(size / 1e6 * 60 / seconds, 3),
        "age_ms": {name: msgspec.to_builtins(stream.age_ms) for name, stream in summary.streams.items()},
        "states": summary.states, "seconds": summary.seconds,
    }


def hop_times(count: int = HOPS) -> dict[str, dict[str, float]]:
    """Return hop times in microseconds: ours, bare pyzmq, and LSL where pylsl is installed; taken in turn."""
    with ExitStack() as stack:
        hops: dict[str, Callable[[], float]] = {
            "ours": stack.enter_context(closing(OurHop())),
            "raw": stack.enter_context(closing(RawHop(len(encode(example_chunk()))))),
        }
        lsl = _lsl_hop()
        if lsl is not None:
            hops["lsl"] = lsl
        return {name: _spread(times) for name, times in measure(hops, count).items()}


def _spread(times: list[float]) -> dict[str, float]:
    values = Values()
    for time in times:
        values.add(time)
    spread: Spread = values.spread()
    return dict(msgspec.to_builtins(spread))


def _lsl_hop() -> Callable[[], float] | None:
    """Return a hop through an LSL outlet and inlet with the same chunk; None without pylsl."""
    try:
        import pylsl
    except ImportError:
        return None
    name = f"attnflow-bench-{now_ns()}"
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo(name, "EEG", COLUMNS, 250.0, "float32", name))
    found = pylsl.resolve_byprop("name", name, timeout=5.0)
    if not found:
        return None
    inlet = pylsl.StreamInlet(found[0], max_chunklen=ROWS)
    inlet.open_stream(timeout=5.0)
    chunk = np.ones((ROWS, COLUMNS), np.float32)

    def hop() -> float:
        began = now_ns()
        outlet.push_chunk(chunk)
        rows = 0
        while rows < ROWS:
            samples, _ = inlet.pull_chunk(timeout=2.0, max_samples=ROWS - rows)
            if not samples:
                raise TimeoutError("an LSL chunk did not arrive in two seconds")
            rows += len(samples)
        return (now_ns() - began) / 1e3

    return hop


def simulator_percent(seconds: float = 3.0) -> dict[str, float]:
    """Return what making the simulated signals costs, in percent of one core, per sensor."""
    from sensors.simulated.brain import Brain
    from sensors.simulated.face import FaceVideo
    from sensors.simulated.voice import Voice

    config = rigs.load("bench").participant
    return {"camera": _cost(seconds, 30.0, _face(FaceVideo(config, 640, 480, 30.0))),
            "microphone": _cost(seconds, 31.25, _voice(Voice(config))),
            "eeg": _cost(seconds, 25.0, _brain(Brain(config, 250.0)))}


def _cost(seconds: float, rate_hz: float, make: Callable[[int], object]) -> float:
    make(0)
    before = cpu_seconds()
    for index in range(1, round(seconds * rate_hz)):
        make(index)
    return round(100 * (cpu_seconds() - before) / seconds, 1)


def _face(video: Any) -> Callable[[int], object]:
    return lambda index: video.frame(index / 30.0)


def _voice(voice: Any) -> Callable[[int], object]:
    return lambda index: voice.samples(index * 512, 512)


def _brain(brain: Any) -> Callable[[int], object]:
    return lambda index: brain.samples(index * 10, 10)
