#!/usr/bin/env python
"""Write book/datasets.md from the manifests: the only writer of it.

    python tools/datasets_page.py [--check]

Every number on the page is counted in a manifest or read from a loader. The text about what a dataset can and cannot
show is in :data:`WORDS`. With --check nothing is written, and the exit code is 1 if the page is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from music_adversaries.book import datasets, partitions
from music_adversaries.book.datasets import Manifest
from music_adversaries.errors import InputError

PAGE = Path(__file__).resolve().parents[1] / "book" / "datasets.md"

HEAD = """# Datasets

A dataset is a manifest in `data_manifests/`, a table with one row for each excerpt, and a loader.
This page is written from the manifests by `tools/datasets_page.py`.

```bash
music-adversaries data list                # which datasets there are, and which are here
music-adversaries data get NAME            # generate, download or, with --from PATH, find it
music-adversaries data check NAME          # verify every file
music-adversaries data audit NAME --partition artist_filtered    # what a partition leaks
music-adversaries data faults NAME         # replicas and distortion, found in the audio
```

To run the whole book on another dataset: `make book DATASET=NAME`.
"""

# For each dataset: the introduction, how to get it, and what it can and cannot show.
WORDS = {
    "synthetic": (
        "The default. The library composes and renders it on first use; nothing is downloaded.\n"
        "Genre is in the composition. An artist is in habits of playing, and in a production that is drawn without "
        "regard to genre. Faults of the kinds that Sturm found in GTZAN {cite:p}`sturm2013gtzan` are planted, "
        "and the manifest names them.\n"
        "The notes are rendered with the TimGM6mb SoundFont that the package `pretty_midi` ships.\n\n"
        "Its knobs are set in its name: `synthetic:production_strength=0,habit_strength=0,faults=no`. "
        "[Chapter 2](02_partitions.ipynb) measures them.",
        "`music-adversaries data get synthetic`, a minute",
        "what a planted confound does, and that code does what it should",
        'anything about real genres: "jazz" here is what we wrote down as jazz',
    ),
    "synthetic-latin": (
        "Invented too, in the shape of the Latin Music Database {cite:p}`silla2008`: ten Latin genres, classes and "
        "artists of unequal size, tracks longer than the excerpts that are used, and replicas left in.",
        "`music-adversaries data get synthetic-latin`, a minute",
        "how the code fares where classes are unequal and tracks are longer than excerpts",
        "anything about real genres",
    ),
    "gtzan-mini": (
        "A hundred real excerpts of GTZAN {cite:p}`tzanetakis2002`: the version that the library mirdata calls *mini*.",
        "`music-adversaries data get gtzan-mini`, or `--from FOLDER` for a copy of your own",
        "that an attack works on real music",
        "how well a system knows genre: some of its classes have too few artists for an artist-filtered partition",
    ),
    "gtzan": (
        "The benchmark of the paper {cite:p}`tzanetakis2002`, with artists and titles from Sturm's index "
        "{cite:p}`sturm2012` and the paper's two partitions. The manifest is here, the audio is not.",
        "`music-adversaries data get gtzan --from FOLDER`: your copy, as .wav, .au or FLAC, in genre folders, in one "
        "folder, or as Kaggle packs it. With `--allow-missing` it goes on without files that are missing or corrupt",
        "what the paper showed, on its own data",
        "genre recognition in the world: some labels are contested, and a few artists fill whole classes",
    ),
    "lmd": (
        "The Latin Music Database {cite:p}`silla2008`, the paper's other benchmark. It is private. The manifest holds "
        "the 900 file names whose folds are public {cite:p}`foleis2020`; artist and title are read from file names, "
        "and the first 30 s of each track are used.",
        "`music-adversaries data get lmd --from FOLDER`: your copy, a folder a genre",
        "what the paper showed, on its own data, for users who have a copy",
        "the paper's own artist-filtered partition, which is not public",
    ),
    "soundtracks": (
        "Music from free games, under free licences: real music that anybody may download. The files stay as Debian "
        "keeps them; excerpts are cut when they are used. "
        "Who made it is in `data_manifests/soundtracks.ATTRIBUTION.md`.",
        "`music-adversaries data get soundtracks` on Debian and its relatives, without root; elsewhere `--from FOLDER` "
        "with the packages' .deb files",
        "the artist effect in real, open music: a track has several excerpts, a composer several tracks",
        "genre recognition at large: styles of game music by few composers",
    ),
    "fma-small": (
        "The Free Music Archive's small set {cite:p}`defferrard2017`: the open successor of GTZAN, "
        "with artist ids and a published partition "
        "that keeps artists apart. It has 8,000 clips of 30 s in 8 genres, 7.2 GiB, as its authors say. No manifest "
        "is kept here; it is made from `tracks.csv`.",
        "`music-adversaries data get fma-small`, resumable, or `--from FOLDER` with `fma_small` and `fma_metadata`, "
        "folders or zip files",
        "the paper's experiments at eight times GTZAN's size, on music with licences",
        "anything yet: the book has not been run on it",
    ),
    "folder": (
        "Your own music: a folder with a subfolder for each label, or a CSV file with at least the columns `path` and "
        "`label`. `artist` and `title` are optional; without artists there is no artist-filtered partition, and "
        "intervals over artists are over excerpts, with a note. WAV, FLAC, OGG, MP3, AU and AIFF are read; everything "
        "is mixed to mono and resampled to 22,050 Hz, and of a longer recording the first 30 s are used, with a note. "
        "The records of two folders stay apart: their names say which collection they are of.\n\n"
        "```bash\nMUSIC_ADVERSARIES_FOLDER=~/my-music make book DATASET=folder\n```",
        "it is yours",
        "how all this looks on music you know",
        "",
    ),
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for info in datasets.available():
        intro, how, can, cannot = WORDS[info.name]
        facts = _facts(info.name)
        facts |= {"licence": _licences(info.name) or info.licence, "how to get it": how, "can show": can}
        if cannot:
            facts["cannot show"] = cannot
        rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
        parts.append(f"({info.name})=\n## {info.name}\n\n{intro}\n\n| | |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _manifest(name: str) -> Manifest | None:
    """The manifest, if it can be made without audio."""
    return None if name in ("folder", "fma-small") else datasets.manifest_of(name)


def _facts(name: str) -> dict[str, str]:
    manifest = _manifest(name)
    if manifest is None:
        return {}
    table = manifest.table
    sizes = table["label"].value_counts()
    each = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
    artists = {key for key in partitions.clusters(manifest, table["excerpt"]) if not key.startswith(partitions.UNKNOWN)}
    unknown = int((table["artist"] == "").sum())
    facts = {
        "excerpts": f"{len(table):,}, in {len(sizes)} classes of {each}: {', '.join(sorted(sizes.index))}",
        "artists": f"{len(artists)}" + (f"; of {unknown} excerpts the artist is unknown" if unknown else ""),
    }
    if table["path"].nunique() < len(table):
        facts["tracks"] = f"{table['path'].nunique()}, of which excerpts are cut"
    lengths = table["duration_s"].dropna().round(1)
    if len(lengths):
        low, high = lengths.min(), lengths.max()
        facts["length"] = f"{low:g} s" if low == high else f"{low:g} to {high:g} s"
        if name.startswith("synthetic"):
            facts["length"] += " in profile `quick`, 30 s in `full`"
    faults = Counter(fault.partition(":")[0] for fault in table["fault"] if fault)
    if faults:
        facts["faults named"] = ", ".join(f"{n} `{kind}`" for kind, n in sorted(faults.items()))
    if manifest.partitions:
        facts["published partitions"] = "; ".join(_partition(manifest, column) for column in manifest.partitions)
    return facts


def _partition(manifest: Manifest, column: str) -> str:
    counts = partitions.published(manifest, column).counts()
    said = "/".join(str(counts[part]) for part in partitions.PARTS)
    return f"`{column}` {said}" + (f", {counts['unused']} unused" if counts["unused"] else "")


def _licences(name: str) -> str:
    manifest = _manifest(name)
    if manifest is None:
        return ""
    counts: pd.Series = manifest.table["licence"].value_counts()
    return counts.index[0] if len(counts) == 1 else ", ".join(f"{licence} ({n})" for licence, n in counts.items())


def main() -> int:
    """Write the page, or say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    text = page()
    if parser.parse_args().check:
        stale = not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text
        print(f"{PAGE.name} is {'stale; run tools/datasets_page.py' if stale else 'what the manifests say'}")
        return int(stale)
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE}: {len(datasets.LOADERS)} datasets")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
