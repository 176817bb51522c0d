#!/usr/bin/env python
"""Write data_manifests/gtzan.csv and gtzan-mini.csv: the only writer of both.

    python tools/gtzan_manifest.py --facts FACTS.csv --index INDEX.json --mini-index MINI.json --audio FOLDER

Nothing in them is typed by hand. Where each column comes from:

excerpt, path, checksum    INDEX.json: mirdata's gtzan_genre_index_1.0.json, which the wheel of mirdata 0.3.8 on PyPI
                           contains (md5 of the file: 533ca050855f22acf2feb283d9957fe3); of 16-bit WAV files
label, artist, title       FACTS.csv, columns genre, artist, title: Sturm's index of GTZAN (2012, corrected to 2014)
random, fault_filtered     FACTS.csv, columns random_split, fault_filtered_split: the lists that the paper's authors
                           published
fault                      replica_of if two files have the same md5 in INDEX.json; the earlier id is called the
                           original: 14 excerpts. (fault_filtered leaves out one of each pair.) Sturm (2012) reports
                           50 exact replicas, which are not all equal byte for byte, and faults of other kinds; his
                           catalogue was not available as data, so the rest stays blank
start_s                    0: an excerpt is a file
duration_s                 blank in gtzan.csv, since it is not known without the audio (about 30 s); in gtzan-mini.csv
                           measured on the recordings in FOLDER, and their checksums are verified too
licence, source            defined below

gtzan-mini.csv has the rows of the excerpts in MINI.json, without partitions (gtzan_genre_1.0_mini_index.json of the
same wheel; md5 of the file: ac97f5a783d7843cf92ed8875d85af3d). Without --mini-index and --audio, only gtzan.csv is
written.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import pandas as pd
import soundfile

from music_adversaries.book.datasets import base, gtzan, gtzan_mini
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest, manifests_folder
from music_adversaries.errors import InputError

SOURCE = (
    "GTZAN (Tzanetakis and Cook 2002); {recording}; "
    "artist and title from Sturm's index (An analysis of the GTZAN music genre dataset, MIRUM 2012, "
    "corrected to 2014); "
    "partitions published by Kereliuk, Sturm and Larsen (2015)"
)
# For the excerpts in the mini version, the recording itself is public; for the others only its md5.
IN_MINI = "recording and md5 from mirdata's mini version"
NOT_IN_MINI = "md5 from mirdata's index"
PARTITIONS = {"random": "random_split", "fault_filtered": "fault_filtered_split"}


def full(facts: Path, index: Path, mini_index: Path | None = None) -> Manifest:
    """The manifest of GTZAN, from the tables of facts alone."""
    with open(facts, encoding="utf-8", newline="") as file:
        known = {row["excerpt"]: row for row in csv.DictReader(file)}
    tracks = _audio(index)
    public = set(_audio(mini_index)) if mini_index else set(Manifest.read(_path(gtzan_mini.NAME)).table["excerpt"])
    if tracks.keys() != known.keys():
        odd = sorted(tracks.keys() ^ known.keys())
        raise InputError(f"{facts} and {index} differ in {len(odd)} excerpts, the first {odd[0]}; get both again.")
    rows, first = [], {}
    for excerpt in sorted(tracks):
        stored, md5 = tracks[excerpt]
        original = first.setdefault(md5, excerpt)
        fact = known[excerpt]
        rows.append(
            {
                "excerpt": excerpt,
                "path": stored.removeprefix("gtzan_genre/genres/"),
                "label": fact["genre"],
                "artist": fact["artist"],
                "title": fact["title"],
                "start_s": 0.0,
                "checksum": f"md5:{md5}",
                "fault": "" if original == excerpt else f"replica_of:{original}",
                "licence": gtzan.LICENCE,
                "source": SOURCE.format(recording=IN_MINI if excerpt in public else NOT_IN_MINI),
                **{name: fact[column] for name, column in PARTITIONS.items()},
            }
        )
    table = pd.DataFrame(rows).reindex(columns=[*COLUMNS, *PARTITIONS], fill_value="")
    return Manifest.of(gtzan.NAME, table).validate()


def mini(whole: Manifest, mini_index: Path, audio: Path) -> Manifest:
    """The rows of the mini version, their durations measured and their checksums verified."""
    tracks = _audio(mini_index)
    table = whole.table[whole.table["excerpt"].isin(tracks)].reset_index(drop=True)
    # A tenth of a partition is not a usable partition: some classes would lack a part.
    table = table.drop(columns=list(whole.partitions))
    for row in table.to_dict("records"):
        if row["checksum"] != f"md5:{tracks[row['excerpt']][1]}":
            raise InputError(f"{mini_index}: the md5 of {row['excerpt']} is not that of the whole; get both again.")
    manifest = Manifest.of(gtzan_mini.NAME, table)
    files = gtzan_mini.LOCATION.files(manifest, audio)
    # A new memory of its own: every checksum is verified now.
    verified = base.Verified("write-manifests")
    verified.forget()
    base.refuse(base.verify_all(manifest.name, manifest, files, verified=verified), manifest.name, f"check {audio}")
    for row, excerpt in enumerate(manifest.table["excerpt"]):
        facts_of_file = soundfile.info(files[excerpt])
        # Six decimals are finer than a sample.
        manifest.table.loc[row, "duration_s"] = round(facts_of_file.frames / facts_of_file.samplerate, 6)
    return manifest.validate()


def _audio(index: Path) -> dict[str, tuple[str, str]]:
    """Path and md5 of each excerpt in one of mirdata's indexes."""
    tracks = json.loads(index.read_text(encoding="utf-8"))["tracks"]
    return {excerpt: tuple(track["audio"]) for excerpt, track in tracks.items()}


def _path(name: str) -> Path:
    return manifests_folder() / f"{name}.csv"


def main() -> None:
    """Write both manifests, or only that of the whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--mini-index", type=Path)
    parser.add_argument("--audio", type=Path)
    arguments = parser.parse_args()
    if bool(arguments.mini_index) != bool(arguments.audio):
        parser.error("--mini-index and --audio go together")
    manifests = [full(arguments.facts, arguments.index, arguments.mini_index)]
    if arguments.audio:
        manifests.append(mini(manifests[0], arguments.mini_index, arguments.audio))
    for manifest in manifests:
        manifest.write(_path(manifest.name))
        print(f"{_path(manifest.name)}: {len(manifest)} excerpts, {len(manifest.labels)} labels")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
