"""A folder as it is on disk: which files are music, and what takes no part, counted and named.

Links are followed. What is reached a second time by a link is left out, and a file's own name comes before that of a
link to it: so circles of links end, and no recording stands on both sides of a partition because a link was made to
it. Hard links are like copies, several recordings; `faults` finds which of them are the same.

Names are whatever the file system allows, as Python gives them: bytes that are not text in UTF-8 are surrogates.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError, printable

SOUND = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".au", ".snd"),
    *(".aif", ".aiff", ".aifc", ".caf"),
)
"""Endings of files that are read: what libsndfile decodes and music is kept in."""

OTHER_MUSIC = (
    *(".3gp", ".aac", ".ac3", ".alac", ".amr", ".ape", ".dff", ".dsf", ".dts", ".m4a", ".m4b", ".mka", ".mp2"),
    *(".mp4", ".mpc", ".ra", ".tak", ".tta", ".webm", ".wma", ".wv"),
)
"""Endings of music in formats that are not read."""

# What systems and programs leave behind, by name in lower case. Nothing else is junk because it begins with a dot.
_JUNK = {
    *(".ds_store", ".appledouble", ".apdisk", ".fseventsd", ".spotlight-v100", ".temporaryitems", "__macosx"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("@eadir", "#recycle", "lost+found", ".directory", ".stfolder", ".stversions", ".snapshot", ".snapshots"),
    *(".git", ".gitignore", ".gitattributes", ".svn", ".hg", ".bzr", ".datalad"),
}
_JUNK_BEGINS = ("._", ".trash", ".nfs")

_NAMED = 3  # of each kind
_KINDS_OF_FILES = 12  # endings with a line of their own; the others share one

_Identity = tuple[int, int] | None  # device and number on it; None where the file system does not tell
_File = tuple[tuple[str, ...], _Identity]  # the parts of its name, and which file that is


@dataclass
class Walked:
    """What a walk found.

    Attributes
    ----------
    files : paths of music files, relative, with ``/``, sorted by their parts; at least one folder deep
    left_out : what takes no part, one phrase for each kind, with a count and the first names
    """

    files: tuple[str, ...]
    left_out: tuple[str, ...]


def left_out(names: Sequence[str], one: str, many: str, remedy: str = "") -> str:
    """The phrase for what takes no part: ``"left out: 2 junk files (Thumbs.db, a/Thumbs.db)"``.

    Parameters
    ----------
    names : of all of them
    one, many : what they are, of a single one and of several
    """
    said = f"left out: {len(names):,} {one if len(names) == 1 else many} ({shown(names)})"
    return f"{said}; {remedy}" if remedy else said


def shown(names: Sequence[str]) -> str:
    """The first three names, and how many there are besides."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(plain(printable(name)) for name in names[:_NAMED]) + more


def walk(root: Path) -> Walked:
    """The music in the folders of a folder, and all else that is there.

    Raises
    ------
    InputError
        When a folder cannot be read, or a link leads nowhere; the first ones are named.
    """
    return _Walk(root).done()


def is_junk(name: str) -> bool:
    """Whether a file or folder is known by its name to be no part of any collection."""
    name = name.lower()
    return name in _JUNK or name.startswith(_JUNK_BEGINS)


def ending(name: str) -> str:
    """The ending of a file's name in lower case, as ``".wav"``; ``""`` where what follows its last dot is none."""
    after = name.rpartition(".")[2].strip().lower() if "." in name else ""
    return f".{after}" if after.isalnum() and after.isascii() and len(after) <= 10 else ""


@dataclass
class _Walk:
    root: Path
    files: list[tuple[str, ...]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    links: list[tuple[str, ...]] = field(default_factory=list)  # not yet followed
    seen: set[_Identity] = field(default_factory=set)
    # By what they are: the paths of those that take no part.
    junk: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    circles: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    folders_again: list[str] = field(default_factory=list)
    endings: dict[str, list[str]] = field(default_factory=dict)
    # Refused.
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    dangling: list[str] = field(default_factory=list)

    def done(self) -> Walked:
        self._take(self._real((), self._path(())), linked=False)
        # Links last, so that what lies in the folder itself is found under its own name.
        while self.links:
            links, self.links = sorted(self.links, key=lambda parts: (not os.path.isdir(self._path(parts)), parts)), []
            for parts in links:
                self._link(parts, self._path(parts))
        self._refuse()
        self.files.sort()
        return Walked(tuple("/".join(parts) for parts in self.files), tuple(self._phrases()))

    def _real(self, parts: tuple[str, ...], path: str) -> Iterator[_File]:
        """The files of a folder and of those in it, without following links; in no order."""
        folders = [(parts, path)]
        while folders:  # no recursion: folders may be nested deeper than Python calls
            parts, path = folders.pop()
            try:
                if self._met(_identity(os.stat(path))):
                    self.folders_again.append(_name(parts))
                    continue
                with os.scandir(path) as entries:
                    for entry in entries:
                        here = (*parts, entry.name)
                        if is_junk(entry.name):
                            self.junk.append(_name(here) + "/" * entry.is_dir(follow_symlinks=False))
                        elif entry.is_symlink():
                            self.links.append(here)
                        elif entry.is_dir(follow_symlinks=False):
                            if len(here) == 1:
                                self.labels.add(entry.name)
                            folders.append((here, entry.path))
                        elif entry.is_file(follow_symlinks=False):
                            yield here, _identity(entry.stat(follow_symlinks=False))
                        else:
                            self.special.append(_name(here))
            except OSError as error:
                self.unreadable.append((path, error.strerror or str(error)))

    def _take(self, found: Iterator[_File], linked: bool = True) -> None:
        """Files to be read, or their names to be told; sorted, for of two names of one file the first counts."""
        for parts, identity in sorted(found, key=lambda file: file[0]):
            suffix = ending(parts[-1])
            if suffix not in SOUND:
                self.endings.setdefault(suffix, []).append(_name(parts))
            elif len(parts) == 1:
                self.loose.append(_name(parts))
            elif self._met(identity) and linked:
                self.again.append(_name(parts))
            else:
                self.files.append(parts)

    def _link(self, parts: tuple[str, ...], path: str) -> None:
        try:
            about = os.stat(path)
        except PermissionError as error:
            self.unreadable.append((path, error.strerror or str(error)))
            return
        except OSError:
            self.dangling.append(path)
            return
        if stat.S_ISDIR(about.st_mode):
            target, known = os.path.realpath(path), _identity(about) in self.seen and bool(about.st_ino)
            # Above the collection lies all else that there is on this machine.
            above = _holds(target, os.path.realpath(self.root))
            if above or (known and _holds(target, os.path.realpath(os.path.dirname(path)))):
                self.circles.append(_name(parts))
            else:
                if len(parts) == 1 and not known:
                    self.labels.add(parts[0])
                self._take(self._real(parts, path))
        elif stat.S_ISREG(about.st_mode):
            self._take(iter([(parts, _identity(about))]))
        else:
            self.special.append(_name(parts))

    def _met(self, identity: _Identity) -> bool:
        """Whether the file or folder was met before; from now on it was."""
        met = identity is not None and identity in self.seen
        self.seen.add(identity)
        return met

    def _path(self, parts: Sequence[str]) -> str:
        return os.path.join(self.root, *parts)

    def _refuse(self) -> None:
        if self.unreadable:
            path, reason = self.unreadable[0]
            more = _and_more([path for path, _ in self.unreadable])
            raise InputError(
                f"{plain(printable(path))} cannot be read ({reason}){more}; correct its permissions or its name, or "
                "take it away."
            )
        if self.dangling:
            raise InputError(
                f"{plain(printable(self.dangling[0]))} is a link that leads nowhere{_and_more(self.dangling)}; "
                "restore what it names, or delete it."
            )

    def _phrases(self) -> Iterator[str]:
        with_music = {parts[0] for parts in self.files}
        for names, one, many in (
            (self.loose, "sound file in no label's folder", "sound files in no label's folder"),
            (sorted(self.labels - with_music), "folder without sound files", "folders without sound files"),
            (self.again, "other name of a file read already", "other names of files read already"),
            (
                self.folders_again,
                "other name of a folder read already",
                "other names of folders read already",
            ),
            (self.circles, "link back to a folder around it", "links back to folders around them"),
            (self.special, "pipe, socket or device", "pipes, sockets or devices"),
            (self.junk, "junk file or folder", "junk files and folders"),
        ):
            if names:
                yield left_out(sorted(names), one, many)
        most = sorted(self.endings, key=lambda suffix: (suffix not in OTHER_MUSIC, -len(self.endings[suffix]), suffix))
        for suffix in most[:_KINDS_OF_FILES]:
            names = sorted(self.endings[suffix])
            if suffix in OTHER_MUSIC:
                said = f"in a format not read here, {suffix}"
                yield left_out(names, f"music file {said}", f"music files {said}", "convert them to WAV or FLAC")
            else:
                end = f"in {suffix}" if suffix else "in nothing known"
                yield left_out(names, f"file that ends {end}", f"files that end {end}")
        rest = sorted(name for suffix in most[_KINDS_OF_FILES:] for name in self.endings[suffix])
        if rest:
            yield left_out(rest, "file with another ending", "files with other endings")


def _identity(about: os.stat_result) -> _Identity:
    """Which file or folder it is, whatever its name."""
    return (about.st_dev, about.st_ino) if about.st_ino else None


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _name(parts: Sequence[str]) -> str:
    return "/".join(parts)


def _and_more(names: Sequence[str]) -> str:
    if len(names) == 1:
        return ""
    return f", as {'is' if len(names) == 2 else 'are'} {len(names) - 1:,} more ({shown(names[1:])})"


def plain(text: str) -> str:
    """Text on one line: what would break it, or move the cursor, is escaped as ``\\n``."""
    if text.isprintable():
        return text
    return "".join(one.encode("unicode_escape").decode() if _moves(one) else one for one in text)


def _moves(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
