"""How long a driving rule takes, live: from the camera row that crosses its limit to the alert received from the bus.

A real session runs on a real bus. Beside it a scripted camera tells what a webcam would: the eyes on the road, then in
the lap until the ladders have spoken, then on the road again. The camera and the reader of the alerts share the
session's interpreter, so what they take counts against it.
"""

import tempfile
import threading
from bisect import bisect_left

import numpy as np

from fusion import live
from fusion.bench_outputs_load import GAZE_HZ, UNITS, info
from fusion.summary import Values
from sensors import rig as rigs
from sensors.bus import Endpoints, Publisher, Subscriber, configured_endpoints
from sensors.clock import MILLISECOND, SECOND, SystemClock, now_ns
from sensors.messages import Alert, Chunk
from sensors.rig import Rig

ROAD_S, LAP_S = 3.0, 6.0
"""One round: eyes on the road, then in the lap for longer than any rule waits at 80 km/h."""
ROUNDS = 5
START_S = 6.0
"""Added to the rounds: time for the session to start."""
LAP_PITCH = -0.8
"""Gaze of somebody who reads a phone in the lap, rad."""
PATIENCE = 600
"""Waits of 0.1 s for the session's first state."""


def rule_reaction_ms(rounds: int = ROUNDS, lap_s: float = LAP_S) -> dict[str, float]:
    """Run a session with a scripted camera and return {p50, p99, max, n} of how late its ladders' alerts were, in ms.

    Parameters
    ----------
    rounds, lap_s
        How often, and how long, the eyes are in the lap.
    """
    driving = {"profiles": ["eu-addw", "euro-ncap-2026"], "speed_kmh": 80.0, "offset_s": 0.0}
    with tempfile.TemporaryDirectory(prefix="attnflow-bench-") as folder:
        bus = {"publish": f"ipc://{folder}/publish", "subscribe": f"ipc://{folder}/subscribe"}
        session = {"estimator": "rules", "calibration_s": 0.0}
        rig = rigs.parse({"truth": {}, "bus": bus, "session": session, "driving": driving}, "bench-reaction")
        return _run(rig, rounds, lap_s).as_dict()


class _Reader(threading.Thread):
    """Keeps each alert of a ladder with the moment it came."""

    def __init__(self, endpoints: Endpoints, stop: threading.Event) -> None:
        super().__init__(name="reaction-reader", daemon=True)
        self._endpoints, self._stop_asked = endpoints, stop
        self.alerts: list[tuple[int, int]] = []
        """(moment the limit was reached, moment the alert was received), ns."""

    def run(self) -> None:
        subscriber = Subscriber(self._endpoints, ["alert"])
        while not self._stop_asked.is_set():
            got = subscriber.receive(100)
            if got is not None and isinstance(got.message, Alert) and got.message.active and got.message.profile:
                self.alerts.append((got.message.t_ns, got.received_ns))
        subscriber.close()


class _Camera(threading.Thread):
    """Plays the script."""

    def __init__(self, endpoints: Endpoints, rounds: int, lap_s: float, stop: threading.Event) -> None:
        super().__init__(name="reaction-camera", daemon=True)
        self._endpoints, self._rounds, self._lap_s, self._stop_asked = endpoints, rounds, lap_s, stop
        self.sent: list[int] = []
        """When each row was true, which is when it was put on the bus, ns."""

    def run(self) -> None:
        publisher, states = Publisher(self._endpoints), Subscriber(self._endpoints, ["state"])
        publisher.wait_for_hub(["camera", "info"])
        waits = 0
        while states.receive(100) is None and waits < PATIENCE and not self._stop_asked.is_set():
            waits += 1
        clock, began_ns, place = SystemClock(), now_ns(), tuple(UNITS).index("gaze_pitch")
        for number in range(round(self._rounds * (ROAD_S + self._lap_s) * GAZE_HZ)):
            if self._stop_asked.is_set():
                break
            clock.sleep((began_ns + number * SECOND // GAZE_HZ - now_ns()) / SECOND)
            if number % GAZE_HZ == 0:
                publisher.send("info", info())
            in_lap = number / GAZE_HZ % (ROAD_S + self._lap_s) >= ROAD_S
            values = np.array([[0, 0, 0, 0, 0, 0.02, 0.01, 0.6, 0.3, 0.3, 0.95, 120.0]], np.float32)
            values[0, place] = LAP_PITCH if in_lap else 0.0
            t_ns = now_ns()
            self.sent.append(t_ns)
            publisher.send("camera", Chunk(t_ns=t_ns, stream="camera", values=values, times_ns=np.array([t_ns])))
        publisher.close()
        states.close()


class _Reactions(Values):
    def as_dict(self) -> dict[str, float]:
        spread = self.spread()
        return {"p50": round(spread.p50, 2), "p99": round(spread.p99, 2), "max": round(spread.max, 2), "n": spread.n}


def _run(rig: Rig, rounds: int, lap_s: float) -> _Reactions:
    endpoints = configured_endpoints(rig.bus.publish, rig.bus.subscribe)
    stop = threading.Event()
    reader, camera = _Reader(endpoints, stop), _Camera(endpoints, rounds, lap_s, stop)
    try:
        reader.start()
        camera.start()
        live.run(rig, seconds=START_S + rounds * (ROAD_S + lap_s))
    finally:
        stop.set()
        for thread in (camera, reader):
            thread.join(timeout=2)
    found = _Reactions()
    for limit_ns, received_ns in reader.alerts:
        # The first row at or after the limit is the one that crosses it.
        place = bisect_left(camera.sent, limit_ns)
        if place < len(camera.sent):
            found.add((received_ns - camera.sent[place]) / MILLISECOND)
    return found
