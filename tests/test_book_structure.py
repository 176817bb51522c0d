"""The book hangs together: contents, pages, pictures in words, and one list of versions."""

from __future__ import annotations

import json
import os
import re
import tomllib
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import nbformat
import pytest
import yaml

import refresh

ROOT = refresh.ROOT
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
ENDINGS = (".ipynb", ".md", ".rst")
LOCK_LINE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?: ; [^/@]+)?")


def contents() -> list[str]:
    """Every page of _toc.yml in reading order, without file endings."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    below = [
        page for chapter in chapters for section in chapter.get("sections", ()) for page in ROOT.glob(section["glob"])
    ]
    return [
        toc["root"],
        *(chapter["file"] for chapter in chapters),
        *sorted(page.relative_to(ROOT).with_suffix("").as_posix() for page in below),
    ]


def sources(page: str) -> list[Path]:
    return [path for ending in ENDINGS if (path := ROOT / f"{page}{ending}").is_file()]


@pytest.mark.parametrize("page", contents())
def test_every_entry_of_the_contents_has_one_source(page: str) -> None:
    assert len(sources(page)) == 1, f"{page} has {len(sources(page))} sources, {ENDINGS}; one is needed"


def test_every_page_of_the_book_is_in_the_contents() -> None:
    pages = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in [*refresh.BOOK.glob("*.*"), *refresh.BOOK.glob("api/*")]
        if path.suffix in ENDINGS
    }
    assert pages == set(contents())
    assert len(contents()) == len(set(contents())), "a page stands in the contents twice"


# Pictures


def figures(path: Path) -> list[nbformat.NotebookNode]:
    """The cells of a notebook that store a picture."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        cell
        for cell in cells
        if cell.cell_type == "code"
        and any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
    ]


@pytest.mark.parametrize("path", refresh.chapters(), ids=lambda path: path.name)
def test_every_figure_is_told_in_words(path: Path) -> None:
    for cell in figures(path):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert len(alt) >= 20, (
            f"{path.name}, cell {cell.execution_count}: say what the figure shows in the cell's metadata, "
            '{"mystnb": {"image": {"alt": "..."}}}'
        )


class Page(HTMLParser):
    """Collects what a page loads, and the pictures in its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        link = given.get("href") if tag == "link" else given.get("src")
        if link:
            self.loads.append(link)
        if tag == "img" and "_images/" in (given.get("src") or ""):
            self.pictures.append(given)


@pytest.fixture(scope="module")
def built() -> list[Path]:
    pages = sorted((HTML / "book").rglob("*.html"))
    if not pages:
        pytest.skip(f"no pages in {HTML}; `make html` builds them")
    return pages


def test_every_page_was_built(built: list[Path]) -> None:
    assert {page.relative_to(HTML).with_suffix("").as_posix() for page in built} >= set(contents())
    assert f"url={contents()[0]}.html" in (HTML / "index.html").read_text()


def test_every_picture_on_a_page_has_a_description(built: list[Path]) -> None:
    for page in built:
        for picture in Page(page).pictures:
            alt = picture.get("alt") or ""
            assert alt and "_images/" not in alt, f"{page.name}: {picture['src']} has no description"


def test_pages_load_nothing_from_outside(built: list[Path]) -> None:
    if not (ROOT / "node_modules" / ".ok").exists():
        pytest.skip("npm did not bring MathJax, so the pages load it from the network; `make setup` tries again")
    outside = {(page.name, link) for page in built for link in Page(page).loads if re.match(r"(?:\w+:)?//", link)}
    assert not outside


# Versions


def lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    matches = [(line, LOCK_LINE.fullmatch(line)) for line in lines]
    wrong = [line for line, match in matches if match is None]
    assert not wrong, f"requirements.lock holds names and versions only, not {wrong}; `make lock` writes it"
    return {match["name"]: match["version"] for _, match in matches if match}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_lock_pins_all_that_the_project_asks_for() -> None:
    pinned = lock()
    asked = [*project()["dependencies"], *chain(*project()["optional-dependencies"].values())]
    names = {re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower().replace("_", "-") for requirement in asked}
    assert names <= set(pinned), f"not in the lock: {names - set(pinned)}; `make lock`"
    assert int(pinned["jupyter-book"].split(".")[0]) == 1, "Jupyter Book 2 reads neither _config.yml nor _toc.yml"


def test_conda_gets_the_versions_of_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *plain, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}, "the lock is the only list of versions"
    specifications = dict((*name.split("="), "")[:2] for name in plain)
    assert {"python", "pip"} <= set(specifications)
    wanted = tuple(map(int, specifications["python"].split(".")))
    assert wanted >= tuple(map(int, project()["requires-python"].removeprefix(">=").split(".")))


def test_npm_gets_the_version_of_its_lock() -> None:
    asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in asked.items():
        assert locked[f"node_modules/{name}"]["version"] == version, f"{name} is not pinned to one version"
    assert not any("resolved" in package for package in locked.values()), "download addresses do not belong here"
