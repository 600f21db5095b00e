"""Every frame that is sent, as one table; ``attnflow.dbc`` is written from it, and nothing else says it again.

All frames are classic CAN, 8 bytes, little-endian, with 11-bit numbers, and begin alike: a checksum, a counter from 0
to 15, the status, the confidence and the age of what the frame tells.

Checksum: CRC-8 SAE J1850 (polynomial 0x1D, initial value and final exclusive-or 0xFF) over the frame's number, low
byte first, and then its bytes 1 to 7. The number is in it so that a frame under a wrong number is noticed, as in
AUTOSAR's end-to-end protection. The counter steps by one with each frame of a message.

To write the DBC anew after a change: ``python -c "from fusion.outputs import can_layout; can_layout.write()"``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fusion.outputs.can_codes import LEVELS, PROFILES, RULES, STATES, STATUSES

DBC = Path(__file__).with_name("attnflow.dbc")
"""The DBC that ships."""
ABSENT = "not_available"
BYTES = 8
POLYNOMIAL, INITIAL, FINAL = 0x1D, 0xFF, 0xFF


class Field(NamedTuple):
    """One signal."""

    name: str
    bits: int
    factor: float = 1.0
    low: float = 0.0
    high: float = 0.0
    """0 with a low of 0: all that its bits can hold."""
    unit: str = ""
    signed: bool = False
    absent: bool = False
    """Whether its last raw value (of a signed one the lowest) means that there is none."""
    words: Sequence[str] = ()
    """What its raw values 0, 1, 2 ... are called."""
    comment: str = ""

    @property
    def top(self) -> float:
        """The largest value."""
        return self.high or (1 << self.bits) - 1

    @property
    def absent_raw(self) -> int:
        """The raw value that means "none"."""
        return -(1 << self.bits - 1) if self.signed else (1 << self.bits) - 1


class Layout(NamedTuple):
    """One message."""

    name: str
    number: int
    fields: tuple[Field, ...]
    comment: str


def _share(name: str, comment: str) -> Field:
    return Field(name, 8, 0.005, 0, 1, "1", absent=True, comment=comment)


HEAD = (
    Field("Checksum", 8, comment="CRC-8 SAE J1850 over the frame's number, low byte first, and bytes 1 to 7."),
    Field("Counter", 4, comment="Steps by one with each frame of this message, 15 to 0."),
    Field("Status", 4, words=STATUSES, comment="How far the session stands behind what the frame tells."),
    _share("Confidence", "0 to 1: of the state its probability, of gaze the sensor's trust in the face."),
    Field("Age", 16, 1, 0, 65000, "ms", absent=True,
          comment="Time from when it was true until the frame was sent; 65000 is that or more."),
)
"""How every frame begins."""

LAYOUTS = (
    Layout("AttnState", 0x5A0, (*HEAD, Field("State", 4, words=STATES), Field("Reserved", 4),
                                _share("Attention", "Attention."),
                                _share("AttentionSd", "Its standard deviation.")),
           "The attention state, at the session's rate: the heartbeat."),
    Layout("AttnVigilance", 0x5A1, (*HEAD, _share("Vigilance", "Vigilance."),
                                    _share("VigilanceSd", "Its standard deviation."),
                                    _share("LapseRisk3s", "Probability of a lapse within 3 s.")),
           "Vigilance, with every AttnState."),
    Layout("AttnLoad", 0x5A2, (*HEAD, _share("Load", "Mental load."), _share("LoadSd", "Its standard deviation."),
                               _share("LapseRisk10s", "Probability of a lapse within 10 s.")),
           "Mental load, with every AttnState."),
    Layout("AttnAlert", 0x5A3, (*HEAD, Field("Profile", 4, words=PROFILES), Field("Level", 2, words=LEVELS),
                                Field("Active", 1, words=("ended", "active")), Field("Repeated", 1,
                                                                                    words=("first", "repeated")),
                                Field("Rule", 6, words=RULES), Field("Reserved", 2),
                                Field("Stage", 3, comment="Step of the ladder; 7 is that or more."),
                                Field("Number", 5, comment="The alert's number, 1 to 31 and then 1 again; 0: none.")),
           "An alert: at once when it starts, escalates or ends; while it lasts, with every AttnState; its end, with "
           "the three after it. With no alert at all, level none comes with every AttnState. Status and confidence are "
           "those of the newest state."),
    Layout("AttnGaze", 0x5A4, (*HEAD, Field("Yaw", 12, 0.1, -180, 180, "deg", signed=True, absent=True,
                                            comment="Direction of gaze, + to the person's right."),
                               Field("Pitch", 12, 0.1, -90, 90, "deg", signed=True, absent=True,
                                     comment="Direction of gaze, + up.")),
           "Gaze, with each measurement of the camera or headset."),
)
"""Every message."""


def checksum(number: int, data: bytes) -> int:
    """Return the CRC-8 SAE J1850 of a frame's number and its bytes after the first."""
    register = INITIAL
    for byte in (*number.to_bytes(2, "little"), *data[1:]):
        register ^= byte
        for _ in range(8):
            register = register << 1 & 0xFF ^ (POLYNOMIAL if register & 0x80 else 0)
    return register ^ FINAL


def dbc() -> str:
    """Return the text of the DBC."""
    lines = ['VERSION ""', "", "NS_ :", "", "BS_:", "", "BU_: ATTNFLOW", ""]
    comments = [f'CM_ "{_PREFACE}";']
    values: list[str] = []
    for layout in LAYOUTS:
        lines.append(f"BO_ {layout.number} {layout.name}: {BYTES} ATTNFLOW")
        comments.append(f'CM_ BO_ {layout.number} "{layout.comment}";')
        start = 0
        for field in layout.fields:
            lines.append(f" SG_ {field.name} : {start}|{field.bits}@1{'-' if field.signed else '+'} "
                         f"({field.factor:g},0) [{field.low:g}|{field.top:g}] \"{field.unit}\" Vector__XXX")
            start += field.bits
            if field.comment:
                comments.append(f'CM_ SG_ {layout.number} {field.name} "{field.comment}";')
            named = [*enumerate(field.words), *([(field.absent_raw, ABSENT)] if field.absent else [])]
            if named:
                listed = " ".join(f'{raw} "{word}"' for raw, word in named)
                values.append(f"VAL_ {layout.number} {field.name} {listed} ;")
        lines.append("")
    return "\n".join([*lines, *comments, "", *values]) + "\n"


_PREFACE = ("What attnflow says. Checksum: CRC-8 SAE J1850, polynomial 0x1D, initial value 0xFF, final XOR 0xFF, over "
            "the frame's number, low byte first, and bytes 1 to 7. Nothing here is a safety function.")


def write() -> None:
    """Write the DBC that ships."""
    DBC.write_text(dbc(), encoding="ascii")
