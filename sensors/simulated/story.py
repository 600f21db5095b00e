"""Who is simulated and what happens to them: the config of the synthetic participant."""

import msgspec

STATES = ("focused", "distracted_visual", "distracted_cognitive", "drowsy", "overloaded", "away")
"""The hidden states a participant can be in, in the order of their codes in the truth stream."""

FAULTS = ("drop", "jitter", "stall", "crash", "face_loss", "second_face", "dark", "electrode_pop", "rail", "nan",
          "packet_loss", "clip", "silence")
"""Faults that can be injected. drop, jitter, stall and crash strike any stream; the others strike the sensor that
their name belongs to."""

SHARES = ("drop", "packet_loss", "rail", "nan")
"""Faults whose `Fault.amount` is a share."""


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a script: from `at_s` on, the participant is in `state`."""

    at_s: float
    state: str

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"scene state is '{self.state}', expected one of {', '.join(STATES)}")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One injected fault."""

    stream: str
    kind: str
    at_s: float
    for_s: float = 1.0
    amount: float = 1.0
    """Share of samples struck for drop and packet_loss, of channels for rail and nan; milliseconds for jitter."""

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"fault kind is '{self.kind}', expected one of {', '.join(FAULTS)}")
        if not self.for_s > 0:
            raise ValueError(f"fault for_s is {self.for_s}, expected a time above zero")
        if self.amount < 0 or (self.kind in SHARES and self.amount > 1):
            raise ValueError(f"fault amount is {self.amount}, expected 0..1 (jitter: milliseconds)")


class ParticipantConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rig's ``[participant]`` table.

    With a script the hidden state follows it; without one it is a seeded Markov chain.
    """

    seed: int = 7
    script: tuple[Scene, ...] = ()
    faults: tuple[Fault, ...] = ()
    mean_stay_s: float = 12.0
    """Mean time in one state of the Markov chain, in seconds."""

    def __post_init__(self) -> None:
        times = [scene.at_s for scene in self.script]
        if times != sorted(times):
            raise ValueError("the script's scenes must be in order of at_s")
        if not self.mean_stay_s > 0:
            raise ValueError(f"mean_stay_s is {self.mean_stay_s}, expected a time above zero")

    def active(self, stream: str, at_s: float) -> tuple[Fault, ...]:
        """Return the faults that strike `stream` at `at_s` seconds into the session."""
        return tuple(fault for fault in self.faults
                     if fault.stream == stream and fault.at_s <= at_s < fault.at_s + fault.for_s)
