"""What `synthetic` and `synthetic-latin` have in common: music that is generated and kept in the cache.

Their manifest is a recipe: its facts are known because they were decided before the music was made.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from tqdm.auto import tqdm

from ...cache import cache_dir, read_json
from ...errors import InputError
from ..processes import said_if_one_is_killed
from .base import CORRUPT, MISSING, CheckReport, Dataset, DatasetInfo, Problem, file_digest
from .choices import PROFILES
from .manifest import Manifest

if TYPE_CHECKING:
    from .synthetic import Arguments, Dose, Settings

LICENCE = "CC0-1.0"

_INDEX = "index.json"  # of `synthetic.generate`: the hash of each finished file


@dataclass(frozen=True)
class Generated:
    """A dataset that `synthetic` generates.

    Attributes
    ----------
    name, summary : for the list of datasets
    shape : one of `synthetic.shapes.SHAPES`
    """

    name: str
    summary: str
    shape: str

    def manifest(self, profile: str = "quick", **knobs: Unpack[Dose]) -> Manifest:
        """The recipe as a manifest; nothing is rendered. Each checksum is that of an excerpt's recipe.

        Parameters
        ----------
        knobs : arguments of `synthetic.recipe` other than ``profile`` and ``shape``
        """
        from . import synthetic  # imported here: users of real music do not need the synthesiser

        return Manifest.of(self.name, synthetic.recipe(profile, shape=self.shape, **knobs)).validate()

    def info(self) -> DatasetInfo:
        """Its line in the list of datasets."""
        begun = [profile for profile in PROFILES if (self._folder(profile) / _INDEX).is_file()]
        where = self._folder(begun[0]).parent if begun else None
        state = f"in {where} ({', '.join(begun)})" if begun else "to be generated, in a minute or two"
        return DatasetInfo(self.name, self.summary, LICENCE, state)

    def load(self, profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
        """The dataset; excerpts that are not complete in the cache are generated.

        Parameters
        ----------
        profile : ``"quick"``, excerpts of 6 s, or ``"full"``, of 30 s
        path : must be None, since the audio is in the cache

        Raises
        ------
        InputError
            When a path is given, the disk is full or the cache cannot be written.
        """
        from . import synthetic

        if path is not None:
            raise InputError(
                f"{self.name} is generated and needs no path, but {path} was given; "
                "leave it out, or use the dataset 'folder'."
            )
        folder = self._folder(profile)
        with said_if_one_is_killed(f"rendering {self.name}"):
            table = synthetic.generate(folder, profile, progress=progress, shape=self.shape)
        return self._dataset(profile, Manifest.of(self.name, table), folder)

    def get(self, profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
        """Generate the excerpts that are not there yet."""
        return CheckReport(self.name, profile, self._folder(profile), len(self.load(profile, path, progress)))

    def check(self, profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
        """Compare every file with what was recorded when it was generated; generates nothing.

        Raises
        ------
        InputError
            When nothing was generated yet.
        """
        folder = self._folder(profile)
        index = read_json(folder / _INDEX, seal=False)
        if not isinstance(index, dict):
            raise InputError(
                f"{self.name} ({profile}) has not been generated yet; "
                f"generate it with `music-adversaries data get {self.name}`."
            )
        table = self.manifest(profile)
        problems = []
        rows = tqdm(list(table.rows()), desc=f"Checking {self.name}", unit="file", disable=not progress, leave=False)
        for row in rows:
            file, entry = folder / row["path"], index.get(row["path"])
            entry = entry if isinstance(entry, dict) else {}
            if not file.is_file():
                problems.append(Problem(row["excerpt"], file, MISSING))
            elif entry.get("recipe") != row["checksum"]:
                problems.append(Problem(row["excerpt"], file, "was generated from another recipe"))
            elif entry.get("sha256") != file_digest(file):
                problems.append(Problem(row["excerpt"], file, CORRUPT))
        return CheckReport(self.name, profile, folder, len(table), tuple(problems))

    def load_doses(self, profile: str, doses: Sequence[Dose], progress: bool = True) -> list[Dataset]:
        """The dataset with other settings of its knobs, once for each dose; see `synthetic.generate_doses`.

        Parameters
        ----------
        doses : arguments of `synthetic.recipe` other than ``profile`` and ``shape``

        Returns
        -------
        list of Dataset
            In the order of ``doses``. Each is in a folder of its own in the cache.

        Raises
        ------
        InputError
            When an argument is out of range, the disk is full or the cache cannot be written.

        Notebook: book/02_partitions.ipynb
        """
        from . import synthetic

        arguments: list[Arguments] = [{**dose, "profile": profile, "shape": self.shape} for dose in doses]
        folders = [self._dose_folder(profile, synthetic.Settings(**knobs)) for knobs in arguments]
        with said_if_one_is_killed(f"rendering {self.name}"):
            tables = synthetic.generate_doses(dict(zip(folders, arguments, strict=True)), progress=progress)
        return [self._dataset(profile, Manifest.of(self.name, tables[folder]), folder) for folder in folders]

    def _dataset(self, profile: str, table: Manifest, folder: Path) -> Dataset:
        files = {row["excerpt"]: folder / row["path"] for row in table.rows()}
        return Dataset(self.name, profile, table.validate(), files)

    def _folder(self, profile: str) -> Path:
        return cache_dir() / "datasets" / f"{self.name}-{profile}"

    def _dose_folder(self, profile: str, settings: Settings) -> Path:
        key = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode()).hexdigest()[:12]
        return cache_dir() / "datasets" / f"{self.name}-{profile}-doses" / key
