"""What must never enter the repository: recordings, others' code, big files, and paths or hosts of one machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import refresh

ROOT = refresh.ROOT
LARGEST_BYTES = 2 * 1024 * 1024
# A table of two hundred adversaries, all of which play in JupyterLab too; the built page keeps sounds in files of their
# own and loads what is pressed.
LARGER_BYTES = {"book/06_ensembles.ipynb": 4 * 1024 * 1024}
MEDIA = {
    *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".au", ".aif", ".aiff", ".m4a", ".sf2", ".sf3"),
    *(".ttf", ".otf", ".woff", ".woff2", ".eot"),
}
# Written so that neither this file nor a search for the same things finds itself.
HOSTS = re.compile(
    r"(?://|[^a-z])(?:p[y]p[i]|files\.pytho[n]hosted|[a-z.]*npm[j]s|[a-z.]*deb\.deb[i]an|ftp\.[a-z.]*deb[i]an)"
    r"\.(?:org|com)"
)
MACHINE_PATHS = re.compile(r"(?:^|[^A-Za-z0-9_./])/(?:work|tmp|root|opt|farm|home|Users)/", re.M)
ENCODED = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
OWN_SCRIPTS = ("lib/music_adversaries/", "book/_static/")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file that is tracked or would be by the next commit."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of tracked files")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def text(path: Path) -> str:
    """The file's text without base64, in which any path may occur by chance; empty for a binary file."""
    try:
        return ENCODED.sub("", path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return ""


def matching(files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {match[0].strip()}" for path in files if (match := pattern.search(text(path)))]


def test_no_registry_is_named(files: list[Path]) -> None:
    assert not matching(files, HOSTS)


def test_no_path_of_one_machine(files: list[Path]) -> None:
    scripts_aside = [path for path in files if path.suffix != ".lock"]
    assert not matching(scripts_aside, MACHINE_PATHS)


def test_no_recording_and_no_font(files: list[Path]) -> None:
    assert not [str(path.relative_to(ROOT)) for path in files if path.suffix.lower() in MEDIA]


def test_no_big_file(files: list[Path]) -> None:
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in files}
    assert not {name: size for name, size in sizes.items() if size > LARGER_BYTES.get(name, LARGEST_BYTES)}


def test_only_our_own_scripts(files: list[Path]) -> None:
    """Others' browser code comes with npm into an ignored folder; ours is readable and under our licence."""
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in (".js", ".mjs", ".cjs"):
            assert name.startswith(OWN_SCRIPTS), name
            assert ".min." not in name, name
            assert max(map(len, text(path).splitlines()), default=0) < 1_000, f"{name} is minified"
            assert not re.search(r"@license|sourceMappingURL|Copyright", text(path)), name


@pytest.mark.parametrize(
    ("pattern", "wrong", "right"),
    [
        (HOSTS, "see //deb.deb" + "ian.org/x", "the registry"),
        (HOSTS, "https://p" + "ypi.org/simple", "PyPI"),
        (MACHINE_PATHS, "open('/" + "work/a')", "../shared/gtzan"),
        (MACHINE_PATHS, "/ro" + "ot/.cache", "book/_static/a"),
    ],
)
def test_the_patterns_find_what_they_should(pattern: re.Pattern[str], wrong: str, right: str) -> None:
    assert pattern.search(wrong) and not pattern.search(right)
