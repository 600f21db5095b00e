"""The driving ladders as a follower of the session: camera and vehicle in, alerts and their proof out.

A frame stands for the time from halfway to the frame before it up to halfway to the next one. So the moment of a
change is off by half a frame at most, whatever the rate, and a limit that is reached between two frames is told with
the second one, stamped with the moment itself. Nothing here reads the attention state: no network can silence a rule.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusion.driving.cabin import Cabin
from fusion.driving.engine import Engine, Happened, Running, machine_of
from fusion.driving.facts import BLIND, Facts
from fusion.driving.looks import LONGEST_GAP_NS, Looks
from fusion.driving.machines.machine import TOLD
from fusion.driving.profile import Profile, load
from fusion.driving.vehicle import Vehicle
from kernels.errors import InputError
from sensors.clock import MILLISECOND, SECOND
from sensors.errors import RigError
from sensors.messages import Alert, Answer, Chunk, Proof, Said, State, StreamInfo, Target
from sensors.rig_driving import DrivingConfig

SILENT_NS = 500 * MILLISECOND
"""A camera that has said nothing for so long is blind from then on, and time goes on without it."""
TEACHES_KMH = 13 * 3.6
"""Speed from which gaze teaches the driver's straight ahead (openpilot policy.py: 13 m/s)."""
WATCH = "watch"
"""The profile that always runs: it says when nobody can be watched."""


class Ladders:
    """Runs the ladders of a rig.

    Parameters
    ----------
    config
        The rig's ``[driving]`` table.
    calibration_s
        How long the driver's open eye is learnt.
    proof
        Whether every step of every rule is told; alerts are the same either way.

    Raises
    ------
    RigError
        If a profile or the cabin is missing, malformed or contradicts itself.
    """

    def __init__(self, config: DrivingConfig, calibration_s: float = 20.0, *, proof: bool = True) -> None:
        self.cabin = Cabin.load(config.cabin)
        self.profiles: tuple[Profile, ...] = tuple(load(name) for name in (*config.profiles, WATCH))
        names = [profile.name for profile in self.profiles]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise RigError(f"Rig table [driving]: the profile '{twice}' is there twice.", "Leave one of them out.")
        facts = Facts()
        self._fast = facts.speed(TEACHES_KMH, 2.0)
        running = [Running(profile, name, rule, machine_of(profile, rule, facts, self.cabin.names))
                   for profile in self.profiles for name, rule in profile.rules.items()]
        self.looks = Looks(self.cabin, facts, config)
        self.vehicle = Vehicle(facts, config.speed_kmh)
        self._engine = Engine(running)
        self._calibration_s, self._proof = calibration_s, proof
        self._camera = self._context = ""
        self._frame_ns, self._frame_bits = -1, BLIND
        self._numbers: dict[tuple[str, str], int] = {}
        self._told = 0

    def meet(self, info: StreamInfo) -> None:
        """Take a camera or a vehicle; a new one of its kind begins anew. A camera without a column of ours is blind."""
        if info.kind == "camera":
            try:
                self.looks.meet(info.names, self._calibration_s)
            except InputError:
                self._camera = ""  # the session tells what is wrong with it
            else:
                self._camera = info.stream
        elif info.kind == "context":
            self._context = info.stream
            self.vehicle.meet(info.names)

    def take(self, chunk: Chunk) -> list[Said]:
        """Take in frames, or what the vehicle told."""
        if len(chunk.times_ns) == 0:
            return []
        if chunk.stream == self._context:
            self.vehicle.take(chunk.values, chunk.times_ns)
        elif chunk.stream == self._camera:
            return self._frames(chunk.values, chunk.times_ns)
        return []

    def hear(self, message: Target | Answer) -> list[Said]:
        """Nothing that an app says changes a ladder."""
        return []

    def tick(self, state: State) -> list[Said]:
        """Let time go on where the camera is silent."""
        if self._frame_ns < 0:
            self._frame_ns = state.t_ns  # time without a camera begins with the first tick
        if state.t_ns - self._frame_ns < SILENT_NS:
            return []
        blind_ns = self._frame_ns + LONGEST_GAP_NS // 2
        self._frame_bits = BLIND
        vehicle_bits = self.vehicle.bits
        happened = self._engine.change(blind_ns, BLIND | vehicle_bits)
        for at_ns, bits in self.vehicle.changes(state.t_ns):
            happened += self._engine.change(at_ns, BLIND | bits)
        return self._say(happened + self._engine.advance(state.t_ns))

    def _frames(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> list[Said]:
        vehicle_bits = self.vehicle.bits
        vehicle = self.vehicle.changes(int(times_ns[-1]))
        bits = self.looks.read(values, times_ns, self._fast_at(times_ns, vehicle_bits, vehicle))
        happened: list[Happened] = []
        upcoming = 0
        frame_bits = self._frame_bits
        for at_ns, new_bits in self._edges(times_ns, bits):
            while upcoming < len(vehicle) and vehicle[upcoming][0] <= at_ns:
                when_ns, vehicle_bits = vehicle[upcoming]
                happened += self._engine.change(when_ns, frame_bits | vehicle_bits)
                upcoming += 1
            frame_bits = new_bits
            happened += self._engine.change(at_ns, frame_bits | vehicle_bits)
        for when_ns, vehicle_bits in vehicle[upcoming:]:
            happened += self._engine.change(when_ns, frame_bits | vehicle_bits)
        happened += self._engine.advance(int(times_ns[-1]))
        self._frame_ns, self._frame_bits = int(times_ns[-1]), int(bits[-1])
        return self._say(happened)

    def _edges(self, times_ns: NDArray[np.int64], bits: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Return (time, facts) wherever the frames' facts change, the changes halfway between their frames."""
        first = self._frame_ns < 0
        before_ns = np.concatenate([times_ns[:1] if first else [self._frame_ns], times_ns[:-1]])
        before = np.concatenate([[-1 if first else self._frame_bits], bits[:-1]])
        gaps = times_ns - before_ns
        places = np.flatnonzero((bits != before) | (gaps > LONGEST_GAP_NS))
        out: list[tuple[int, int]] = []
        for k in places.tolist():
            if gaps[k] > LONGEST_GAP_NS:
                out.append((int(before_ns[k]) + LONGEST_GAP_NS // 2, BLIND))
                out.append((int(times_ns[k]), int(bits[k])))
            else:
                out.append((int(before_ns[k] + gaps[k] // 2), int(bits[k])))
        return out

    def _fast_at(self, times_ns: NDArray[np.int64], bits: int,
                 changes: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
        """Return (n,) whether the car drove fast enough to teach, at each frame."""
        fast = np.full(len(times_ns), bits & self._fast != 0)
        for at_ns, then in changes:
            fast[np.searchsorted(times_ns, at_ns):] = then & self._fast != 0
        return fast

    def _say(self, happened: Sequence[Happened]) -> list[Said]:
        said: list[Said] = []
        for one in happened:
            alert = one.step.step in TOLD
            if one.step.step == "fire":
                self._told += 1
                self._numbers[one.of.profile.name, one.of.name] = self._told
            number = self._numbers[one.of.profile.name, one.of.name] if alert else 0
            if self._proof:
                said.append(Proof(t_ns=one.t_ns, profile=one.of.profile.name, rule=one.of.name, step=one.step.step,
                                  value=one.step.value, limit=one.step.limit, unit=one.of.machine.unit,
                                  because=self._because(one.t_ns), number=number))
            if alert:
                said.append(self._alert(one, number))
        return said

    def _because(self, t_ns: int) -> str:
        kmh = self.vehicle.kmh(t_ns)
        return f"{self.looks.because(t_ns)}, {'speed unknown' if math.isnan(kmh) else f'{kmh:.0f} km/h'}"

    def _alert(self, one: Happened, number: int) -> Alert:
        step, rule = one.step, one.of.rule
        stage = rule.stages[step.stage - 1]
        active = step.step != "clear"
        seconds = (one.t_ns - step.onset_ns) / SECOND
        reason = stage.says.format(seconds=step.value, percent=100 * step.value) if active else \
            f"Over after {seconds:.1f} s: {step.why}."
        return Alert(t_ns=one.t_ns, rule=one.of.name, level=stage.level, reason=reason, onset_ns=step.onset_ns,
                     active=active, number=number, profile=one.of.profile.name, clause=rule.clause, stage=step.stage,
                     evidence_ns=(step.onset_ns, one.t_ns))
