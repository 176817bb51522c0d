"""The ledger: ``book/claims.yml``, every claim with the line that an experiment's interval is compared with.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from reprlib import repr  # of what a file holds, however long or deep that is
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..measurements import COLUMNS, Selection, is_number
from ..records import Record, book_folder
from .interval import interval
from .paper import PaperReference

if TYPE_CHECKING:
    import yaml

NOT_TESTED = "not tested yet"
NOT_TESTABLE = "not testable here"
SIDES = ("above", "below", "within")


@dataclass(frozen=True)
class Line:
    """The line of a claim: the number ``plus``, added to another result of the same record if one is named."""

    plus: float
    quantity: Selection | None = None

    def of(self, record: Record) -> tuple[float, float] | None:
        """Lower and upper end of the line in a record; None where the measurement is missing."""
        if self.quantity is None:
            return self.plus, self.plus
        found = record.find(self.quantity)
        if found is None:
            return None
        estimate, low, high = interval(found, f"{record.place}: {self.quantity}")
        return (estimate if low is None else low) + self.plus, (estimate if high is None else high) + self.plus


@dataclass(frozen=True)
class PValue:
    """A p-value that decides instead of an interval: a quantity under the same conditions, and its limit."""

    quantity: str
    below: float


@dataclass(frozen=True)
class Predicate:
    """A claim's quantity lies above a line, below it, or within it and its negative."""

    quantity: Selection
    above: bool
    line: Line
    within: bool = False
    p_value: PValue | None = None


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, as ``book/claims.yml`` states it.

    Either ``experiment`` and ``predicate`` are set, or ``state`` and ``because``.
    """

    id: str
    claim: str
    where: str
    scope: str
    experiment: str | None = None
    predicate: Predicate | None = None
    state: str | None = None
    because: str | None = None
    paper: tuple[PaperReference, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A statement of a chapter that is judged by a number, as ``book/claims.yml`` states it.

    Without ``experiment``, the number is computed on the page.
    """

    id: str
    finding: str
    chapter: str
    predicate: Predicate
    experiment: str | None = None


def read_claims(path: Path | str | None = None) -> list[Claim]:
    """Read and check the claims.

    Parameters
    ----------
    path : path
        Default: ``book/claims.yml``, whose head explains the fields.

    Raises
    ------
    InputError
        When the file is missing or is not YAML, or an entry is bad; the entry and the field are named.

    Notebook: book/09_verdicts.ipynb
    """
    path, content = _content(path)
    return _each_once([_claim(*entry) for entry in _entries(content, "claims", path)], f"{path}, claims")


def read_findings(path: Path | str | None = None) -> list[Finding]:
    """Read and check the findings, which are listed below the claims: see `read_claims`.

    Notebook: book/09_verdicts.ipynb
    """
    path, content = _content(path)
    return _each_once([_finding(*entry) for entry in _entries(content, "findings", path)], f"{path}, findings")


def _content(path: Path | str | None) -> tuple[Path, dict[str, Any]]:
    import yaml

    path = Path(path) if path else book_folder() / "claims.yml"
    try:
        # libyaml's parser where PyYAML was built with it, for the other takes longer than all else here.
        content = yaml.load(
            path.read_text(encoding="utf-8"), _each_field_once(getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        )
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # a date that is none is a ValueError
        problem = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as YAML ({problem}); correct it or restore it.") from error
    if not isinstance(content, dict) or not set(content) <= {"claims", "findings"}:
        raise InputError(f"{path} must hold the lists claims and findings, and nothing else; correct it or restore it.")
    return path, content


@cache
def _each_field_once(base: type[yaml.SafeLoader]) -> type[yaml.SafeLoader]:
    """A loader that refuses a field that is there twice, of which YAML's own believes the last."""
    import yaml

    def construct_mapping(self: yaml.SafeLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(key.value if isinstance(key.value, str) else id(key))
        return base.construct_mapping(self, node, deep)

    return type("Loader", (base,), {"construct_mapping": construct_mapping})


@cache
def _experiments() -> frozenset[str]:
    """The experiments, by the names of their files: to import them takes longer than all else here."""
    folder = Path(__file__).parents[1] / "experiments"
    return frozenset(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def _experiment(entry: dict[str, Any], where: str) -> str:
    name = _text(entry, "experiment", where)
    if name not in _experiments():
        known = ", ".join(sorted(_experiments()))
        raise InputError(f"{where}: there is no experiment {name!r}; use one of {known}.")
    return name


def _entries(content: dict[str, Any], name: str, path: Path) -> list[tuple[Any, str]]:
    """The entries of one list, each with its name for messages."""
    entries = content.get(name)
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path} holds no list of {name}; begin each with '- id:'.")
    return [(entry, f"{path}, {name}, entry {number}") for number, entry in enumerate(entries, 1)]


def _with_id(entry: dict[str, Any], where: str) -> str:
    """The entry's name for messages, with its id if that is one: a line break in it would break the message."""
    id = entry.get("id")
    return f"{where} ({id})" if isinstance(id, str) and id.strip() and id.isprintable() else where


def _each_once(entries: list[Any], where: str) -> list[Any]:
    names = [entry.id for entry in entries]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(
                f"{where}, entry {number + 1}: the field id says {name!r}, as an earlier entry does; rename it."
            )
    return entries


def _finding(entry: Any, where: str) -> Finding:
    if not isinstance(entry, dict):
        raise InputError(
            f"{where} is not a set of fields; give id, finding, chapter, predicate and, if any, experiment."
        )
    where = _with_id(entry, where)
    _fields(entry, where, ("id", "finding", "chapter", "predicate"), ("experiment",))
    text = {name: _text(entry, name, where) for name in ("id", "finding", "chapter")}
    experiment = _experiment(entry, where) if "experiment" in entry else None
    return Finding(**text, predicate=_predicate(entry["predicate"], f"{where}: predicate"), experiment=experiment)


def _claim(entry: Any, where: str) -> Claim:
    if not isinstance(entry, dict):
        raise InputError(f"{where} is not a set of fields; give id, claim, where, scope and the rest.")
    where = _with_id(entry, where)
    _fields(entry, where, ("id", "claim", "where", "scope"), ("paper", "experiment", "predicate", "untested"))
    claim = Claim(
        id=_text(entry, "id", where),
        claim=_text(entry, "claim", where),
        where=_text(entry, "where", where),
        scope=_text(entry, "scope", where),
        paper=tuple(_reference(item, where) for item in _list(entry.get("paper", []), where)),
    )
    tested, untested = "experiment" in entry or "predicate" in entry, "untested" in entry
    if tested == untested:
        raise InputError(f"{where}: give either the fields experiment and predicate, or the field untested.")
    if untested:
        inner = f"{where}: untested"
        _fields(entry["untested"], inner, ("state", "because"), ())
        state = _text(entry["untested"], "state", inner)
        if state not in (NOT_TESTED, NOT_TESTABLE):
            raise InputError(f"{inner}: the field state says {state!r}; use {NOT_TESTED!r} or {NOT_TESTABLE!r}.")
        return dataclasses.replace(claim, state=state, because=_text(entry["untested"], "because", inner))
    return dataclasses.replace(
        claim,
        experiment=_experiment(entry, where),
        predicate=_predicate(entry.get("predicate"), f"{where}: predicate"),
    )


def _predicate(entry: Any, where: str) -> Predicate:
    _fields(entry, where, ("quantity",), (*SIDES, "of", "p_value"))
    given = [side for side in SIDES if side in entry]
    if len(given) != 1:
        raise InputError(f"{where}: give exactly one of the fields {', '.join(SIDES[:-1])} and {SIDES[-1]}.")
    side = given[0]
    line = entry[side]
    if isinstance(line, dict):
        inner = f"{where}: {side}"
        _fields(line, inner, ("quantity",), ("plus", "of"))
        made = Line(_number(line.get("plus", 0.0), f"{inner}: the field plus"), _selection(line, inner))
    else:
        made = Line(_number(line, f"{where}: the field {side}"))
    if side == "within" and not (made.quantity is None and made.plus > 0):
        raise InputError(f"{where}: the field within must be a number above 0; it is {repr(line)}.")
    p_value = None
    if "p_value" in entry:
        inner = f"{where}: p_value"
        if side == "within":
            raise InputError(f"{inner}: it cannot be combined with the field within; use above or below.")
        _fields(entry["p_value"], inner, ("quantity", "below"), ())
        limit = _number(entry["p_value"]["below"], f"{inner}: the field below")
        if not 0 < limit <= 1:
            raise InputError(f"{inner}: the field below must lie between 0 and 1; it is {limit:g}.")
        p_value = PValue(_text(entry["p_value"], "quantity", inner), limit)
    return Predicate(_selection(entry, where), side == "above", made, side == "within", p_value)


def _selection(entry: dict[str, Any], where: str) -> Selection:
    """The selected measurement: its quantity in the field ``quantity``, its conditions in the field ``of``."""
    conditions = entry.get("of", {})
    if not isinstance(conditions, dict):
        raise InputError(f"{where}: the field of must be a set of conditions; it is {repr(conditions)}.")
    for name, value in conditions.items():
        if not isinstance(name, str) or name in COLUMNS or not isinstance(value, str | int | float):
            raise InputError(
                f"{where}: the field of states {name!r} as {repr(value)}; give names with a text or a number each."
            )
    return Selection(_text(entry, "quantity", where), tuple(conditions.items()))


def _reference(entry: Any, where: str) -> PaperReference:
    where = f"{where}: paper"
    _fields(entry, where, ("where", "quantity"), ("source",))
    source = _text(entry, "source", where) if "source" in entry else None
    return _text(entry, "where", where), _text(entry, "quantity", where), source


def _fields(entry: Any, where: str, needed: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    if not isinstance(entry, dict):
        raise InputError(f"{where} is not a set of fields; give {', '.join(needed)}.")
    for name in needed:
        if name not in entry:
            raise InputError(f"{where}: the field {name} is missing; add it.")
    for name in entry:
        if name not in (*needed, *allowed):
            raise InputError(f"{where}: there is no field {name!r}; use {', '.join((*needed, *allowed))}.")


def _text(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: the field {name} must be a text; it is {repr(value)}.")
    return " ".join(value.split())


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where}: the field paper must be a list of rows of paper_values.csv; it is {repr(value)}.")
    return value


def _number(value: Any, what: str) -> float:
    if not is_number(value):
        raise InputError(f"{what} must be a number; it is {repr(value)}.")
    return float(value)
