"""What ``tracks.csv`` of the Free Music Archive's metadata says about the small subset.

The table has 106,574 tracks and three rows of headings: a group (``album``, ``artist``, ``set``, ``track``),
a name in the group, and a row that says only that the first column is ``track_id``. Free text in it spans lines.

An artist is an *id*. If two artists have the same name, their ids are added (``Name [artist 12]``): otherwise an
artist filter would treat them as one artist. If the name of one id is spelled in several ways, one spelling is used:
otherwise the filter would treat it as several artists.

Source: the dataset's README and ``usage`` notebook (github.com/mdeff/fma).

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from .manifest import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

SUBSET = "small"
SOURCE = "FMA (Defferrard et al., ISMIR 2017), track {}"
SPLIT = {"training": "train", "validation": "valid", "test": "test", "": ""}
_COLUMNS = {
    ("set", "subset"): "subset",
    ("set", "split"): "published",
    ("track", "genre_top"): "label",
    ("track", "title"): "title",
    ("track", "license"): "licence",
    ("artist", "id"): "artist_id",
    ("artist", "name"): "artist",
}


def read(path: Path, url: str) -> pd.DataFrame:
    """The small subset's rows as a table with the columns of a manifest, and ``published``; all are text.

    Parameters
    ----------
    path : ``tracks.csv``
    url : where the archive that holds it is, for the messages

    Raises
    ------
    InputError
        When the file cannot be read or is not that table, or when a track of the subset lacks its genre or
        has a bad id or split.
    """
    import pandas as pd

    remedy = f"give the tracks.csv of fma_metadata.zip ({url})"
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            groups, names, index = (next(reader, []) for _ in range(3))
        # Two rows name the columns; the third only says what the first column is.
        headings = list(zip(groups, names, strict=False))
        if index[:1] != ["track_id"]:
            raise InputError(f"{path} does not begin with three rows of headings, the third with track_id; {remedy}.")
        for group, name in _COLUMNS:
            if (group, name) not in headings:
                raise InputError(f"{path} lacks the column {group}, {name}; {remedy}.")
        where = {0: "track_id", **{headings.index(heading): column for heading, column in _COLUMNS.items()}}
        used = sorted(where)
        rows = pd.read_csv(
            path,
            skiprows=3,
            header=None,
            names=list(range(len(groups))),
            usecols=used,
            dtype="str",
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except (ValueError, csv.Error) as error:  # pandas' errors are ValueErrors, a wrong encoding too
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not the table expected ({str(error).strip()}); {remedy}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    # A row that is cut short has missing values instead of blanks.
    rows = rows.rename(columns=where).fillna("").apply(lambda column: column.str.strip())
    rows = rows[rows["subset"] == SUBSET].reset_index(drop=True)
    if rows.empty:
        raise InputError(f"{path} has no track in the subset {SUBSET}; {remedy}.")
    for bad, what in (
        (~rows["track_id"].str.fullmatch(r"\d{1,6}"), "track_id"),
        (rows["label"] == "", "genre_top"),
        (~rows["published"].isin(list(SPLIT)), "split"),
    ):
        if bad.any():
            row = rows[bad].iloc[0]
            column = {"genre_top": "label", "split": "published"}.get(what, what)
            raise InputError(f"{path}, track {row['track_id']}: {what} is {row[column]!r}; {remedy}.")
    rows["excerpt"] = rows["track_id"].str.zfill(6)
    rows["path"] = rows["excerpt"].str[:3] + "/" + rows["excerpt"] + ".mp3"
    rows["source"] = [SOURCE.format(track) for track in rows["track_id"]]
    rows["published"] = rows["published"].map(SPLIT)
    rows["artist"] = artist_names(rows["artist_id"].tolist(), rows["artist"].tolist())
    return rows.reindex(columns=[*COLUMNS, "published"], fill_value="")


def artist_names(ids: list[str], names: list[str]) -> list[str]:
    """One name for each artist id; different ids have different names.

    Parameters
    ----------
    ids : the artist's id for each track; blank where unknown
    names : the artist's name for each track, as it is written in the table

    Returns
    -------
    For each track, the most frequent name of its artist. If names of different ids differ only in case,
    spaces and signs, ``" [artist ID]"`` is added. Without an id the name stays as it is.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for artist, name in zip(ids, names, strict=True):
        if artist:
            spellings[artist][name] += 1
    # Not blank, then most frequent, then first in the alphabet: the order of the rows does not matter.
    called = {
        artist: min(counts, key=lambda name: (not name, -counts[name], name)) for artist, counts in spellings.items()
    }
    tagged = {artist for artist, name in called.items() if not name}
    while True:
        final = {
            artist: f"{name} [artist {artist}]".strip() if artist in tagged else name for artist, name in called.items()
        }
        bearers: dict[str, set[str]] = defaultdict(set)
        for artist, name in final.items():
            bearers[_letters(name)].add(artist)
        # Repeated, since a new name may be equal to another artist's name.
        more = set().union(*(artists for artists in bearers.values() if len(artists) > 1)) - tagged
        if not more:
            return [final.get(artist, name) for artist, name in zip(ids, names, strict=True)]
        tagged |= more


def _letters(name: str) -> str:
    """The part of a name that an artist filter compares: letters and digits, whatever the case and accents."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in folded if letter.isalnum()) or folded
