"""Files that a record, the claims or the cache were written to, changed at random: read as they should be, or refused.

Whatever the change, nothing but `InputError` is raised, and what is left out is named.
"""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries import cache
from music_adversaries.book import claims
from music_adversaries.book.measurements import doubt, measurement, without_interval
from music_adversaries.book.records import Record, read_records
from music_adversaries.errors import InputError
from music_adversaries.evaluation import Estimate

ROWS = [
    measurement("labels_reached", Estimate(0.95, 0.92, 0.97, 20), confidence=0.9),
    measurement("snr_drop", Estimate(2.0, 1.0, 3.0, 20, "dB")),
    without_interval("p_artists", 0.02, n=20),
]
RECORD = Record("ensemble", "synthetic", "quick", ROWS, {"table": [{"x": 1}]}, {"seed": 0}, {"commit": "abc"}, "key")
CLAIM = {
    "id": "gain",
    "claim": "It gains.",
    "where": "Section 4",
    "scope": "Here.",
    "experiment": "ensemble",
    "predicate": {"quantity": "labels_reached", "of": {"confidence": 0.9}, "above": 0.9},
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["fraction", "dB", "ensemble", "labels_reached", 0.9, 1, 0, -1])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything that a nested content holds."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path] * bool(path) + [place for name, inner in items for place in places(inner, (*path, name))]


@st.composite
def changed(draw: st.DrawFn, content: Any) -> Any:
    """The content with some of what it holds replaced, left out or renamed."""
    made = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(made) or [(None,)]))
        if last is None:
            break
        holder = made
        for name in way:
            holder = holder[name]
        how = draw(st.sampled_from(("replaced", "left out", "added")))
        if how == "replaced":
            holder[last] = draw(values)
        elif how == "left out":
            del holder[last]
        elif isinstance(holder, dict):
            holder[draw(st.text(max_size=5))] = draw(values)
        else:
            holder.append(draw(values))
    return made


def plain() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return cache.unsealed(json.loads(RECORD.write(folder).read_text()))


WRITTEN = plain()


def believed(text: str) -> Record | None:
    """The record of a file with this text; None where it is refused. Whichever it is, the claims can be judged."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        path = Path(name) / RECORD.filename
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            record = Record.read(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            record = None
        found = read_records(name)
        assert len(found) == (record is not None) and len(said) == (record is None)
        claims.format_table(claims.judgements(found)).encode()
    return record


@settings(max_examples=30)
@given(changed(WRITTEN))
def test_a_record_with_the_right_hash_is_plausible_or_refused(content: Any) -> None:
    try:
        text = json.dumps(cache.sealed(content) if isinstance(content, dict) else content)
    except ValueError:
        return
    record = believed(text)
    if record is not None:
        assert not any(map(doubt, record.measurements)) and record.filename


@settings(max_examples=20)
@given(changed(WRITTEN))
def test_a_record_that_was_changed_is_refused(content: Any) -> None:
    seal = cache.sealed(WRITTEN)[cache.SEAL]
    record = believed(json.dumps({**content, cache.SEAL: seal}))
    assert record is None or json.dumps(content, sort_keys=True) == json.dumps(WRITTEN, sort_keys=True)


@settings(max_examples=30)
@given(st.data())
def test_a_record_with_other_letters_is_refused(data: st.DataObject) -> None:
    text = json.dumps(cache.sealed(WRITTEN), indent=1)
    place = data.draw(st.integers(0, len(text) - 1))
    letters = data.draw(st.text(st.characters(codec="utf-8"), max_size=3))
    record = believed(text[:place] + letters + text[place + data.draw(st.integers(0, 5)) :])
    assert record is None or record.measurements == WRITTEN["measurements"]


@settings(max_examples=30)
@given(st.one_of(changed(cache.sealed({"found": [1, 2.5, "x"], "seconds": 3})), values))
def test_a_kept_file_is_what_was_written_or_nothing(content: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        found = cache.read_json(path)
        assert found is None or found == {"found": [1, 2.5, "x"], "seconds": 3}
        cache.read_json(path, seal=False)


@settings(max_examples=40)
@given(changed({"claims": [CLAIM]}))
def test_a_ledger_is_read_or_refused(content: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.yml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8", errors="surrogatepass")
        try:
            known = claims.read_claims(path)
            claims.format_table(claims.judgements([RECORD], claims=path))
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert known
