"""Examples in docstrings run, and the documents tell the truth about names that exist."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from sensors.rig import rig_names

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("sensors", "kernels", "models", "fusion")
WITH_EXAMPLES = sorted(str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for room in ROOMS
                       for path in (ROOT / room).rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_in_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_readme_names_every_rig_and_only_commands_that_exist() -> None:
    from typer.main import get_command

    from fusion.cli import app

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in rig_names() if f"`{name}`" not in text] == []
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"`?attnflow (\w+)", text)) - {"senses", "is"}
    assert named <= commands.keys()


def test_every_file_that_a_document_shows_exists() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{document.name} shows {target}"
