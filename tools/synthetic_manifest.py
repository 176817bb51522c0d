#!/usr/bin/env python
"""Write data_manifests/synthetic.csv and synthetic-latin.csv: the only writer of both.

    python tools/synthetic_manifest.py

They are the recipes of the profile quick. A recipe's checksums cover the code of datasets/synthetic/, so run this
again after an edit of that code.
"""

from __future__ import annotations

from music_adversaries.book.datasets import synthetic_dataset, synthetic_latin
from music_adversaries.book.datasets.manifest import manifests_folder
from music_adversaries.errors import InputError


def main() -> None:
    """Write both manifests."""
    for module in (synthetic_dataset, synthetic_latin):
        manifest = module.manifest("quick")
        path = manifests_folder() / f"{manifest.name}.csv"
        manifest.write(path)
        print(f"{path}: {len(manifest)} excerpts, {len(manifest.labels)} labels")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
