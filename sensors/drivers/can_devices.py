"""Which CAN buses this machine has, found without opening any or importing a CAN library."""

from pathlib import Path
from typing import NamedTuple

NETWORK = Path("/sys/class/net")
"""Linux keeps its network devices here; other systems have no such folder."""
CAN_TYPE = "280"
"""The hardware type of a CAN device (Linux: include/uapi/linux/if_arp.h, ARPHRD_CAN)."""


class CanDevice(NamedTuple):
    """One CAN bus of this machine."""

    channel: str
    """What the rig's ``channel`` takes, with the interface socketcan."""
    state: str
    """"up", "down" or "unknown"; a virtual one that is up is "unknown"."""


def list_devices() -> tuple[CanDevice, ...]:
    """Return the CAN devices of Linux by name; none on other systems, whose adapters only their own libraries know."""
    found = [CanDevice(folder.name, _text(folder / "operstate")) for folder in NETWORK.glob("*")
             if _text(folder / "type") == CAN_TYPE]
    return tuple(sorted(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
