"""Any tree of files that a file system allows is walked to its end, and every name in it is accounted for.

What must come out is told by an oracle that shares no code with the walk: it lists folders as bytes, follows links by
the numbers of files, and counts.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import unicodedata
from pathlib import Path

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from music_adversaries.book.datasets import folder
from music_adversaries.book.datasets.manifest import Manifest
from music_adversaries.errors import InputError

SOUND = (
    *(b".wav", b".wave", b".bwf", b".rf64", b".w64", b".flac", b".ogg", b".oga", b".opus", b".mp3", b".au", b".snd"),
    *(b".aif", b".aiff", b".aifc", b".caf"),
)
JUNK = (
    *(b".ds_store", b".appledouble", b".apdisk", b".fseventsd", b".spotlight-v100", b".temporaryitems", b"__macosx"),
    *(b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b"$recycle.bin", b"system volume information", b"@eadir"),
    *(b"#recycle", b"lost+found", b".directory", b".stfolder", b".stversions", b".snapshot", b".snapshots"),
    *(b".git", b".gitignore", b".gitattributes", b".svn", b".hg", b".bzr", b".datalad"),
)
JUNK_AS_WRITTEN = (b"._a.wav", b".DS_Store", b"Thumbs.db", b"desktop.ini", b".git", b".svn", b"__MACOSX", b"@eaDir")

# Names --------------------------------------------------------------------------------------------------------------

BYTES = st.binary(min_size=1, max_size=12).map(lambda name: name.translate(bytes(range(256)), b"/\0"))
TEXT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
TWINS = st.sampled_from(["é", "e\u0301", "a", "a ", " a", "A", "a\n", "..a", "file:a", "a%20", "\\xe9", "a;b,\"c'"])
STEM = st.one_of(TWINS.map(str.encode), BYTES, TEXT.map(str.encode), st.just(b"n" * 240))
ENDING = st.sampled_from([*SOUND, b".WAV", b".txt", b".m4a", b"", b".", b".wav ", b".\xff"])
NAME = st.one_of(st.builds(bytes.__add__, STEM, ENDING), STEM, st.sampled_from(JUNK_AS_WRITTEN)).filter(
    lambda name: name not in (b"", b".", b"..") and len(name) <= 255
)

# Trees: a dict is a folder, None a file, "pipe" a pipe, an int the link to some other place of the tree. -------------

LINK = st.integers(0, 40)
LEAF = st.one_of(st.none(), st.none(), LINK, st.just("pipe"))
NODE = st.recursive(LEAF, lambda inside: st.dictionaries(NAME, inside, max_size=4), max_leaves=12)
TREE = st.dictionaries(NAME, st.one_of(st.dictionaries(NAME, NODE, max_size=4), LEAF), min_size=1, max_size=4)


def grow(home: bytes, tree: dict, links: list, places: list) -> None:
    for name, node in tree.items():
        path = home + b"/" + name
        if isinstance(node, dict):
            os.mkdir(path)
            places.append(path)
            grow(path, node, links, places)
        elif node is None:
            with open(path, "wb") as file:
                file.write(b"x")
            places.append(path)
        elif node == "pipe":
            os.mkfifo(path)
        else:
            links.append((path, node))


def plant(base: bytes, tree: dict, store: dict) -> bytes:
    """A collection and, beside it, a store that links may lead to; the collection's path."""
    root, links, places = base + b"/music", [], []
    for home, what in ((root, tree), (base + b"/store", store)):
        os.mkdir(home)
        places.append(home)
        grow(home, what, links, places)
    places += [base, b"/dev/null", base + b"/nowhere", *(path for path, _ in links)]
    for path, where in links:
        os.symlink(places[where % len(places)], path)
    return root


# The oracle ----------------------------------------------------------------------------------------------------------


def identity(path: bytes) -> tuple[int, int]:
    about = os.stat(path)
    return about.st_dev, about.st_ino


class Oracle:
    """What a walk of the folder must account for."""

    def __init__(self, root: bytes) -> None:
        above = {identity(root[:end] or b"/") for end, letter in enumerate(root) if letter == ord("/")}
        seen, waiting = {identity(root)}, [root]
        self.names = self.folders = 0
        self.dangling: list[bytes] = []
        self.sounds: set[tuple[int, int]] = set()
        while waiting:
            here = waiting.pop()
            self.folders += 1
            for name in os.listdir(here):
                self.names += 1
                path = here + b"/" + name
                if name.lower() in JUNK or name.lower().startswith((b"._", b".trash", b".nfs")):
                    continue
                if not os.path.exists(path):
                    self.dangling.append(path)
                elif os.path.isdir(path):
                    if identity(path) not in seen | above:
                        seen.add(identity(path))
                        waiting.append(path)
                elif os.path.isfile(path) and here != root and name.strip().lower().endswith(SOUND):
                    self.sounds.add(identity(path))


def counted(notes: tuple[str, ...]) -> int:
    """How many names the notes account for; a label without sound is named besides what lies in it."""
    found = [re.match(r"left out: ([\d,]+) (?!folders? without)", note) for note in notes]
    return sum(int(one[1].replace(",", "")) for one in found if one)


def one_line(text: str) -> bool:
    """Whether it can be written on a screen, and stays on its line."""
    return not {unicodedata.category(letter) for letter in text} & {"Cc", "Cs", "Zl", "Zp"}


@settings(max_examples=150)
@given(TREE, st.dictionaries(NAME, NODE, max_size=3))
@example({b"a": {b"x.wav": None, b"back": 0}, b"b": {b"caf\xe9.wav": None}}, {})  # a link to the collection itself
@example({b"a": {b"x.wav": None, b"b": 3}, b"b": {b"y.wav": None, b"a": 1}}, {})  # a ring
@example({b"a": {b"x .wav": None, b"x.wav": None, b" x.wav": None}, b"b": {b"y.wav": None}}, {})
@example({b"\\x": {b"a.w64": None}, b"c:b": {b".W64": None}}, {})  # found by fuzzing
# A folder outside, and in it a link to the one around that.
@example({b"a": {b"x.wav": None, b"b": 5}, b"c": {}}, {b"d": {b"up": 4, b"y.wav": None}, b"z.wav": None})
@example({b"a": {b"x.wav": None}, b"b": 4}, {b"y.wav": None})  # a linked label
def test_every_name_of_a_tree_is_an_excerpt_or_counted(tree: dict, store: dict) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = plant(os.fsencode(os.path.realpath(temporary)), tree, store)
        oracle = Oracle(root)
        try:
            table, notes = folder.scan(Path(os.fsdecode(root)))
        except InputError as error:
            event("refused")
            message = str(error)
            assert one_line(message)
            if "leads nowhere" in message:
                assert oracle.dangling
            else:
                assert "no sound files in folders" in message and not oracle.sounds
                assert ("(left out: " in message) == bool(oracle.names)
            return
        event("read")
        assert not oracle.dangling
        assert len(table) + counted(notes) + oracle.folders - 1 == oracle.names
        assert all(map(one_line, notes))

        manifest = Manifest.of("folder", table).validate()
        files = [folder.file_of(Path(os.fsdecode(root)), row["path"]) for row in manifest.rows()]
        found = [identity(os.fsencode(file)) for file in files]
        assert set(found) == oracle.sounds and len(found) == len(oracle.sounds)

        ids = manifest.table["excerpt"].tolist()
        assert len({unicodedata.normalize("NFC", one) for one in ids}) == len(ids)
        assert json.loads(json.dumps(ids, ensure_ascii=False).encode()) == ids
        assert all(label and label == label.strip() for label in manifest.table["label"])

        manifest.write(Path(temporary) / "music" / "kept.csv")
        again = Manifest.read(Path(temporary) / "music" / "kept.csv")
        assert again.sha == manifest.sha
        assert [folder.file_of(Path(os.fsdecode(root)), row["path"]) for row in again.rows()] == files
