"""An experiment in parts, each kept as soon as it is found: a run that was stopped goes on where it was.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm

from ...cache import cache_dir, read_json, write_json
from ..datasets import Dataset
from .config import Config, code_of
from .systems import one_thread


@dataclass(frozen=True)
class Part:
    """What is attacked together: one system by one method, say."""

    name: str
    config: Config  #: of the system
    settings: object  #: all else that determines what is found; its ``repr`` must say it all
    find: Callable[[], Any]  #: to something that JSON can hold
    weight: float = 1.0  #: how long it is expected to take, in any unit


def in_turn(experiment: str, parts: Sequence[Part], dataset: Dataset, *, progress: bool = False) -> list[Any]:
    """What each part finds, in their order: from the cache, or found now and kept.

    A part is found again when its data, settings, system or code change; the code is that of the experiment's
    module and of what it imports, apart from `evaluation`. The bar counts what is not in the cache, by weight.

    Returns
    -------
    list
        For each part ``{"found": ..., "seconds": ...}``, as JSON gives it back; the seconds are those it once took.

    Notebook: book/05_adversaries.ipynb
    """
    # What is computed from what the parts found, such as intervals, is no part of it.
    code = code_of(f"book/experiments/{experiment}", "evaluation")
    paths = []
    for part in parts:
        key = part.config.of_system().key(dataset.fingerprint, code, torch.__version__, part.name, repr(part.settings))
        paths.append(cache_dir() / "parts" / f"{experiment}-{dataset.name}-{key}.json")
    kept = [read_json(path) for path in paths]
    missing = [index for index, content in enumerate(kept) if content is None]
    total = sum(parts[index].weight for index in missing)
    shape = "{l_bar}{bar}| {postfix}[{elapsed}<{remaining}]"
    with (
        # Parts are few and unlike each other: the time left is told by the average over all of them.
        tqdm(total=total, desc=experiment, disable=not progress or not missing, bar_format=shape, smoothing=0) as bar,
        one_thread(),
    ):
        for done, index in enumerate(missing, len(parts) - len(missing)):
            bar.set_postfix_str(f"{done} of {len(parts)} parts, now {parts[index].name} ")
            start = time.perf_counter()
            found = parts[index].find()
            kept[index] = {"found": found, "seconds": round(time.perf_counter() - start, 1)}
            write_json(paths[index], {"part": parts[index].name, **kept[index]})
            bar.update(parts[index].weight)
    # Through JSON, so that what was found now and what was kept are alike.
    return json.loads(json.dumps([{name: one[name] for name in ("found", "seconds")} for one in kept]))


def seconds_of(parts: Sequence[Part], kept: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each part with the seconds it took, for a record: its own wall time counts only what was missing."""
    return [{"part": part.name, "seconds": one["seconds"]} for part, one in zip(parts, kept, strict=True)]
