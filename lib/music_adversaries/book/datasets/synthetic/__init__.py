"""Invented music by invented artists, with a confound and faults that are planted and known.

The dataset ``synthetic`` has GTZAN's shape: ten genres with GTZAN's names, ten artists a genre, four
excerpts an artist. ``synthetic-latin`` has LMD's: ten Latin genres of unequal size, few artists with many
tracks and many with few. Genre is in what is played (`styles`, `latin_styles`, `composition`); an artist
is in how it is played (`habits`) and, above all, in how it is recorded (`production`), which has nothing
to do with genre. So a classifier can do well on a random partition by recognising artists, and an
artist-filtered one shows what it knows about genre. The paper found this for GTZAN; here it is true by
construction, and knobs change it. Faults as in GTZAN are planted too, and can be left out. Paper: Section 2.4.
Notebook: book/02_partitions.ipynb

============================  ===================================================================
`notation`, `styles`          the genres, written as chord symbols and tabs
`latin_styles`, `palette`     the Latin ones; all of them together
`shapes`                      labels, artists, excerpts, durations and faults: how many of each
`habits`, `artists`           what an artist usually plays; the artists
`composition`                 style + habits -> notes
`rendering`                   notes -> dry audio
`production`                  dry audio -> an artist's recording
`planted`, `damage`           which excerpt has which fault; what copying and damage do to audio
`excerpts`                    the excerpts, their titles and checksums
`generation`                  files
============================  ===================================================================

An excerpt depends only on the dataset's settings and its own id. On one machine it is the same to the
sample, whatever else is rendered before it or at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, Unpack

import numpy as np
import pandas as pd

from ....errors import InputError
from . import excerpts, generation
from .excerpts import DEFAULT_SEED, Arguments, Dose, Knobs, Settings
from .styles import GENRES

__all__ = [
    "DEFAULT_SEED",
    "GENRES",
    "Arguments",
    "Dose",
    "Knobs",
    "Settings",
    "generate",
    "generate_doses",
    "recipe",
    "render",
    "rerender",
]

COLUMNS = (
    "excerpt",
    "path",
    "label",
    "artist",
    "title",
    "start_s",
    "duration_s",
    "checksum",
    "fault",
    "licence",
    "source",
)

AnyPath = TypeVar("AnyPath", Path, str, Path | str)


def recipe(
    profile: str = "quick",
    seed: int = DEFAULT_SEED,
    production_strength: float = 1.0,
    production_genre_correlation: float = 0.0,
    habit_strength: float = 1.0,
    faults: bool = True,
    shape: str = "gtzan",
) -> pd.DataFrame:
    """The manifest of the dataset; nothing is rendered.

    Parameters
    ----------
    profile
        ``"quick"`` (6 s an excerpt) or ``"full"`` (30 s).
    seed
        Seed of everything that is drawn. Another seed is another dataset.
    production_strength
        Scales the artists' productions: at 0 every recording has the same neutral one.
    production_genre_correlation
        Correlation of productions within a genre: at 0 they are independent of genre; at 1 the artists of
        a genre share one production, which then identifies the genre.
    habit_strength
        Scales how often an artist follows its habits: at 0 every piece chooses freely from its
        genre's palette, and artists differ only in their productions.
    faults
        Whether faults are planted (`planted`): replicas, versions, distorted and mislabelled excerpts.
        Without them, all excerpts of a label are undamaged and by artists of that genre.
    shape
        ``"gtzan"`` (the dataset ``synthetic``) or ``"lmd"`` (``synthetic-latin``).

    Returns
    -------
    pandas.DataFrame
        One row for each excerpt, 400 or 323, with the columns of every manifest (see ``data_manifests``).
        ``artist`` is the artist who plays, even if the excerpt is mislabelled. ``checksum`` is that of the
        excerpt's recipe, not of its audio. Files of ``"lmd"`` are longer (10 or 45 s) than ``duration_s``.

    Raises
    ------
    InputError
        When an argument lies outside its range.

    Notebook: book/02_partitions.ipynb
    """
    settings = Settings(profile, seed, production_strength, production_genre_correlation, habit_strength, faults, shape)
    rows = []
    for excerpt_id in excerpts.excerpt_ids(settings.shape):
        piece = excerpts.excerpt(excerpt_id, settings)
        rows.append(
            {
                "excerpt": excerpt_id,
                "path": piece.path,
                "label": piece.label,
                "artist": piece.artist.name,
                "title": piece.title,
                "start_s": 0.0,
                "duration_s": settings.seconds,
                "checksum": piece.checksum(),
                "fault": str(piece.fault),
                "licence": "CC0-1.0",
                "source": "generated by music_adversaries",
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def generate(
    folder: Path | str,
    profile: str = "quick",
    seed: int = DEFAULT_SEED,
    *,
    only: list[str] | None = None,
    progress: bool = True,
    workers: int | None = None,
    shape: str = "gtzan",
    **knobs: Unpack[Knobs],
) -> pd.DataFrame:
    """Render every excerpt that ``folder`` does not hold yet, as 16-bit WAV at 22,050 Hz.

    Safe to interrupt and to call again: finished files are kept; half-written, damaged or outdated files
    are rendered again.

    Parameters
    ----------
    folder
        Where ``LABEL/EXCERPT.wav`` and the file ``index.json`` go; made if it does not exist.
    profile, seed, shape, **knobs
        As in `recipe`.
    only
        Ids of the excerpts wanted; all by default.
    progress
        Show a progress bar while there is something to render.
    workers
        Number of processes; by default as many as there are processors. The files do not depend on it.

    Returns
    -------
    pandas.DataFrame
        What `recipe` returns; with ``only``, the rows of those excerpts.

    Raises
    ------
    InputError
        When an argument is out of range, an excerpt does not exist, the folder cannot be written or the
        disk is full.

    Notebook: book/02_partitions.ipynb
    """
    doses: dict[Path, Arguments] = {Path(folder): {"profile": profile, "seed": seed, "shape": shape, **knobs}}
    return generate_doses(doses, only=only, progress=progress, workers=workers)[Path(folder)]


def generate_doses(
    doses: Mapping[AnyPath, Arguments],
    *,
    only: list[str] | None = None,
    progress: bool = True,
    workers: int | None = None,
) -> dict[Path, pd.DataFrame]:
    """Render several variants of a dataset, e.g. with more and more of the planted confound.

    As `generate` for each folder, but excerpts that differ only in production are played once and produced
    several times. Playing takes most of the time: five doses take less time than two generations.

    ::

        generate_doses({f"dose-{s}": {"production_strength": s, "faults": False} for s in (0, 0.5, 1)})

    Parameters
    ----------
    doses
        For each folder, the arguments of `recipe`; all of one ``shape``.
    only, progress, workers
        As in `generate`.

    Returns
    -------
    dict
        For each folder what `recipe` returns.

    Raises
    ------
    InputError
        As `generate`; also when shapes differ.

    Notebook: book/02_partitions.ipynb
    """
    folders = {Path(folder): Settings(**knobs) for folder, knobs in doses.items()}
    shapes = {settings.shape for settings in folders.values()}
    if len(shapes) > 1:
        raise InputError(f"doses have the shapes {', '.join(sorted(shapes))}; give all of them one shape.")
    ids = [excerpt for shape in shapes for excerpt in excerpts.excerpt_ids(shape)] if only is None else list(only)
    generation.write_excerpts(folders, ids, progress, workers)
    tables = {Path(folder): recipe(**knobs) for folder, knobs in doses.items()}
    if only is not None:
        tables = {folder: table[table["excerpt"].isin(only)].reset_index(drop=True) for folder, table in tables.items()}
    return tables


def render(
    excerpt_id: str,
    profile: str = "quick",
    seed: int = DEFAULT_SEED,
    *,
    shape: str = "gtzan",
    **knobs: Unpack[Knobs],
) -> np.ndarray:
    """Render one excerpt in memory.

    Parameters
    ----------
    excerpt_id
        For example ``"blues.00000"``.
    profile, seed, shape, **knobs
        As in `recipe`.

    Returns
    -------
    numpy.ndarray
        float32 mono ``[n_samples]`` at 22,050 Hz, within ±0.95, every value a multiple of 1/32768, so that
        a 16-bit file holds it without loss. It is the whole file: ``n_samples`` is ``round(seconds * 22050)``.

    Raises
    ------
    InputError
        When an argument is out of range, or there is no such excerpt.

    Notebook: book/02_partitions.ipynb
    """
    return excerpts.render_excerpt(excerpts.excerpt(excerpt_id, Settings(profile, seed, shape=shape, **knobs)))


def rerender(
    excerpt_id: str,
    artist: str,
    profile: str = "quick",
    seed: int = DEFAULT_SEED,
    *,
    shape: str = "gtzan",
    **knobs: Unpack[Knobs],
) -> np.ndarray:
    """The intervention: the same performance, recorded by another artist.

    All notes, all instruments and the time of every stroke stay the same; only the production changes. If a
    system's decision changes, the production is the cause. Paper: Section 2.4

    Parameters
    ----------
    excerpt_id
        For example ``"blues.00000"``.
    artist
        Name of any artist of the dataset, whatever that artist's genre; with the excerpt's own artist, the
        result is that of `render`.
    profile, seed, shape, **knobs
        As in `recipe`.

    Returns
    -------
    numpy.ndarray
        As `render`. A fault of the excerpt (a shift, distortion ...) stays with it.

    Raises
    ------
    InputError
        When an argument is out of range, or there is no such excerpt or artist.

    Notebook: book/02_partitions.ipynb
    """
    piece = excerpts.excerpt(excerpt_id, Settings(profile, seed, shape=shape, **knobs))
    return excerpts.render_excerpt(excerpts.produced_by(piece, artist))
