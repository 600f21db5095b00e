"""Where what is learned about a person lies: one folder a pseudonym, under the user's own data."""

import os
import re
import shutil
from pathlib import Path

from models.errors import ModelError

ADAPTER, NETWORK, SESSIONS = "adapter.safetensors", "network.onnx", "sessions"
LONGEST = 40
_PSEUDONYM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def checked(person: str) -> str:
    """Return a pseudonym that may be stored.

    Raises
    ------
    ModelError
        If it looks like a name or an address, or holds anything but a-z, 0-9 and single dashes.
    """
    hint = "Choose a pseudonym of a-z, 0-9 and dashes, such as: p07-evening"
    if "@" in person:
        raise ModelError(f"'{person}' looks like an e-mail address, expected a pseudonym: nothing is stored under who "
                         "somebody is.", hint)
    if any(letter.isspace() for letter in person.strip()):
        raise ModelError(f"'{person}' looks like a full name, expected a pseudonym: nothing is stored under who "
                         "somebody is.", hint)
    if len(person) > LONGEST or not _PSEUDONYM.fullmatch(person):
        raise ModelError(f"'{person}' is no pseudonym: expected 1 to {LONGEST} of a-z, 0-9 and single dashes.", hint)
    return person


def home() -> Path:
    """Return the folder that holds everybody's: XDG_DATA_HOME if it is set, else ~/.local/share."""
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification has relative paths ignored.
    root = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local" / "share"
    return root / "attnflow" / "people"


def folder_of(person: str) -> Path:
    """Return a person's folder, whether or not it is there; see `checked` for what is refused."""
    return home() / checked(person)


def known() -> list[str]:
    """Return the pseudonyms of everybody there is something about."""
    return sorted(path.name for path in home().glob("*") if path.is_dir() and _PSEUDONYM.fullmatch(path.name))


def forget(person: str) -> list[Path]:
    """Remove all that is stored about a person and return the files that were removed.

    Raises
    ------
    ModelError
        If there is nothing, or it cannot be removed.
    """
    folder = folder_of(person)
    if not folder.is_dir():
        raise ModelError(f"Nothing is stored about '{person}'.", "See who is known with: attnflow person list")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise ModelError(f"{folder} cannot be removed ({error.strerror or error}).", "Remove it by hand.") from None
    return files


def about(path: Path) -> dict[str, str]:
    """Return the header of an adapter, without torch; empty where there is none.

    Raises
    ------
    ModelError
        If it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return {}
    try:
        with safe_open(path, framework="np") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: the adapter is damaged ({error}).",
                         "Remove it with attnflow person forget, and learn it again.") from None
