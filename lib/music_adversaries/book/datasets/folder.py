"""The user's own music: a folder with a folder for each label, or a CSV manifest.

A folder is read like this: every folder in it is a label, and every WAV, FLAC, OGG, MP3, AU or AIFF file
below that an excerpt; `walk` says what becomes of links, junk and all else. A CSV needs the columns ``path``
and ``label``; the other columns of a manifest (see `manifest`) may be there, partitions too, and paths are
relative to the CSV's folder.

If a recording has no ``duration_s``, its first 30 s are used (from ``start_s`` on), and a note says so.
Missing checksums are computed, so that a file that is replaced later is noticed.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from tqdm.auto import tqdm

from ... import audio
from ...cache import cache_dir, expanded, read_json, write_json
from ...errors import InputError, printable
from .base import (
    CORRUPT,
    MISSING,
    CheckReport,
    Dataset,
    DatasetInfo,
    Problem,
    Verified,
    file_digest,
    matches,
    without_name,
)
from .manifest import COLUMNS, PARTS, Manifest, read_table
from .walk import left_out, plain, shown, walk

if TYPE_CHECKING:
    import pandas as pd

NAME = "folder"
ENVIRONMENT = "MUSIC_ADVERSARIES_FOLDER"
SUMMARY = "your own music: a folder with a folder for each label, or a CSV with the columns path and label"
LICENCE = "yours to know"
MAX_SECONDS = 30.0


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    told = os.environ.get(ENVIRONMENT)
    state = f"at {told} (told by {ENVIRONMENT})" if told else f"give its path, or set {ENVIRONMENT}"
    return DatasetInfo(NAME, SUMMARY, LICENCE, state)


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset; every file is opened once, so that a bad file is refused by name before anything runs.

    Parameters
    ----------
    profile : changes nothing here
    path : the folder or the CSV file; by default what ``MUSIC_ADVERSARIES_FOLDER`` says

    Raises
    ------
    InputError
        When there are fewer than two labels, the CSV is bad, or a file is missing, does not open as
        audio or does not match the checksum given for it.
    """
    source = _source(path)
    manifest, files, notes = _read(source)
    verified = Verified(_key(source))
    manifest, cut = complete(manifest, files, source, verified, progress)
    return Dataset(NAME, profile, manifest, files, notes={"": (*notes, *cut)}, verified=verified)


def get(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Check the folder as :func:`load` does; nothing is copied."""
    dataset = load(profile, path, progress)
    return CheckReport(NAME, profile, _source(path), len(dataset), notes=tuple(dataset.describe_notes()))


def outline(path: Path | str | None = None) -> Manifest:
    """The manifest as far as it is known before any file is opened."""
    return _read(_source(path))[0]


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Decode every file and verify the checksums given, reporting each file that fails."""
    source = _source(path)
    manifest, files, notes = _read(source)
    problems, cut = [], []
    for row in tqdm(list(manifest.rows()), desc=f"Checking {NAME}", unit="file", disable=not progress):
        file = files[row["excerpt"]]
        duration_s = MAX_SECONDS if math.isnan(row["duration_s"]) else row["duration_s"]
        reason = MISSING if not os.path.isfile(file) else ""
        if not reason and row["checksum"] and not matches(file, row["checksum"]):
            reason = CORRUPT
        if not reason:
            try:
                said = audio.read(file, start_s=row["start_s"], max_seconds=duration_s).notes
                if math.isnan(row["duration_s"]) and any(note.startswith(f"{MAX_SECONDS:g} s of ") for note in said):
                    cut.append(row["excerpt"])
            except InputError as error:
                reason = without_name(error, file)
        if reason:
            problems.append(Problem(row["excerpt"], file, reason))
    return CheckReport(NAME, profile, source, len(manifest), tuple(problems), (*notes, *_cut(cut, len(manifest))))


def collection(path: Path | str | None = None) -> str:
    """A short name of a folder or table, another one for each: so the records of two collections stay apart."""
    source = _source(path)
    return f"{re.sub(r'[^a-zA-Z0-9_.-]+', '_', source.stem)[:40]}-{_key(source)[-6:]}"


def _source(path: Path | str | None) -> Path:
    given = path or os.environ.get(ENVIRONMENT)
    if not given:
        raise InputError(f"the dataset {NAME!r} needs a path; give a folder or a CSV file, or set {ENVIRONMENT}.")
    try:
        source = expanded(given).resolve()
        there = source.exists()
    except (OSError, RuntimeError) as error:  # a link to itself, a name too long, no such home
        raise InputError(f"{printable(given)} cannot be found ({error}); give a folder or a CSV file.") from error
    if not there:
        raise InputError(
            f"{printable(source)} does not exist; give a folder with a folder for each label, or a CSV file."
        )
    if not source.is_dir() and not (source.is_file() and source.suffix.lower() == ".csv"):
        raise InputError(f"{printable(source)} is neither a folder nor a CSV file; give one of the two.")
    return source


def _key(source: Path) -> str:
    return f"{NAME}-{hashlib.sha256(os.fsencode(source)).hexdigest()[:16]}"


def _read(source: Path) -> tuple[Manifest, dict[str, Path], tuple[str, ...]]:
    """Manifest, file of each excerpt, and notes on what was left out."""
    is_table = source.is_file()
    table, notes = _read_csv(source) if is_table else scan(source)
    root = source.parent if is_table else source
    manifest = Manifest.of(NAME, table, where=printable(source)).validate(paths_inside=False)
    if len(manifest.labels) < 2:
        raise InputError(
            f"{printable(source)} has one label only, {manifest.labels[0]!r}; a classifier needs at least two, each "
            f"{'in the column label' if is_table else 'in a folder of its own'}{_besides(notes)}."
        )
    files = {row["excerpt"]: file_of(root, row["path"]) for row in manifest.rows()}
    return manifest, files, notes


def file_of(root: Path, cell: str) -> Path:
    """The file that a cell names; where there is none, the one whose name is the same in another normalisation form."""
    path = root / path_of(cell)
    if not cell.isascii() and not os.path.exists(path):
        for form in ("NFC", "NFD"):
            if os.path.exists(other := root / unicodedata.normalize(form, path_of(cell))):
                return other
    return path


def scan(folder: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows of a folder's music, and what takes no part.

    Raises
    ------
    InputError
        When no folder in it has sound files, a folder cannot be read, or a link leads nowhere.
    """
    import pandas as pd

    found = walk(folder)
    if not found.files:
        raise InputError(
            f"{printable(folder)} has no sound files in folders; put WAV, FLAC, OGG, MP3, AU or AIFF files into a "
            f"folder for each label{_besides(found.left_out)}."
        )
    labels = {name: text_of(name).strip() or repr(name) for name in {file.partition("/")[0] for file in found.files}}
    rows = [{"path": _cell(file), "label": labels[file.partition("/")[0]]} for file in found.files]
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value="")
    table["excerpt"] = _ids(map(text_of, found.files))
    merged = [name for name, label in sorted(labels.items()) if list(labels.values()).count(label) > 1]
    notes = (f"made one label of {len(merged)} folders that are written alike ({shown(merged)})",) if merged else ()
    return table, (*found.left_out, *notes)


def _besides(left_out: Sequence[str]) -> str:
    """What was left out, for the end of a sentence."""
    return f" ({'; '.join(left_out)})" if left_out else ""


def text_of(name: str) -> str:
    """A name as text that JSON and CSV can hold, one line, in one normalisation form."""
    return unicodedata.normalize("NFC", plain(printable(name)))


# A path that a cell of text would not keep (bytes that are no UTF-8, spaces at its ends, line breaks) is written as a
# URL writes it: "file:jazz/caf%E9.wav".
_QUOTED = "file:"


def _cell(path: str) -> str:
    # Also what another system would take for a path of its own: with backslashes, or a drive.
    foreign = "\\" in path or path[1:2] == ":" or path.startswith(_QUOTED)
    safe = path == path.strip() and path == plain(path) and not foreign
    return path if safe else _QUOTED + quote(os.fsencode(path))


def path_of(cell: str) -> str:
    """The path that a cell of the column ``path`` stands for."""
    return os.fsdecode(unquote_to_bytes(cell.removeprefix(_QUOTED))) if cell.startswith(_QUOTED) else cell


def _read_csv(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    table = read_table(path)
    for column in ("path", "label"):
        if column not in table.columns:
            raise InputError(
                f"{path} lacks the column {column} (it has {', '.join(table.columns)}); "
                "it needs at least path and label."
            )
    # A column is a partition if it names any part; then all its values have to be parts.
    named = {part for part in PARTS if part}
    unused = [
        column for column in table.columns if column not in COLUMNS and not set(table[column].str.strip()) & named
    ]
    table = table.drop(columns=unused)
    notes = [left_out(unused, "column that is not used", "columns that are not used")] if unused else []
    if "excerpt" not in table.columns:
        table["excerpt"] = _ids(text_of(path_of(cell)) for cell in table["path"])
    for column in COLUMNS:
        if column not in table.columns:
            table[column] = ""
    return table, tuple(notes)


def _ids(paths: Iterable[str]) -> list[str]:
    """Unique ids from relative paths: ``blues/a song.mp3`` is ``blues.a song``; a second equal id gets ``~2``."""
    ids: list[str] = []
    taken: set[str] = set()
    numbers: Counter[str] = Counter()  # of each name the last number given: one file may have thousands of excerpts
    for path in paths:
        # A path without a name stays empty, for the manifest to refuse.
        stem, _, last = path.strip().removeprefix("./").rpartition("/")
        base = f"{stem}/{last.rpartition('.')[0] or last}".strip("/.").replace("/", ".").strip()
        name = base
        while name and name in taken:
            numbers[base] += 1
            name = f"{base}~{numbers[base] + 1}"
        taken.add(name)
        ids.append(name)
    return ids


def complete(
    manifest: Manifest, files: dict[str, Path], source: Path, verified: Verified, progress: bool
) -> tuple[Manifest, tuple[str, ...]]:
    """Fill in checksums and durations, remembering both by each file's size and time of change."""
    import pandas as pd

    memory = cache_dir() / "datasets" / f"facts-{_key(source)}.json"
    content = read_json(memory)
    known = content if isinstance(content, dict) else {}
    facts: dict[str, list[Any]] = {}
    is_table = source.is_file()
    durations, checksums = manifest.table["duration_s"].tolist(), manifest.table["checksum"].tolist()
    cut: list[str] = []
    bad: dict[str, InputError] = {}

    def open_one(file: Path, called: str, checksum: str, start_s: float) -> tuple[float, str]:
        """What is left of it after its start, in seconds, and its checksum."""
        if not os.path.isfile(file):
            state = "is not a file" if os.path.exists(file) else "does not exist"
            raise InputError(f"{called} {state}; {'correct its path' if is_table else 'look whether it was moved'}.")
        stat = file.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, checksum]
        key = f"{file}|{checksum}"
        if known.get(key, [None])[0] == stamp:
            facts[key] = known[key]
        elif key not in facts:
            seconds = audio.duration(file)
            if checksum and not matches(file, checksum):
                raise InputError(f"{called} {CORRUPT}; correct the manifest, or restore the file.")
            facts[key] = [stamp, seconds, f"sha256:{file_digest(file)}"]
        _, seconds, digest = facts[key]
        verified.trust(file, checksum or digest)
        if seconds <= start_s and start_s:
            raise InputError(f"{called} ends after {seconds:.2f} s; give an earlier start in the column start_s.")
        if seconds <= start_s:
            raise InputError(f"{called} holds no samples; give a recording with sound in it, or take it away.")
        return seconds - start_s, checksum or digest

    rows = tqdm(list(manifest.rows()), desc=f"Opening {NAME}", unit="file", disable=not progress, leave=False)
    try:
        for index, row in enumerate(rows):
            file = files[row["excerpt"]]
            # Rows are spoken of where there are some: those of a table.
            called = f"{printable(file)} ({printable(source)}, row {index + 2})" if is_table else printable(file)
            try:
                rest, checksums[index] = open_one(file, called, row["checksum"], row["start_s"])
            except InputError as error:
                bad[row["excerpt"]] = error
                continue
            if math.isnan(row["duration_s"]) and rest > MAX_SECONDS:
                durations[index] = MAX_SECONDS
                cut.append(row["excerpt"])
    except BaseException:
        write_json(memory, known | facts)  # what was opened need not be opened again
        raise
    if bad:
        write_json(memory, known | facts)
        first, *others = bad
        more = f"; {len(others)} more cannot be used ({shown(others)}): `data check {NAME}` lists all" if others else ""
        raise InputError(f"{str(bad[first]).rstrip('.')}{more}.")
    table = manifest.table.assign(
        duration_s=durations, checksum=pd.Series(checksums, index=manifest.table.index, dtype="str")
    )
    notes = _cut(cut, len(table))
    note = write_json(memory, facts) if facts != known else ""
    if note:
        notes.append(f"every file is opened again each time, since {note}")
    return Manifest(manifest.name, table, manifest.where), tuple(notes)


def _cut(excerpts: Sequence[str], n: int) -> list[str]:
    """The note on excerpts, of ``n`` in all, that are the beginnings of longer recordings."""
    if not excerpts:
        return []
    share = f"{len(excerpts)} of {n} excerpts ({shown(excerpts)})"
    return [f"left out: what follows the first {MAX_SECONDS:g} s of {share}"]
