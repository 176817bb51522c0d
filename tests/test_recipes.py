"""CONTRIBUTING.md is followed exactly, in a copy: the files it describes are written, and its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import small_music
from music_adversaries import audio
from refresh import ROOT
from small_system import recording

COPIED = ("lib", "tests", "tools", "book", "data_manifests", "conftest.py", "pyproject.toml", "_toc.yml", "_config.yml")
STEP = re.compile(r"^(?:(Create|Change) `([^`]+)`|(Run)):\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One thing that a recipe says to do."""

    kind: str
    path: str
    text: str


def recipes() -> dict[str, list[Step]]:
    """The steps of every recipe, by its heading."""
    found = {}
    for section in re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)[1:]:
        steps = [Step(create or run, path, text) for create, path, run, text in STEP.findall(section)]
        if steps:
            found[section.partition("\n")[0]] = steps
    return found


def changed(text: str, diff: str, path: str) -> str:
    """A file's text with a block of lines replaced, as a diff without line numbers says."""
    lines = diff.splitlines()
    assert {line[:1] for line in lines} <= {" ", "+", "-"}, f"a line of the change of {path} has no sign"
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
    assert text.count(before) == 1, f"{path} has {text.count(before)} places like this; one is needed:\n{before}"
    return text.replace(before, after)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the repository, with some music of the user's beside."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "_build")
    for name in COPIED:
        source = ROOT / name
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(
            source, folder / name
        )
    small_music.write_music(folder / "MUSIC", each=8, seconds=1.5)
    audio.write_wav(folder / "song.wav", recording("dark", 77))
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    if words[0] == "music-adversaries":
        words[:1] = [sys.executable, "-c", "from music_adversaries.cli import main; main()"]
    elif words[0] == "python":
        words[:1] = [sys.executable]
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder / "lib"),
        "MUSIC_ADVERSARIES_CACHE": str(folder / ".cache"),
        "MUSIC_ADVERSARIES_FOLDER": str(folder / "MUSIC" / "manifest.csv"),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


def follow(steps: list[Step], folder: Path) -> str:
    """Do what a recipe says, in order; what its commands printed."""
    printed = ""
    for step in steps:
        path = folder / step.path
        if step.kind == "Create":
            assert not path.exists(), f"{step.path} is there already"
            path.write_text(step.text)
        elif step.kind == "Change":
            path.write_text(changed(path.read_text(), step.text, step.path))
        else:
            for command in step.text.splitlines():
                done = run(command, folder)
                said = f"$ {command}\n{done.stdout}{done.stderr}"
                # An attack that does not reach its target ends with 1: it ran all the same.
                allowed = (0, 1) if " attack " in command else (0,)
                assert done.returncode in allowed, said
                printed += said
    return printed


SAYS = {
    "An attack": ["1 passed", "song.wav: dark", "written to out"],
    "A dataset": ["24 of 24 excerpts intact", "artist_filtered of clicks: drawn with seed 0"],
    "An experiment": ["1 passed", "loudness\n  How much louder is one class than another?", "loudness on clicks"],
    "A claim": ["dark-louder (Section 5)", "REPRODUCED on clicks, quick: level (label dark)"],
    "A chapter": ["1 notebooks executed, 1 files changed"],
}


# In the order of the page: a later recipe uses what an earlier one added.
@pytest.mark.parametrize("name", list(SAYS))
def test_a_recipe_does_what_it_says(name, copy):
    printed = follow(recipes()[name], copy)
    for words in SAYS[name]:
        assert words in printed, printed


def test_every_recipe_is_followed():
    assert list(recipes()) == list(SAYS)


def test_a_change_that_fits_nowhere_or_twice_is_refused():
    assert changed("a\nb\nc\n", " b\n+x\n", "f") == "a\nb\nx\nc\n"
    assert changed("a\nb\nc\n", " a\n-b\n+x\n", "f") == "a\nx\nc\n"
    for text in ("a\nc\n", "b\nb\n"):
        with pytest.raises(AssertionError, match="one is needed"):
            changed(text, " b\n+x\n", "f")
