#!/usr/bin/env python
"""Write the manifests of data_manifests/: the only writer of them.

    python tools/write_manifests.py synthetic
    python tools/write_manifests.py gtzan-mini --facts FACTS.csv --index INDEX.json --audio FOLDER

gtzan-mini.csv is put together from three sources, and nothing in it is typed by hand:

FACTS.csv   columns excerpt, genre, artist, title, random_split, fault_filtered_split: artists and titles of
            Sturm's index of GTZAN (2012, corrected to 2014), partitions of the paper's published lists
INDEX.json  mirdata's gtzan_genre_1.0_mini_index.json, which the wheel of mirdata 0.3.8 on PyPI contains
            (md5 of the file: ac97f5a783d7843cf92ed8875d85af3d, as mirdata itself records)
FOLDER      the recordings, of which durations are measured and mirdata's checksums verified
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import pandas as pd
import soundfile

from music_adversaries.datasets import base, gtzan_mini, synthetic_dataset
from music_adversaries.datasets.manifest import COLUMNS, Manifest, manifests_folder
from music_adversaries.errors import InputError

GTZAN_SOURCE = (
    "GTZAN (Tzanetakis and Cook 2002); recording and md5 from mirdata's mini version; "
    "artist and title from Sturm's index (An analysis of the GTZAN music genre dataset, MIRUM 2012, "
    "corrected to 2014); "
    "partitions published by Kereliuk, Sturm and Larsen (2015)"
)


def synthetic() -> Manifest:
    """The recipe of the profile quick."""
    return synthetic_dataset.manifest("quick")


def mini(facts: Path, index: Path, audio: Path) -> Manifest:
    """GTZAN mini, its checksums verified against the recordings."""
    with open(facts, encoding="utf-8", newline="") as file:
        known = {row["excerpt"]: row for row in csv.DictReader(file)}
    tracks = json.loads(index.read_text(encoding="utf-8"))["tracks"]
    rows = []
    for excerpt in sorted(tracks):
        stored, md5 = tracks[excerpt]["audio"]
        fact = known[excerpt]
        rows.append(
            {
                "excerpt": excerpt,
                "path": stored.removeprefix("gtzan_mini-main/genres/"),
                "label": fact["genre"],
                "artist": fact["artist"],
                "title": fact["title"],
                "start_s": 0.0,
                "checksum": f"md5:{md5}",
                "licence": gtzan_mini.LICENCE,
                "source": GTZAN_SOURCE,
                "random": fact["random_split"],
                "fault_filtered": fact["fault_filtered_split"],
            }
        )
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, "random", "fault_filtered"], fill_value="")
    manifest = Manifest.of(gtzan_mini.NAME, table)
    files = gtzan_mini.LOCATION.files(manifest, audio)
    # A private memory: every checksum is verified here and now.
    verified = base.Verified("write-manifests")
    verified.forget()
    base.refuse(base.verify_all(manifest.name, manifest, files, verified=verified), manifest.name, f"check {audio}")
    for row, excerpt in enumerate(manifest.table["excerpt"]):
        facts_of_file = soundfile.info(files[excerpt])
        # Six decimals are finer than a sample.
        manifest.table.loc[row, "duration_s"] = round(facts_of_file.frames / facts_of_file.samplerate, 6)
    return manifest


def main() -> None:
    """Write the manifest asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["synthetic", gtzan_mini.NAME])
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--audio", type=Path)
    arguments = parser.parse_args()
    if arguments.name == "synthetic":
        manifest = synthetic()
    elif arguments.facts and arguments.index and arguments.audio:
        manifest = mini(arguments.facts, arguments.index, arguments.audio)
    else:
        parser.error(f"{gtzan_mini.NAME} needs --facts, --index and --audio")
    path = manifests_folder() / f"{manifest.name}.csv"
    manifest.validate().write(path)
    print(f"{path}: {len(manifest)} excerpts, {len(manifest.labels)} labels")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
