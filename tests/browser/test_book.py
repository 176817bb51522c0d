"""The built book, opened from disk with the network off: every player pressed, every picture described.

``make html`` builds ``_build/html``; ``BOOK_HTML`` names another folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from listening import Visit, count_players, missing, press_everything
from music_adversaries.audition import Change, Clip, GridRow, grid, player
from music_adversaries.spectra import SAMPLE_RATE

ROOT = Path(__file__).resolve().parents[2]
BOOK = Path(os.environ.get("BOOK_HTML") or ROOT / "_build" / "html")
# index.html only leads on to the first page; tests/test_book_structure.py looks at where.
FURNITURE = {"genindex.html", "index.html", "search.html", "py-modindex.html"}


def pages_of(folder: Path) -> list[Path]:
    """The pages of a built book that hold chapters."""
    found = (path.relative_to(folder) for path in folder.rglob("*.html"))
    return sorted(path for path in found if path.parts[0] not in ("_static", "_sources") and path.name not in FURNITURE)


PAGES = pages_of(BOOK)
WITH_PLAYERS = [path for path in PAGES if count_players(BOOK / path)]
UNBUILT = [pytest.param(None, id="no-book")]


def built(page: Path | None) -> Path:
    if page is None:
        missing(f"There is no page to open in {BOOK}: make html builds the book, BOOK_HTML names another folder")
    return BOOK / page


def faults(seen: Visit) -> list[str]:
    """What is wrong with an open page, in sentences."""
    wrong = [
        f"player {number}: {fault}" for number, each in enumerate(seen.players, 1) for fault in press_everything(each)
    ]
    wrong += [f"no alternative text: {source}" for source in seen.images_without_alt()]
    wrong += [f"asked the network for {address}" for address in seen.outside]
    wrong += [f"page error: {message}" for message in seen.errors]
    return wrong


@pytest.mark.parametrize("page", WITH_PLAYERS or UNBUILT, ids=str)
def test_every_player_of_a_page_plays(visit: Callable[..., Visit], page: Path | None) -> None:
    path = built(page)
    seen = visit(path)
    assert len(seen.players) == count_players(path)
    assert faults(seen) == []


@pytest.mark.parametrize("page", WITH_PLAYERS or UNBUILT, ids=str)
def test_no_sound_is_loaded_before_it_is_asked_for(visit: Callable[..., Visit], page: Path | None) -> None:
    """Every sound stands in a script of its own; the players' own scripts are the others."""
    path = built(page)
    seen = visit(path)
    names: set[str] = set()
    seen.page.on("request", lambda request: names.add(Path(request.url).name))
    seen.page.reload(wait_until="load")
    scripts = [file for file in (BOOK / "_clips").glob("*.js") if file.name in names]
    assert scripts, "nothing was seen to be loaded, not even the players"
    assert not [file.name for file in scripts if "currentScript.audio =" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITH_PLAYERS] or UNBUILT, ids=str)
def test_a_page_without_players_needs_no_network(visit: Callable[..., Visit], page: Path | None) -> None:
    assert faults(visit(built(page))) == []


@pytest.mark.parametrize("page", PAGES or UNBUILT, ids=str)
def test_on_a_phone_figures_are_legible_and_scroll_in_their_box_only(
    visit: Callable[..., Visit], page: Path | None
) -> None:
    phone = visit(built(page), width=400).page
    assert phone.evaluate("document.documentElement.scrollWidth") == 400, "the page scrolls sideways"
    figures = phone.evaluate(
        """() => [...document.querySelectorAll("div.cell_output img")].map((image) => {
            image.scrollIntoView();
            const box = image.closest("div.cell_output"), { width } = image.getBoundingClientRect();
            box.scrollLeft = 1e6;
            const right = image.getBoundingClientRect().right <= box.getBoundingClientRect().right + 1;
            return { width, right, link: image.closest("a")?.href === image.src };
        })"""
    )
    for figure in figures:
        assert figure["width"] >= 500 and figure["right"], "a figure is tiny, or its end is out of reach"
        assert figure["link"], "a tap does not open the figure alone"


# The check itself, on a fake book: what it passes and what it must not.


def fake_page(folder: Path, extra: str = "") -> Path:
    ramp = np.sin(np.linspace(0, 2000, SAMPLE_RATE)).astype("float32")
    playing = player(Clip("a", 0.1 * ramp), Clip("b", -0.1 * ramp), title="Two")._repr_html_()
    changes = [Change(0.11 * ramp, snr_db=20.0), Change(0.12 * ramp, snr_db=14.0, success=False)]
    playing += grid([GridRow(name, 0.1 * ramp, changes) for name in ("x", "y")], ["p", "q"])._repr_html_()
    path = folder / "book" / "05_adversaries.html"
    path.parent.mkdir(parents=True)
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>Fake</title>{playing}{extra}', encoding="utf-8")
    return path


def grid_script(code: str) -> str:
    """A script after the page's grid, and its class, which spoils them."""
    return f"""<script>{{
        const grid = document.querySelector("music-audition-grid"), Grid = customElements.get("music-audition-grid");
        {code};
    }}</script>"""


def test_pages_are_found(tmp_path: Path) -> None:
    page = fake_page(tmp_path)
    (tmp_path / "search.html").write_text("", encoding="utf-8")
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "webpack.html").write_text("", encoding="utf-8")
    (tmp_path / "intro.html").write_text("<p>About music-audition. <!-- <music-audition> --></p>", encoding="utf-8")
    assert pages_of(tmp_path) == [Path("book/05_adversaries.html"), Path("intro.html")]
    assert [count_players(tmp_path / path) for path in pages_of(tmp_path)] == [2, 0]
    assert count_players(page) == 2


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ("", None),
        ('<img src="https://example.org/x.png" alt="x">', "asked the network for https://example.org/x.png"),
        ('<script src="http://example.org/x.js"></script>', "asked the network for http://example.org/x.js"),
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">', "no alternative text: data:image/gif"),
        ("<script>nowhere()</script>", "page error: nowhere is not defined"),
        ("<music-audition></music-audition>", "player 3: The player has no clips."),
        ("<music-audition-grid></music-audition-grid>", "player 3: The grid has no cells."),
        (
            '<script>customElements.get("music-audition").prototype.select = () => {}</script>',
            "player 1: Clip 2 was pressed, and the state is",
        ),
        (grid_script("Grid.prototype.press = () => {}"), "player 2: Row 1, column 0 was pressed, and the state is"),
        (grid_script("Grid.prototype.exchange = () => {}"), "player 2: Row 2, column 1 was pressed, and the state is"),
        (
            grid_script(
                "const { show } = Grid.prototype;"
                "Grid.prototype.show = function () { this.column = 1; show.call(this); }"
            ),
            "player 2: Row 1, column 0",
        ),
        (grid_script("grid.cells[1][2].textContent = '14'"), "player 2: 2 attacks failed, and 1 are marked."),
        (grid_script("grid.data.rows[1].cells[0].audio = 'gone.js'"), "player 2: y as p cannot be decoded."),
        (
            grid_script(
                "grid.data.rows[0].clip.samples = (x) => x.fill(0); grid.data.rows[0].cells[0].audio = null;"
                "grid.steps = async () => new Int32Array(22050)"
            ),
            "player 2: x as p is silent.",
        ),
        (grid_script("grid.data.rows[0].steps = Promise.resolve([])"), "player 2: 1 sounds were decoded before"),
    ],
)
def test_the_check_tells_a_good_page_from_a_bad_one(
    visit: Callable[..., Visit], tmp_path: Path, extra: str, fault: str | None
) -> None:
    seen = visit(fake_page(tmp_path, extra))
    seen.page.set_default_timeout(3_000)
    found = faults(seen)
    if fault is None:
        assert found == []
    else:
        assert any(sentence.startswith(fault) for sentence in found), found
