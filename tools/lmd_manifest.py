#!/usr/bin/env python
"""Write data_manifests/lmd.csv: the only writer of it.

    python tools/lmd_manifest.py --folds FOLDS.csv

FOLDS.csv has the columns path, genre and test_fold: the test lists (f1_evaluate.txt to f3_evaluate.txt) of the
repository julianofoleiss/lmd_3f_stratified_artist_filter, 900 names of the Latin Music Database in three folds of
300, put together by Yandre Costa. To be cited as Foleis and Tavares, Texture selection for automatic music genre
classification, Applied Soft Computing 89 (2020), 106127. Nothing in the manifest is typed by hand:

excerpt, path, label       FOLDS.csv
artist, title              read from the file names by music_adversaries.book.datasets.lmd_names
start_s, duration_s        the first 30 s are used; a shorter track is used completely
checksum, fault            blank: nothing about the recordings is public
fold_1, fold_2, fold_3     test: the tracks that FOLDS.csv names for that fold. valid: the lists have no validation
                           part, so in each genre whole artists are held out for it, in the order of a hash of fold
                           and name, as long as they fit into a quarter of the tracks that are not test. Artists with
                           test tracks (the lists have some) and unknown artists are never held out. train: the rest
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from pathlib import Path

import pandas as pd

from music_adversaries.book.datasets import folder, lmd, lmd_names
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest, manifests_folder, read_table
from music_adversaries.book.partitions import names
from music_adversaries.errors import InputError

SOURCE = (
    "file name from the public folds of the Latin Music Database (Costa; Foleis and Tavares 2020), "
    "artist and title from the file name"
)
VALID_SHARE = 0.25


def manifest(folds: Path) -> Manifest:
    """The 900 public names."""
    public = read_table(folds)
    read = lmd_names.parse_all([Path(path).stem for path in public["path"]])
    table = pd.DataFrame(
        {
            "excerpt": [lmd.excerpt_id(path) for path in public["path"]],
            "path": public["path"],
            "label": public["genre"],
            "artist": [name.artist for name in read],
            "title": [name.title for name in read],
            "duration_s": folder.MAX_SECONDS,
            "licence": lmd.LICENCE,
            "source": SOURCE,
        }
    ).reindex(columns=list(COLUMNS), fill_value="")
    for number, column in enumerate(lmd.FOLDS, start=1):
        table[column] = divide(table, (public["test_fold"] == str(number)).to_numpy(), column)
    return Manifest.of(lmd.NAME, table).validate()


def divide(table: pd.DataFrame, test: pd.Series, salt: str) -> list[str]:
    """Parts of one fold: validation by whole artists, in an order that only depends on names."""
    keys = [names.key(artist) for artist in table["artist"]]
    tested = {key for key, tests in zip(keys, test, strict=True) if tests}
    room = Counter(table["label"][~test])
    room = {label: VALID_SHARE * count for label, count in room.items()}
    held_out = set()
    for artist in sorted(set(keys) - tested - {""}, key=lambda key: hashlib.sha256(f"{salt}/{key}".encode()).digest()):
        wants = Counter(label for label, key in zip(table["label"], keys, strict=True) if key == artist)
        if all(count <= room[label] for label, count in wants.items()):
            held_out.add(artist)
            room = {label: left - wants[label] for label, left in room.items()}
    return ["test" if tests else "valid" if key in held_out else "train" for key, tests in zip(keys, test, strict=True)]


def main() -> None:
    """Write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, required=True)
    made = manifest(parser.parse_args().folds)
    path = manifests_folder() / f"{made.name}.csv"
    made.write(path)
    print(f"{path}: {len(made)} excerpts, {len(made.labels)} labels")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
