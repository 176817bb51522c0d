"""tools/build_book.py and tools/steps.py: a checkout stays as it is, and a long command says how long."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import build_book
import refresh
import steps


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Builds nothing; returns the notebooks that would have been executed."""
    executed: list[Path] = []
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    monkeypatch.setattr(refresh, "set_environment", lambda *_: None)
    monkeypatch.setattr(refresh, "prepare_dataset", lambda *_: None)
    monkeypatch.setattr(refresh, "run_experiments", lambda: None)
    monkeypatch.setattr(refresh, "refresh", lambda notebooks, **_: executed.extend(notebooks))
    monkeypatch.setattr(subprocess, "run", lambda command: SimpleNamespace(returncode=0, command=command))
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).write_text("")
    return executed


@pytest.mark.parametrize(
    ("arguments", "pages"),
    [
        ([], "_build/html"),
        (["--dataset", "gtzan-mini", "--profile", "full"], "_build/gtzan-mini-full/html"),
        (["--profile", "full"], "_build/synthetic-full/html"),
    ],
)
def test_copies_are_executed_and_never_the_stored_notebooks(pretended, tmp_path, capsys, arguments, pages):
    assert build_book.main(arguments) == 0
    assert [path.name for path in pretended] == [path.name for path in refresh.chapters()]
    for path in pretended:
        assert path.is_relative_to(tmp_path / "_build") and not path.is_relative_to(refresh.BOOK)
        assert path.read_bytes() == (refresh.BOOK / path.name).read_bytes()
    out = capsys.readouterr().out
    assert (tmp_path / pages / "index.html").as_uri() in out
    assert out.count("== ") == 4 and "total" in out


def test_a_failure_still_says_where_the_time_went(pretended, monkeypatch, capsys):
    def fails() -> None:
        raise refresh.RefreshError("cell 3 failed")

    monkeypatch.setattr(refresh, "run_experiments", fails)
    assert build_book.main([]) == 1
    said = capsys.readouterr()
    assert "cell 3 failed" in said.err and "experiments" in said.out and not pretended


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "about 10 s"), (44, "about 40 s"), (89, "about 90 s"), (100, "about 2 min"), (570, "about 10 min")],
)
def test_durations_in_words(seconds, words):
    assert steps.about(seconds) == words


def test_what_is_expected_follows_from_this_machine(tmp_path, monkeypatch, capsys):
    noted = {"machine": {"slowness": 0.5}, "commands": {"book": {"pages": 100.0}}, "notebooks": {}}
    path = tmp_path / "durations.json"
    path.write_text(json.dumps(noted))
    monkeypatch.setattr(steps, "DURATIONS", path)
    monkeypatch.setattr(steps, "slowness", lambda: 1.5)
    command = steps.Steps("book")
    with command.step("pages"):
        pass
    with command.step("never timed"):
        pass
    assert "== pages (about 5 min, less for what is in the cache)" in capsys.readouterr().out
    assert command.expected("never timed") == ""
    lines = command.summary().splitlines()
    assert len(lines) == 3 and lines[-1].endswith("total") and "pages" in lines[0]
    command.note("book", {"01.ipynb": 3.14159})
    again = json.loads(path.read_text())
    assert again["machine"]["slowness"] == 1.5 and set(again["commands"]["book"]) == {"pages", "never timed"}
    assert again["notebooks"] == {"01.ipynb": 3.1}


def test_every_step_of_a_command_was_timed():
    noted = json.loads(steps.DURATIONS.read_text())
    assert set(noted["commands"]["book"]) == {"data set", "experiments", "notebooks", "pages"}
    assert set(noted["notebooks"]) == {path.name for path in refresh.chapters()}
