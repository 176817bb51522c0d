"""An experiment in parts, each kept as soon as it is finished, so a stopped run continues after the last one.

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
    """A part of an experiment that is computed and kept as one, such as one system attacked by one method."""

    name: str
    config: Config  #: of the system
    settings: object  #: all else that determines the result; its ``repr`` must contain all of it
    find: Callable[[], Any]  #: computes the result, which JSON can hold
    weight: float = 1.0  #: how long it is expected to take, in any unit


def in_turn(experiment: str, parts: Sequence[Part], dataset: Dataset, *, progress: bool = False) -> list[Any]:
    """The result of each part, one after the other: from the cache, or computed now and kept.

    A part is computed again when its data, settings, system or code change; the code is that of the experiment's
    module and of its imports, apart from `evaluation`. The progress bar counts the parts that are not in the cache, by
    weight.

    Returns
    -------
    list
        For each part ``{"found": ..., "seconds": ...}``, as read from JSON; ``seconds`` is how long it took when it
        was computed.

    Notebook: book/05_adversaries.ipynb
    """
    # Without evaluation, which computes intervals from the results of parts and not the results themselves.
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
        # Parts are few and differ much: the remaining time is estimated from the average over all of them.
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
    # Through JSON, so that new results and kept ones are alike.
    return json.loads(json.dumps([{name: one[name] for name in ("found", "seconds")} for one in kept]))


def seconds_of(parts: Sequence[Part], kept: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each part with the seconds it took: the wall time of a record leaves out parts from the cache."""
    return [{"part": part.name, "seconds": one["seconds"]} for part, one in zip(parts, kept, strict=True)]
