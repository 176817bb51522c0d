"""The Latin Music Database, the user's own copy: ten Latin genres, one folder for each, one MP3 for each track.

The database is private, so neither its recordings nor a list of them is here: the manifest is made from
the user's folder. The genre is the folder's name; artist and title come from the file's name (`lmd_names`).
The first 30 s of each track are used, as in the paper; a shorter track is used completely. Checksums are
computed on first use. The column ``fault`` is blank: replicas have to be found in the audio.

Public are the names of 900 tracks in three folds (``data_manifests/lmd.csv``). Yandre Costa put them
together, and Juliano Foleis published them as artist-filtered. They are the partitions ``fold_1`` to
``fold_3``: a third of the tracks is for testing; a quarter of the others, chosen by whole artists, is for
validation. (The published lists train on 400 tracks more, which are not in our copy of the lists.) The
user's other tracks belong to no fold. A note counts those of the 900 that the user does not have. Names are
compared whatever the case and the way accents are encoded.

The folds leak: 14 artists are in several of them. Carlos Gardel, with 77 of the 90 tangos, is in all three.
``partitions.audit`` counts this; partitions drawn by ``partitions.artist_filtered`` with :data:`SHARES` do
not leak.

Files are found at a path given, where ``MUSIC_ADVERSARIES_LMD`` points, or where ``music-adversaries
data get lmd --from PATH`` found them before. MP3, WAV, FLAC, OGG and AU are read.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tqdm.auto import tqdm

from ... import audio
from ...errors import InputError
from . import folder as any_folder
from . import lmd_names, located
from .base import CheckReport, Dataset, DatasetInfo, Problem, Verified, refuse
from .manifest import COLUMNS, Manifest, manifests_folder
from .walk import SOUND

NAME = "lmd"
ENVIRONMENT = "MUSIC_ADVERSARIES_LMD"
SUMMARY = "the Latin Music Database, ten genres, the first 30 s of each track: your own copy"
LICENCE = "all rights with the owners of the recordings; for research"
SOURCE = "Latin Music Database (Silla, Koerich and Kaestner 2008); artist and title from the file's name"

SHARES = (0.6, 0.2, 0.2)
"""The paper's shares of train, valid and test, within each class."""

FOLDS = ("fold_1", "fold_2", "fold_3")
LOCATION = located.Location(NAME, ENVIRONMENT, suffixes=SOUND)


def manifest() -> Manifest:
    """The committed manifest, ``data_manifests/lmd.csv``: what is public, 900 tracks without audio."""
    return Manifest.read(manifests_folder() / f"{NAME}.csv")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    otherwise = f"no copy known; name yours with {LOCATION.how}"
    return DatasetInfo(NAME, SUMMARY, LICENCE, located.state(LOCATION, otherwise))


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset; every file is opened once, so that a bad file is refused by name before anything runs.

    Parameters
    ----------
    profile : changes nothing here
    path : the folder that holds a folder for each genre

    Raises
    ------
    InputError
        When no copy is known, the folder does not hold a folder for each genre, two files are one track, or
        files cannot be read and leaving them out was not allowed.

    Notebook: book/02_partitions.ipynb
    """
    return _load(profile, LOCATION.need(path), None, progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Check the copy as :func:`load` does, and remember where it is.

    Parameters
    ----------
    allow_missing : from now on, continue without the files that cannot be read now

    Raises
    ------
    InputError
        As :func:`load`.
    """
    folder = LOCATION.need(path)
    allowed = True if allow_missing else (None if path is None else False)
    dataset, problems = _load(profile, folder, allowed, progress)
    if path is not None or allow_missing:
        LOCATION.remember(folder, without=[problem.excerpt for problem in problems])
    return CheckReport(NAME, profile, folder, len(dataset), notes=tuple(dataset.describe_notes()))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Decode the part of every file that is used, and report each that fails."""
    folder = LOCATION.need(path)
    table, files, notes = _read(folder)
    problems = []
    for row in tqdm(list(table.rows()), desc=f"Checking {NAME}", unit="file", disable=not progress):
        file = files[row["excerpt"]]
        try:
            audio.read(file, max_seconds=any_folder.MAX_SECONDS)
        except InputError as error:
            problems.append(Problem(row["excerpt"], file, _reason(error, file)))
    return CheckReport(NAME, profile, folder, len(table), tuple(problems), notes)


def _load(
    profile: str, folder: Path, allow_missing: bool | None, progress: bool
) -> tuple[Dataset, tuple[Problem, ...]]:
    """The dataset, and the files left out of it."""
    table, files, notes = _read(folder)
    agreed = LOCATION.may_lack(folder) if allow_missing is None else frozenset()
    # Files that the user agreed to leave out are checked each time: they may have been repaired.
    problems = _unreadable(files, agreed)
    verified = Verified(NAME)
    try:
        used, cut = any_folder.complete(located.without(table, problems), files, folder, verified, progress)
    except InputError:
        problems = _unreadable(files, files)
        if not problems:
            raise
        if not allow_missing:
            unexpected = [problem for problem in problems if problem.excerpt not in agreed]
            go_on = f"{LOCATION.how[:-1]} --allow-missing`"
            refuse(unexpected, NAME, f"{LOCATION.remedy(folder)}, or go on without them with {go_on}")
        used, cut = any_folder.complete(located.without(table, problems), files, folder, verified, progress)
    _refuse_one_genre(used, folder)
    if problems:
        notes = (*notes, located.left_out(problems, len(table)))
    kept = {excerpt: files[excerpt] for excerpt in used.table["excerpt"]}
    notes_of = {"": (*notes, *_describe(used), *cut)}
    return Dataset(NAME, profile, used, kept, notes=notes_of, verified=verified), problems


def _read(folder: Path) -> tuple[Manifest, dict[str, Path], tuple[str, ...]]:
    """What the folder holds: manifest (lengths and checksums still unknown), files, notes on what is left out."""
    import pandas as pd

    scanned, notes = any_folder.scan(folder)
    cells = scanned["path"].tolist()
    paths = [any_folder.text_of(any_folder.path_of(cell)) for cell in cells]
    public = manifest()
    genres = {lmd_names.fold(label): label for label in public.labels}
    known = {_match(row["path"]): row for row in public.rows()}
    names = lmd_names.parse_all([PurePosixPath(path).stem for path in paths])

    rows, files = [], {}
    taken: dict[str, str] = {}
    for cell, path, name in zip(cells, paths, names, strict=True):
        label = PurePosixPath(path).parts[0]
        row = {"label": genres.get(lmd_names.fold(label), label), "artist": name.artist, "title": name.title}
        row |= {"excerpt": excerpt_id(path), "licence": LICENCE, "source": SOURCE}
        fact = known.get(_match(path))
        if fact:
            row |= {column: fact[column] for column in ("excerpt", "artist", "title", "source", *FOLDS)}
        first = taken.setdefault(row["excerpt"], path)
        if first != path:
            raise InputError(
                f"{folder / first} and {folder / path} are both excerpt {row['excerpt']} of {NAME}; remove one of them."
            )
        rows.append(row | {"path": cell})
        files[row["excerpt"]] = folder / any_folder.path_of(cell)
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, *FOLDS], fill_value="").fillna("")
    made = Manifest.of(NAME, table, where=str(folder)).validate(paths_inside=False)
    _refuse_one_genre(made, folder)
    return made, files, notes


def excerpt_id(path: str) -> str:
    """The id of a track, however its accents are encoded: ``axe/Araketo - Pipoca.mp3`` is ``axe.Araketo - Pipoca``."""
    composed = unicodedata.normalize("NFC", path)
    return PurePosixPath(composed).with_suffix("").as_posix().replace("/", ".").strip()


def _match(path: str) -> str:
    """The key that decides whether a file is one of the public names; folders between genre and file do not matter."""
    pure = PurePosixPath(path)
    # Accents make a difference in a title ("Ensename a Olvidar" and "Enseñame A Olvidar" are two tracks).
    stem = " ".join(unicodedata.normalize("NFC", pure.stem.casefold()).split())
    return f"{lmd_names.fold(pure.parts[0])}/{stem}"


def _describe(table: Manifest) -> list[str]:
    """Notes on what the user's copy has and lacks."""
    notes = []
    public = manifest().table["excerpt"]
    here = table.table["excerpt"]
    lacking = [excerpt for excerpt in public if excerpt not in set(here)]
    if lacking:
        named = ", ".join(lacking[:3]) + (" ..." if len(lacking) > 3 else "")
        notes.append(f"{len(lacking)} of the {len(public)} tracks of the public folds are not here ({named})")
    beyond = int((~here.isin(public)).sum())
    if beyond:
        notes.append(f"{beyond} of {len(here)} tracks are not in the public folds and stay unused in them")
    nobody = int((table.table["artist"] == "").sum())
    if nobody:
        notes.append(f"no artist in the file name of {nobody} of {len(here)} tracks; they are left unknown")
    artists = table.table.groupby("label")["artist"].agg(lambda column: len({lmd_names.fold(a) for a in column}))
    alone = [str(label) for label in artists.index[artists == 1]]
    if alone:
        notes.append(f"one artist only in {', '.join(alone)}: no artist filter can divide that")
    return notes


def _unreadable(files: dict[str, Path], excerpts: Iterable[str]) -> tuple[Problem, ...]:
    """The excerpts whose files do not open as audio or hold no audio."""
    problems = []
    for excerpt in excerpts:
        file = files.get(excerpt)
        if file is None:  # left out by agreement before, and now gone
            continue
        try:
            reason = "" if audio.duration(file) > 0 else "holds no samples"
        except InputError as error:
            reason = _reason(error, file)
        if reason:
            problems.append(Problem(excerpt, file, reason))
    return tuple(problems)


def _reason(error: InputError, file: Path) -> str:
    """What is wrong, without the file's name and the remedy."""
    return str(error).removeprefix(f"{file} ").partition(";")[0].rstrip(".")


def _refuse_one_genre(table: Manifest, folder: Path) -> None:
    if len(table.labels) < 2:
        only = f"those in the folder {table.labels[0]!r}" if table.labels else "none"
        raise InputError(
            f"{folder} has no tracks of two genres, {only} only; give the folder that holds a folder for each genre."
        )
