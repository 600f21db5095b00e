"""Machine code is kept for the kernels as they are, and where it cannot be kept they run all the same."""

import os
import subprocess
import sys
from pathlib import Path

from kernels import jit

ROOT = Path(__file__).resolve().parents[2]
SUM = """
import sys
import numpy as np
from kernels import jit, medians
values = np.array([3.0, 1.0, 2.0])
print(jit.FOLDER, medians.median(values, 3))
"""


def run(**environment: str) -> str:
    done = subprocess.run([sys.executable, "-c", SUM], cwd=ROOT, env=os.environ | environment, capture_output=True,
                          text=True, check=True)
    return done.stdout.strip()


def test_without_a_place_for_machine_code_kernels_are_compiled_anew(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert run(XDG_CACHE_HOME=str(tmp_path / "file")) == "2.0"


def test_machine_code_lies_in_the_folder_of_this_version_and_few_others_stay(tmp_path: Path) -> None:
    for number in range(6):
        old = tmp_path / "attnflow" / f"kernels-{number}"
        old.mkdir(parents=True)
        os.utime(old, (number, number))
    folder, median = run(XDG_CACHE_HOME=str(tmp_path)).split()
    assert median == "2.0"
    assert Path(folder) == tmp_path / "attnflow" / f"kernels-{jit.source_hash()}"
    assert list(Path(folder).rglob("*.nbi"))
    assert {path.name for path in (tmp_path / "attnflow").iterdir()} == {"kernels-3", "kernels-4", "kernels-5",
                                                                        Path(folder).name}
