"""Real, openly licensed music: soundtracks of free games, as Debian packages them.

There are three styles (electronic, orchestral, rock) and several tracks from each composer. So the leaks of a
partition show in real recordings too: excerpts of one track, and tracks of one composer, in several parts.
A row is an excerpt of 10 s; it is cut from its track when it is used.

The facts about a track (composer, licence, style) come from its package: the copyright file, the credits, the tags
in the audio files. ``tools/soundtracks_tracks.csv`` gives the evidence for the style of each track, and the measure
that tracks without a genre of their own had to pass. ``data_manifests/soundtracks.ATTRIBUTION.md`` names all authors.

The tracks are fetched as packages (``apt-get download``, nothing is installed), one after the other. Finished
packages are not fetched again. On a system without apt, a folder of ``.deb`` files or of unpacked packages will
do. Debian may change a package: a file that is not the manifest's is left out, and the notes say so.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from tqdm.auto import tqdm

from ...cache import atomic_path
from ...errors import InputError
from . import debian, located
from .base import CheckReport, Dataset, DatasetInfo, Problem, Verified, refuse
from .manifest import Manifest, manifests_folder

NAME = "soundtracks"
ENVIRONMENT = "MUSIC_ADVERSARIES_SOUNDTRACKS"
SUMMARY = (
    "real music of free games, from Debian: excerpts of 10 s in three styles, several a track and tracks a composer"
)
LICENCE = "free licences, one for each track (GPL, CC-BY, CC-BY-SA, MIT): data_manifests/soundtracks.ATTRIBUTION.md"
_SIZES = "950 MB, of which 430 MB are kept"

LOCATION = located.Location(NAME, ENVIRONMENT, download=True)

_ARCHIVE = ".pk3"  # a zip archive in a package; paths continue inside it
_INSTEAD = f"download the .deb files from packages.debian.org elsewhere and name their folder with {LOCATION.how}"


def manifest() -> Manifest:
    """The committed manifest, ``data_manifests/soundtracks.csv``."""
    return Manifest.read(manifests_folder() / f"{NAME}.csv")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    state = located.state(LOCATION, f"to be downloaded ({_SIZES}), or given with {LOCATION.how}")
    return DatasetInfo(NAME, SUMMARY, LICENCE, state)


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset, verified; its packages are fetched if no copy is known.

    Excerpts are left out if their track is missing or has changed; the dataset's notes say so under ``""``.

    Parameters
    ----------
    profile : changes nothing here: the excerpts are 10 s in both
    path : folder of ``.deb`` files, or of unpacked packages (``PACKAGE/usr/...`` or ``usr/...``)

    Raises
    ------
    InputError
        When fewer than two styles are left, or packages cannot be fetched: no apt-get, no network, no space.
    """
    table = manifest()
    return _dataset(table, _folder(table, path, progress), profile, progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Find or fetch the packages, verify each track, and remember where they are.

    ``allow_missing`` changes nothing: excerpts that cannot be used are left out, and are the report's problems.

    Raises
    ------
    InputError
        As :func:`load`.
    """
    table = manifest()
    folder = _folder(table, path, progress)
    notes: tuple[str, ...] = ()
    if path is None and folder == LOCATION.fetched:
        try:  # packages that were not available before may be available now
            _download(table, progress)
        except InputError as error:
            notes = (f"not everything is here: {error}",)
    dataset, problems = _dataset(table, folder, profile, progress)
    if path is not None:
        LOCATION.remember(folder)
    return CheckReport(NAME, profile, folder, len(table), problems, (*notes, *dataset.notes.get("", ())))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every track again; fetches nothing.

    Raises
    ------
    InputError
        When no copy is known.
    """
    table = manifest()
    folder = LOCATION.need(path)
    verified = Verified(NAME)
    verified.forget()
    problems = _verify(table, find(table, folder), verified, progress)
    note = verified.save()
    return CheckReport(NAME, profile, folder, len(table), problems, (note,) if note else ())


def packages(table: Manifest) -> dict[str, list[str]]:
    """The Debian packages, each with the paths of its tracks inside it, in the manifest's order."""
    inside: dict[str, list[str]] = {}
    for path in dict.fromkeys(table.table["path"]):
        package, _, rest = path.partition("/")
        inside.setdefault(package, []).append(rest)
    return inside


def find(table: Manifest, folder: Path) -> dict[str, Path]:
    """The track of each excerpt, in a folder for each package or in one folder for all.

    A track inside an archive that ``dpkg-deb -x`` left packed is extracted into the cache. For a track that is
    not there, the path where it would be.
    """
    tracks: dict[str, Path] = {}
    for package, paths in packages(table).items():
        for home in (folder / package, folder):
            _take_out(home, [path for path in paths if f"{package}/{path}" not in tracks], package)
            for path in paths:
                for candidate in (home / path, LOCATION.fetched / package / path):
                    if f"{package}/{path}" not in tracks and candidate.is_file():
                        if candidate.is_relative_to(home) or _ARCHIVE in path:
                            tracks[f"{package}/{path}"] = candidate
    return {row["excerpt"]: tracks.get(row["path"], folder / row["path"]) for row in table.rows()}


def unpack(deb: Path, paths: Iterable[str], home: Path) -> None:
    """Extract the files wanted, and no others, from a package.

    Parameters
    ----------
    paths : inside the package, such as ``usr/share/games/x/y.ogg``; after a ``.pk3`` file they continue inside it
    home : the folder that stands for the package's root

    Raises
    ------
    InputError
        When the package is damaged, the disk is full or the folder cannot be written.
    """
    wanted = set(paths)
    archives = {path.partition(f"{_ARCHIVE}/")[0] + _ARCHIVE for path in wanted if f"{_ARCHIVE}/" in path}
    home.mkdir(parents=True, exist_ok=True)
    for name, content in debian.members(deb):
        if name in wanted:
            _write(home / name, content)
        elif name in archives:
            with tempfile.TemporaryFile(dir=home) as packed:  # a zip archive is read from its end
                shutil.copyfileobj(content, packed)
                _unzip(packed, wanted, name, home, deb)


def _dataset(table: Manifest, folder: Path, profile: str, progress: bool) -> tuple[Dataset, tuple[Problem, ...]]:
    verified = Verified(NAME)
    files = find(table, folder)
    problems = _verify(table, files, verified, progress)
    notes = [note] if (note := verified.save()) else []
    if problems:
        gone = {problem.excerpt for problem in problems}
        kept = table.table[~table.table["excerpt"].isin(gone)].reset_index(drop=True)
        whole, table = table, Manifest(table.name, kept, table.where)
        if len(table.labels) < 2:
            refuse(problems, NAME, _remedy(folder))
        notes.append(_left_out(problems, len(whole)))
    files = {excerpt: files[excerpt] for excerpt in table.table["excerpt"]}
    notes_of = {"": tuple(notes)} if notes else {}
    return Dataset(NAME, profile, table, files, notes=notes_of, verified=verified), problems


def _verify(table: Manifest, files: dict[str, Path], verified: Verified, progress: bool) -> tuple[Problem, ...]:
    """The excerpts that cannot be used; each track is checked once."""
    checksums = {files[row["excerpt"]]: row["checksum"] for row in table.rows()}
    bar = tqdm(checksums.items(), desc=f"Verifying {NAME}", unit="track", disable=not progress, leave=False)
    reasons = {path: verified.verify(path, checksum) for path, checksum in bar}
    return tuple(
        Problem(excerpt, files[excerpt], reasons[files[excerpt]])
        for excerpt in table.table["excerpt"]
        if reasons[files[excerpt]]
    )


def _left_out(problems: tuple[Problem, ...], n_excerpts: int) -> str:
    tracks = dict.fromkeys((problem.path, problem.reason) for problem in problems)
    shown = ", ".join(f"{path.name} ({reason})" for path, reason in list(tracks)[:3])
    more = f" and {len(tracks) - 3} more" if len(tracks) > 3 else ""
    return f"left out: {len(problems)} of {n_excerpts} excerpts, cut from {len(tracks)} tracks: {shown}{more}"


def _remedy(folder: Path) -> str:
    if folder == LOCATION.fetched:
        return f"delete {folder} and get it again, or {_INSTEAD}"
    return f"check the folder {folder}, or name another with {LOCATION.how}"


def _folder(table: Manifest, path: Path | str | None, progress: bool) -> Path:
    folder, _ = LOCATION.find(path)
    if folder is None:
        return _download(table, progress)
    debs = sorted(folder.glob("*.deb"))
    return _unpack_all(table, debs, folder, progress) if debs else folder


def _download(table: Manifest, progress: bool) -> Path:
    """Fetch and unpack the packages that are not here yet, one by one."""
    wanted = packages(table)
    missing: list[debian.UnknownPackage] = []
    bar = tqdm(wanted.items(), desc=f"Fetching {NAME} ({_SIZES})", unit="package", disable=not progress)
    for package, paths in bar:
        if _marker(package).is_file():
            continue
        with _scratch() as scratch:
            try:
                deb = debian.fetch(package, scratch, _INSTEAD)
            except debian.UnknownPackage as error:
                missing.append(error)
                continue
            _keep(deb, package, paths)
    if len(missing) == len(wanted):
        raise missing[0]
    return _finish()


def _unpack_all(table: Manifest, debs: list[Path], folder: Path, progress: bool) -> Path:
    """Unpack packages that the user downloaded, into the cache."""
    wanted = packages(table)
    named = {package: deb for deb in debs if (package := debian.name_and_version(deb)[0]) in wanted}
    if not named:
        raise InputError(
            f"{folder} holds {debs[0].name}, but none of the packages wanted; they are {', '.join(wanted)}."
        )
    for package, deb in tqdm(named.items(), desc=f"Unpacking {NAME}", unit="package", disable=not progress):
        if (
            not _marker(package).is_file()
            or _marker(package).read_text(errors="replace").strip() != debian.name_and_version(deb)[1]
        ):
            _keep(deb, package, wanted[package])
    return _finish()


def _keep(deb: Path, package: str, paths: list[str]) -> None:
    """Unpack a package into the cache; a marker file, written last, says which version it was."""
    _marker(package).unlink(missing_ok=True)
    try:
        unpack(deb, paths, LOCATION.fetched / package)
    except OSError as error:
        raise _unwritable(error) from error
    with atomic_path(_marker(package)) as temporary:
        temporary.write_text(debian.name_and_version(deb)[1] + "\n", encoding="utf-8")


def _finish() -> Path:
    """Mark the download as a copy, as complete as it could be made."""
    if not (LOCATION.fetched / "complete").is_file():
        with atomic_path(LOCATION.fetched / "complete") as temporary:
            temporary.touch()
    return LOCATION.fetched


def _marker(package: str) -> Path:
    return LOCATION.fetched / package / "complete"


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for one download, on the same disk as the unpacked files."""
    try:
        LOCATION.fetched.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=LOCATION.fetched, prefix=".fetching-")
    except OSError as error:
        raise _unwritable(error) from error
    with folder as name:
        yield Path(name)


def _take_out(home: Path, paths: list[str], package: str) -> None:
    """Extract tracks from archives that were unpacked from their package but are still packed themselves."""
    inside: dict[str, set[str]] = {}
    for path in paths:
        archive, within, _ = path.partition(f"{_ARCHIVE}/")
        if within and not (LOCATION.fetched / package / path).is_file():
            inside.setdefault(archive + _ARCHIVE, set()).add(path)
    for archive, wanted in inside.items():
        if (home / archive).is_file():
            with open(home / archive, "rb") as packed:
                _unzip(packed, wanted, archive, LOCATION.fetched / package, home / archive)


def _unzip(packed: IO[bytes], wanted: Iterable[str], archive: str, home: Path, culprit: Path) -> None:
    try:
        with zipfile.ZipFile(packed) as opened:
            names = {f"{archive}/{name}": name for name in opened.namelist()}
            for path in sorted(set(wanted) & set(names)):
                with opened.open(names[path]) as content:
                    _write(home / path, content)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{culprit} is damaged ({archive}: {error}); download it again.") from error


def _write(path: Path, content: IO[bytes]) -> None:
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        shutil.copyfileobj(content, file)


def _unwritable(error: OSError) -> InputError:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR):
        raise error
    return InputError(
        f"{LOCATION.fetched} could not be written ({error.strerror}); free some space ({_SIZES}) or make the folder "
        "writable, or set MUSIC_ADVERSARIES_CACHE to another folder."
    )
