"""Artist, album and title from the file names of the Latin Music Database, which are irregular.

The usual name is ``Artist - Album - N - Title``. Of the 900 real names that are public, 407 are different: they
have two or three parts, albums of several parts, dates instead of albums, titles with a hyphen, or no artist.

The rules, in this order
------------------------
1. Hyphens (or dashes) with space on both sides separate parts. If a number stands alone between two hyphens,
   space on one side is enough (``Fandangueiro -14 -Vanerão``). Other hyphens belong to a name (``Gen-T Joven``).
   A name without spaces may have underscores instead.
2. A part that is a number of at most three digits, or ``Track 4``, ``Faixa 4``, is a track number; at the
   beginning it is dropped.
3. The first part is the artist.
4. Everything after the last track number is the title, with its hyphens (``8 - Cunhado - Fale com seu irmão``).
   Without a track number, the title is the last part. If the last part is ``Ao Vivo`` or similar, it belongs to
   the title before it.
5. The parts between artist and title are the album.
6. The artist is unknown (blank) if the first part says so (``Varios``), if the number of a disc follows it
   (``Merengue Mania 2003 - CD4 - ...``: an album), or if the name has only one part, the title. In a collection
   it is also unknown if the first part is the name of an album by two or more other artists
   (``Boleros Latinos II``).

Spelling is not corrected: ``Marc Antony`` and ``Marc Anthony`` count as two artists.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

_DASH = "[-\u2013\u2014]"
_SEPARATOR = re.compile(rf"(?:^|(?<=\s)){_DASH}(?=\s|$)")
_NUMBER_BETWEEN = re.compile(rf"\s{_DASH}\s*(\d{{1,3}})\s*{_DASH}")
_TRACK = re.compile(r"(?:(?:track|faixa|pista)\s*)?\d{1,3}\.?")
_DISC = re.compile(r"(?:cd|disc|disco|disk|dvd)\s*\d+")
_QUALIFIERS = {"acustico", "ao vivo", "bonus track", "en vivo", "instrumental", "live", "remix"}
_NOBODY = {
    "artista desconhecido",
    "desconhecido",
    "desconocido",
    "interprete desconhecido",
    "unknown",
    "unknown artist",
    "va",
    "v.a.",
    "varios",
    "varios artistas",
    "varios interpretes",
    "various",
    "various artists",
}


class Name(NamedTuple):
    """What a file name says; ``""`` where it says nothing."""

    artist: str
    album: str
    title: str


def parse(stem: str) -> Name:
    """What one file name says by itself; rules 1 to 6 without the last sentence.

    Parameters
    ----------
    stem : the file's name without its ending

    Notebook: book/02_partitions.ipynb
    """
    parts = _parts(stem)
    while len(parts) > 1 and _is(_TRACK, parts[0]):
        del parts[0]
    if len(parts) < 2:
        only = "".join(parts)
        return Name("", "", "" if _is(_TRACK, only) else only)
    numbers = [place for place, part in enumerate(parts[1:-1], start=1) if _is(_TRACK, part)]
    if numbers:
        album, title = parts[1 : numbers[-1]], parts[numbers[-1] + 1 :]
    elif _is(_TRACK, parts[-1]):
        album, title = parts[1:-1], []
    else:
        qualified = len(parts) > 2 and fold(parts[-1]) in _QUALIFIERS
        first = len(parts) - (2 if qualified else 1)
        album, title = parts[1:first], parts[first:]
    artist = parts[0]
    if album and _is(_DISC, album[0]):
        artist, album = "", [artist, *album]
    elif fold(artist) in _NOBODY:
        artist = ""
    return Name(artist, " - ".join(album), " - ".join(title))


def parse_all(stems: Sequence[str]) -> list[Name]:
    """What the file names of a collection say, if they are read together.

    Notebook: book/02_partitions.ipynb
    """
    names = [parse(stem) for stem in stems]
    artists_of: dict[str, set[str]] = {}
    for name in names:
        if name.album and name.artist:
            artists_of.setdefault(fold(name.album), set()).add(fold(name.artist))
    return [_without_album_as_artist(name, artists_of) for name in names]


def fold(text: str) -> str:
    """The text without case, accents and superfluous space."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(x for x in letters if not unicodedata.combining(x)).casefold().split())


def _without_album_as_artist(name: Name, artists_of: dict[str, set[str]]) -> Name:
    artist = fold(name.artist)
    # An artist whose name contains the album's ("Celia Cruz & India") may have recorded an album with that name.
    others = [other for other in artists_of.get(artist, ()) if artist not in other]
    if len(others) < 2:
        return name
    return Name("", " - ".join(part for part in (name.artist, name.album) if part), name.title)


def _parts(stem: str) -> list[str]:
    text = unicodedata.normalize("NFC", stem).strip()
    if " " not in text:
        text = text.replace("_", " ")
    text = _NUMBER_BETWEEN.sub(r" - \1 - ", text)
    return [part for part in (" ".join(piece.split()) for piece in _SEPARATOR.split(text)) if part]


def _is(what: re.Pattern[str], part: str) -> bool:
    return what.fullmatch(fold(part)) is not None
