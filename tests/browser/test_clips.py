"""Sounds in files next to the built pages: loaded when needed, from disk, with the network off."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sphinx.application import Sphinx

from listening import Visit, cell, clip_buttons, count_players, press_everything, state, wait_until
from music_adversaries.audition import Change, Clip, GridRow, compare, grid, player
from music_adversaries.spectra import SAMPLE_RATE

EXTENSIONS = Path(__file__).resolve().parents[2] / "book" / "_ext"
RNG = np.random.default_rng(0)
NOISE = [RNG.normal(0, 0.02, SAMPLE_RATE).astype("float32") for _ in range(9)]


def outputs() -> str:
    """A notebook's three outputs: two players that share a sound, and a grid."""
    first = player(Clip("a", NOISE[0]), Clip("b", NOISE[1]), title="A & B")
    second = compare(NOISE[0], NOISE[0] + 0.1 * NOISE[2], seconds=1.0)
    rows = [GridRow(f"row {i}", NOISE[i], [Change(NOISE[i] + 0.1 * NOISE[3 + j]) for j in range(4)]) for i in range(2)]
    table = grid(rows, ["p", "q", "r", "s"], seconds=0.5)
    return "\n".join(each._repr_html_() for each in (first, second, table))


def build(source: Path, target: Path, body: str) -> Path:
    """A book of one page in a folder, built by Sphinx with the extension."""
    (source / "book").mkdir(parents=True, exist_ok=True)
    (source / "index.rst").write_text("Book\n====\n\n.. toctree::\n\n   book/page\n", encoding="utf-8")
    indented = "\n".join(f"   {line}" for line in body.splitlines())
    (source / "book" / "page.rst").write_text(
        f"Page\n====\n\n.. raw:: html\n\n{indented}\n\nProse.\n", encoding="utf-8"
    )
    settings = {"extensions": ["clips"], "html_theme": "basic"}
    Sphinx(source, None, target, source / "doctrees", "html", settings, status=None, freshenv=True).build(
        force_all=True
    )
    return target / "book" / "page.html"


@pytest.fixture(scope="module", autouse=True)
def extension() -> Any:
    sys.path.insert(0, str(EXTENSIONS))
    yield
    sys.path.remove(str(EXTENSIONS))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    return build(folder / "source", folder / "html", outputs())


def files(page: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((page.parents[1] / "_clips").iterdir())}


def sounds_of(source: str) -> set[str]:
    return set(re.findall(r"data:audio/flac;base64,[A-Za-z0-9+/=]+", source))


def test_the_page_is_light_and_every_sound_is_in_a_file_once(page: Path) -> None:
    text, stored = page.read_text(encoding="utf-8"), files(page)
    assert len(text) < 20_000 < 10 * len(text) < len(outputs())
    assert "data:audio" not in text and "data:image" not in text
    assert count_players(page) == 3
    kept = [content.decode() for name, content in stored.items() if name.endswith(".js")]
    assert set().union(*map(sounds_of, kept)) == sounds_of(outputs())
    assert sum("document.currentScript.audio" in text for text in kept) == len(sounds_of(outputs()))
    pictures = {base64.b64decode(found) for found in re.findall(r"data:image/png;base64,([\w+/=]+)", outputs())}
    assert {content for name, content in stored.items() if name.endswith(".png")} == pictures
    assert set(re.findall(r"\.\./_clips/(\w+\.\w+)", text)) == set(stored)


def test_everything_plays_from_disk_without_a_network(visit: Callable[..., Visit], page: Path) -> None:
    seen = visit(page)
    assert len(seen.players) == 3
    assert [fault for each in seen.players for fault in press_everything(each)] == []
    assert (seen.outside, seen.errors, seen.logged, seen.images_without_alt()) == ([], [], [], [])


def test_only_what_is_pressed_is_loaded(visit: Callable[..., Visit], page: Path) -> None:
    seen = visit(page)
    loaded: list[str] = []
    seen.page.on("request", lambda request: loaded.append(Path(request.url).name))
    table = seen.players[2]
    cell(table, 1, 2).click()
    wait_until(table, "state.playing && state.gains[1] === 1")
    sounds = [name for name in loaded if name.endswith(".js")]
    assert len(sounds) == len(set(sounds)) == state(table)["loaded"] == 2  # the original and one difference
    cell(table, 1, 3).click()
    wait_until(table, "state.column === 3 && state.gains[1] === 1")
    assert len([name for name in loaded if name.endswith(".js")]) == 3


def test_a_missing_file_is_said_and_the_rest_plays(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = build(tmp_path / "source", tmp_path / "html", outputs())
    for name, content in files(page).items():
        if next(iter(sounds_of(player(Clip("b", NOISE[1]))._repr_html_()))).encode() in content:
            (page.parents[1] / "_clips" / name).unlink()
    seen = visit(page)
    first, second, _ = seen.players
    first.get_by_role("button", name="Play", exact=True).click()
    first.get_by_role("alert").wait_for()
    assert re.search(r"\(\.\./_clips/\w+\.js is missing\)", first.get_by_role("alert").inner_text())
    assert press_everything(second) == []


def test_the_same_page_gives_the_same_files_and_old_ones_go(tmp_path: Path, page: Path) -> None:
    again = build(tmp_path / "source", tmp_path / "html", outputs())
    assert files(again) == files(page)
    assert again.read_bytes() == page.read_bytes()
    small = build(tmp_path / "source", tmp_path / "html", player(Clip("a", NOISE[0]))._repr_html_())
    assert len(files(small)) == 3  # a sound, its picture, the script
    assert set(files(small)) < set(files(page))


def test_what_cannot_fetch_or_is_no_player_stays_as_it_is(page: Path) -> None:
    from clips import move_clips

    def refuse(content: bytes, ending: str) -> str:
        raise AssertionError("something was moved")

    sound = "data:audio/flac;base64," + "A" * 2_000
    others = f'<p>"{sound}"</p><audio src="{sound}"></audio>'
    older = (
        f'<music-audition><script type="application/json">{{"audio":"{sound}"}}</script></music-audition>\n'
        f"<script>atob(x)</script>"
    )
    assert move_clips(others + older, refuse) == others + older


def test_moved_and_embedded_players_say_the_same(visit: Callable[..., Visit], page: Path, tmp_path: Path) -> None:
    """What is decoded from the files is what the embedded player decodes."""
    embedded = player(Clip("a", NOISE[0]), Clip("b", NOISE[1])).write(tmp_path / "page.html")
    decoded = []
    for path in (page, embedded):
        each = visit(path).players[0]
        clip_buttons(each).nth(1).click()
        each.get_by_role("button", name="Play", exact=True).click()
        wait_until(each, "state.playing")
        decoded.append(each.evaluate("each => each.buffers.map((buffer) => [...buffer.getChannelData(0)])"))
    assert decoded[0] == decoded[1]
