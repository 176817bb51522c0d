"""What the browser tests share: a page opened without a network, and its players pressed."""

from __future__ import annotations

import html.parser
import os
from pathlib import Path
from typing import Any

import pytest

PLAYER, GRID = "music-audition", "music-audition-grid"
LOCAL = ("file:", "data:", "blob:", "about:")

# Page errors that are not ours and harm nobody: (part of the message, reason).
HARMLESS: tuple[tuple[str, str], ...] = ()


def missing(what: str) -> None:
    """Skip on a reader's machine, fail in CI."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what} (CI may not skip this)")
    pytest.skip(what)


class Visit:
    """A page opened from disk with the network off, or from ``server``, with nothing but that in reach.

    Attributes
    ----------
    page : the Playwright page
    outside : addresses that were asked for and are neither file nor data nor of the server
    errors : uncaught errors, and what the page logged as an error
    """

    def __init__(self, context: Any, path: Path | str, server: str | None = None) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.logged: list[str] = []
        self.local = LOCAL if server is None else (*LOCAL, f"http://{server}/", f"ws://{server}/")
        context.set_offline(server is None)
        context.route(lambda url: not url.startswith(self.local), lambda route: route.abort())
        context.on("request", self._see_request)
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", self._see_error)
        self.page.on("console", self._see_console)
        self.page.on("websocket", self._see_request)
        self.page.goto(path.resolve().as_uri() if server is None else f"http://{server}/{path}")

    def _see_request(self, request: Any) -> None:
        if not request.url.startswith(self.local):
            self.outside.append(request.url)

    def _see_error(self, error: Any) -> None:
        message = str(error)
        if not any(part in message for part, _ in HARMLESS):
            self.errors.append(message)

    def _see_console(self, message: Any) -> None:
        if message.type == "error":
            self.logged.append(message.text)

    @property
    def players(self) -> list[Any]:
        """Every player and every grid, as a locator."""
        return self.page.locator(f"{PLAYER}, {GRID}").all()

    def images_without_alt(self) -> list[str]:
        """The beginnings of the sources of all images, inside players too, that say nothing instead."""
        return self.page.evaluate(
            """() => {
                const shadows = [...document.querySelectorAll("*")].map((element) => element.shadowRoot);
                return [document, ...shadows.filter(Boolean)].flatMap((root) => [...root.querySelectorAll("img")])
                    .filter((image) => !(image.getAttribute("alt") || "").trim())
                    .filter((image) => image.getAttribute("role") !== "presentation")
                    .map((image) => image.src.slice(0, 120));
            }"""
        )


def state(player: Any) -> dict[str, Any]:
    """The player's own account of itself."""
    return player.evaluate("player => player.state")


def wait_until(player: Any, condition: str) -> dict[str, Any]:
    """Wait until the JavaScript expression over ``state`` holds, and return the state."""
    player.page.wait_for_function(
        f"player => player.state && (state => {condition})(player.state)", arg=player.element_handle()
    )
    return state(player)


def clip_buttons(player: Any) -> Any:
    """The buttons that choose a clip, as a locator."""
    return player.get_by_role("group", name="Clips").get_by_role("button")


def press_everything(player: Any) -> list[str]:
    """Play, and switch to every clip; what was wrong, in sentences.

    Of a grid, in every version, cells in every row and column are pressed, and all sounds decoded.
    """
    return _press_grid(player) if player.evaluate("player => player.localName") == GRID else _press_player(player)


def _press_player(player: Any) -> list[str]:
    wrong = []
    buttons = clip_buttons(player)
    number = buttons.count()
    if not number:
        return ["The player has no clips."]
    player.get_by_role("button", name="Play", exact=True).click()
    wait_until(player, "state.playing && state.position > 0")
    for i in [*range(1, number), 0]:
        buttons.nth(i).click()
        try:
            wait_until(player, f"state.clip === {i} && state.gains.every((g, j) => Math.abs(g - (j === {i})) < 1e-3)")
        except Exception:
            wrong.append(f"Clip {i + 1} was pressed, and the state is {state(player)}.")
        if buttons.nth(i).get_attribute("aria-pressed") != "true":
            wrong.append(f"The button of clip {i + 1} does not say that it is pressed.")
        if player.get_by_role("img").count() != 1:
            wrong.append(f"Not one picture, but {player.get_by_role('img').count()}, with clip {i + 1}.")
    player.get_by_role("button", name="Pause", exact=True).click()
    if state(player)["playing"]:
        wrong.append("Pause does not pause.")
    return wrong


def cell(grid: Any, row: int, column: int | None) -> Any:
    """The button of a grid's cell or, without a column, of a row's name."""
    return grid.locator(".grid tbody tr").nth(row).get_by_role("button").nth(0 if column is None else column + 1)


SOUNDS = """async (grid) => {
    const wrong = [], { rows, columns, seconds, rate } = grid.data;
    for (const [r, row] of rows.entries()) for (const c of columns.keys()) {
        const where = `${row.name} as ${columns[c]}`;
        try {
            for (const clip of grid.clipsOf(r, c)) {
                const samples = (await grid.decode(clip)).getChannelData(0);
                if (Math.abs(samples.length - seconds * rate) > 2) wrong.push(`${where} is too short.`);
                if (clip.name !== "difference" && samples.every((sample) => !sample)) wrong.push(`${where} is silent.`);
            }
        } catch (error) {
            wrong.push(`${where} cannot be decoded.`);
        }
    }
    return wrong;
}"""


def version_buttons(grid: Any) -> Any:
    """The buttons that choose a grid's version, as a locator; it has none where there is but one version."""
    return grid.get_by_role("group", name="Versions of the table").get_by_role("button")


def _press_grid(grid: Any) -> list[str]:
    shape = grid.evaluate("grid => grid.data ? [grid.data.rows.length, grid.data.columns.length] : [0, 0]")
    if not all(shape):
        return ["The grid has no cells."]
    wrong = []
    if state(grid)["loaded"]:
        wrong.append(f"{state(grid)['loaded']} sounds were decoded before any was asked for.")
    if not grid.locator(".hint").is_visible():
        wrong.append("Nothing is drawn yet, and nothing says why.")
    wrong += _press_version(grid, shape)
    versions = version_buttons(grid)
    for i in range(1, versions.count()):
        versions.nth(i).click()
        pressed = [versions.nth(j).get_attribute("aria-pressed") for j in range(versions.count())]
        if state(grid)["version"] != i or pressed != ["true" if j == i else "false" for j in range(len(pressed))]:
            wrong.append(f"Version {i + 1} was pressed, and the state is {state(grid)}.")
        wrong += [f"version {i + 1}: {fault}" for fault in _press_version(grid, shape)]
    return wrong


def _press_version(grid: Any, shape: list[int]) -> list[str]:
    wrong = []
    failed = grid.evaluate("grid => grid.data.rows.flatMap((row) => row.cells).filter((cell) => cell.failed).length")
    if (marked := grid.locator(".grid td").filter(has_text="✗").count()) != failed:
        wrong.append(f"{failed} attacks failed, and {marked} are marked.")
    # Every row and every column once, then the name of the last row.
    places = [(i % shape[0], i % shape[1]) for i in range(max(shape))]
    for row, column in [*places, ((max(shape) - 1) % shape[0], None)]:
        part = 0 if column is None else 1
        cell(grid, row, column).click()
        kept = "" if column is None else f"&& state.column === {column}"
        try:
            wait_until(
                grid,
                f"state.playing && state.row === {row} {kept} && state.clip === {part} "
                f"&& state.gains.length === 3 && state.gains.every((g, j) => Math.abs(g - (j === {part})) < 1e-3)",
            )
        except Exception:
            wrong.append(f"Row {row + 1}, column {column} was pressed, and the state is {state(grid)}.")
            break
        pressed = grid.locator(".grid tbody [aria-pressed=true]").count()
        if pressed != 1 or cell(grid, row, column).get_attribute("aria-pressed") != "true":
            wrong.append(f"Row {row + 1}, column {column} does not say that it alone is pressed.")
        if grid.get_by_role("img").count() != 1:
            wrong.append(f"Not one picture, but {grid.get_by_role('img').count()}, in row {row + 1}.")
        if grid.locator(".hint").is_visible():
            wrong.append(f"In row {row + 1}, what is drawn is covered by the hint to press.")
    grid.evaluate("grid => grid.pause()")
    return [*wrong, *grid.evaluate(SOUNDS)]


class _Players(html.parser.HTMLParser):
    found = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found += tag in (PLAYER, GRID)


def count_players(path: Path) -> int:
    """How many players and grids a page's source has (comments and scripts do not count)."""
    parser = _Players()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found
