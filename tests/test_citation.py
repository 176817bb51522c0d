"""The files at the top that others read: how to cite, what changed, and what is said about safety."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import refresh

ROOT = refresh.ROOT
LIBRARY = ROOT / "lib" / "music_adversaries"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
# What the schema of the Citation File Format 1.2.0 requires and allows.
REQUIRED = {"authors", "cff-version", "message", "title"}
ALLOWED = REQUIRED | {
    *("abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license", "license-url"),
    *("preferred-citation", "references", "repository", "repository-artifact", "repository-code", "type", "url"),
    "version",
}


def test_the_citation_has_what_its_format_requires() -> None:
    assert REQUIRED <= CITATION.keys() <= ALLOWED
    assert CITATION["cff-version"] == "1.2.0" and CITATION["type"] in ("software", "dataset")
    assert all(isinstance(CITATION[name], str) and CITATION[name] for name in ("message", "title", "version"))
    for reference in CITATION["references"]:
        assert {"authors", "title", "type"} <= reference.keys()


def test_the_citation_says_what_the_project_says() -> None:
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["abstract"] == PROJECT["description"]
    assert CITATION["authors"] == PROJECT["authors"]  # of a name alone: an entity, no invented person
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"title = {{{CITATION['title']}}}" in readme and f"Version {CITATION['version']}" in readme


def test_the_paper_is_cited_as_in_the_bibliography() -> None:
    entries = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    fields = dict(re.findall(r"(\w+) = \{(.+?)\},?\n", entries.partition("{kereliuk2015deep,")[2].partition("\n}")[0]))
    (paper,) = CITATION["references"]
    authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    assert authors == fields["author"]
    assert f"{paper['start']}--{paper['end']}" == fields["pages"]
    names = {
        "title": "title",
        "journal": "journal",
        "volume": "volume",
        "issue": "number",
        "year": "year",
        "doi": "doi",
    }
    assert {name: str(paper[name]) for name in names} == {name: fields[there] for name, there in names.items()}


def test_the_changelog_knows_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert PROJECT["version"] in (headings[1:2] or re.findall(r"first release will be (\S+)\.", text))
    assert set(re.findall("^### (.+)$", text, re.MULTILINE)) <= {
        *("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"),
    }


# SECURITY.md


def calls(path: Path) -> list[tuple[str, str]]:
    """What a file calls: the name, and the whole call."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), ast.unparse(node)) for node in ast.walk(tree) if isinstance(node, ast.Call)]


UNSAFE = {
    "eval",
    "exec",
    "pickle.load",
    "pickle.loads",
    "joblib.load",
    "pd.read_pickle",
    "os.system",
    "yaml.unsafe_load",
}


def unsafe(name: str, call: str) -> bool:
    return (
        name in UNSAFE
        or (name == "torch.load" and "weights_only=True" not in call)
        or (name == "yaml.load" and "SafeLoader" not in call)
        or "allow_pickle=True" in call
        or "shell=True" in call
    )


def test_nothing_that_is_read_can_run_code() -> None:
    found = [(path.name, call) for path in LIBRARY.rglob("*.py") for name, call in calls(path) if unsafe(name, call)]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "torch.load(p)",
        "torch.load(p, weights_only=False)",
        "yaml.load(t, yaml.Loader)",
        "np.load(p, allow_pickle=True)",
    ],
)
def test_what_could_run_code_is_noticed(tmp_path: Path, code: str) -> None:
    (tmp_path / "a.py").write_text(code)
    assert [unsafe(*call) for call in calls(tmp_path / "a.py")] == [True]


def test_only_datasets_ask_the_network() -> None:
    network = re.compile(r"^\s*(?:import|from) (?:requests|pooch|urllib\.request|urllib3|http|socket|ftplib)\b", re.M)
    asking = {path.parent.name for path in LIBRARY.rglob("*.py") if network.search(path.read_text(encoding="utf-8"))}
    assert asking == {"datasets"}
