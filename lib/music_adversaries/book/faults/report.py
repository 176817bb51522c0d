"""What was found in a dataset, in words, as a table, and compared with its manifest.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import pandas as pd

from ...evaluation import wilson
from ..datasets.manifest import Manifest

COLUMNS = ("excerpt", "fault", "evidence")  #: of the table of a report
REPLICA, RECORDING, VERSION, DISTORTED = "replica_of", "recording_of", "version_of", "distorted"

_DAMAGE = {
    "clipping": "of the samples in flat tops",
    "dropout": "of the time muted abruptly",
    "static": "of the time noise or clicks",
}


class Pair(NamedTuple):
    """Two excerpts with the same performance in them; ``first`` sorts before ``second``."""

    first: str
    second: str
    offset_s: float
    """Seconds from the first excerpt's beginning to the second's, on the recording's own clock."""
    overlap_s: float
    """Seconds that are in both."""
    score: float
    """Share of the overlap in which the two correlate, 0 to 1."""
    correlation: float
    """Median correlation there, 0 to 1."""
    unevenness_db: float
    """How much the gain between them differs from band to band."""
    speed: float
    """How fast the second runs, compared with the first."""

    @property
    def evidence(self) -> str:
        """The numbers in words."""
        fast = f", at {self.speed:.4f} times the speed" if abs(self.speed - 1) > 1e-4 else ""
        return (
            f"{self.overlap_s:.1f} s in common, beginning {abs(self.offset_s):.3f} s "
            f"{'later' if self.offset_s >= 0 else 'earlier'}{fast}; correlated in {self.score:.0%} of it "
            f"(median {self.correlation:.2f}), gain even to {self.unevenness_db:.1f} dB"
        )


class Distorted(NamedTuple):
    """An excerpt that is damaged."""

    excerpt: str
    kind: str
    """``"clipping"``, ``"dropout"`` or ``"static"``."""
    measure: float
    """Share of the excerpt that is damaged, 0 to 1."""


class LeftOut(NamedTuple):
    """An excerpt that could not be examined, or not for every fault."""

    excerpt: str
    reason: str


@dataclass(frozen=True)
class FaultReport:
    """The faults of a dataset; they do not depend on the order of the manifest's rows.

    Attributes
    ----------
    name : the dataset's
    n_excerpts : how many excerpts it has
    replicas : groups of excerpts that are the same audio, sample by sample
    recordings : pairs of excerpts of one recording: another part of it, at another level, through a codec, or at
        another speed. Only the first excerpt of a group of exact replicas is used.
    versions : pairs with the same performance in different productions: remasters, or versions that keep
        the timing to the millisecond. Other versions are not searched for.
    distorted : damaged excerpts, once for each kind of damage
    left_out : what could not be examined

    Notebook: book/02_partitions.ipynb
    """

    name: str
    n_excerpts: int
    replicas: tuple[tuple[str, ...], ...] = ()
    recordings: tuple[Pair, ...] = ()
    versions: tuple[Pair, ...] = ()
    distorted: tuple[Distorted, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def table(self) -> pd.DataFrame:
        """One row for each fault: ``excerpt``, ``fault`` as manifests write it, ``evidence`` in words.

        The audio does not show which of two excerpts is the original. The one whose id sorts first is called so.
        """
        rows = [*self._links()]
        for excerpt, kind, measure in self.distorted:
            rows.append((excerpt, DISTORTED, "", f"{kind}: {measure:.1%} {_DAMAGE[kind]}"))
        table = [(e, f"{fault}:{original}" if original else fault, why) for e, fault, original, why in rows]
        return pd.DataFrame(sorted(table), columns=list(COLUMNS))

    def clusters(self) -> list[tuple[str, ...]]:
        """Groups of two or more excerpts that are one recording, for partitions that keep them together."""
        replicas = [(group[0], other) for group in self.replicas for other in group[1:]]
        groups = _components([*replicas, *((p.first, p.second) for p in self.recordings)])
        members: dict[Hashable, list[str]] = {}
        for excerpt, group in groups.items():
            members.setdefault(group, []).append(excerpt)
        return sorted(tuple(sorted(group)) for group in members.values())

    def compare(self, manifest: Manifest) -> pd.DataFrame:
        """Precision and recall with respect to the manifest's column ``fault``, with 95 % intervals (Wilson's).

        A link between two excerpts is right if the manifest links them as one audio (``replica_of``) or one
        recording (``recording_of``), directly or through others. It does not matter which is called the original.

        Returns
        -------
        pandas.DataFrame
            Index ``kind``; columns ``planted``, ``found``, ``right`` (of those found), ``precision``,
            ``precision_low``, ``precision_high``, ``recalled`` (of those planted), ``recall``,
            ``recall_low``, ``recall_high``. NaN if nothing was found or planted.
        """
        planted: dict[str, list[tuple[str, str]]] = {REPLICA: [], RECORDING: [], DISTORTED: []}
        for row in manifest.rows():
            kind, _, original = row["fault"].partition(":")
            if kind in planted:
                planted[kind].append((row["excerpt"], original))
        found: dict[str, list[tuple[str, str]]] = {REPLICA: [], RECORDING: []}
        for excerpt, kind, original, _ in self._links():
            if kind in found:
                found[kind].append((excerpt, original))
        rows = {}
        before: list[tuple[str, str]] = []
        heard: list[tuple[str, str]] = []
        for kind in (REPLICA, RECORDING):
            # A replica is a copy of the recording too, so links of both kinds define a recording's copies.
            before, heard = before + planted[kind], heard + found[kind]
            truth, ours = _components(before), _components(heard)
            right = sum(_together(truth, *link) for link in found[kind])
            recalled = sum(_together(ours, *link) for link in planted[kind])
            rows[kind] = _rates(len(planted[kind]), len(found[kind]), right, recalled)
        damaged = {excerpt for excerpt, _ in planted[DISTORTED]}
        flagged = {excerpt for excerpt, _, _ in self.distorted}
        both = len(damaged & flagged)
        rows[DISTORTED] = _rates(len(damaged), len(flagged), both, both)
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("kind")

    def sentence(self) -> str:
        """What was found, in one sentence."""
        counts = Counter(kind for _, kind, _, _ in self._links())
        damaged = len({excerpt for excerpt, _, _ in self.distorted})
        found = [
            _count(counts[REPLICA], "exact replica"),
            _count(counts[RECORDING], "recording replica"),
            *([_count(counts[VERSION], "performance in another production")] if counts[VERSION] else []),
        ]
        left = f"; {len(self.left_out)} left out" if self.left_out else ""
        return (
            f"{self.name}: {', '.join(found)} and {_count(damaged, 'distorted excerpt')} "
            f"among {_count(self.n_excerpts, 'excerpt')}{left}."
        )

    def lines(self) -> list[str]:
        """The whole report for a terminal: each fault with its evidence, what was left out, and the sentence."""
        table = self.table()
        widths = [max((len(value) for value in table[column]), default=0) for column in ("excerpt", "fault")]
        lines = [f"{e:<{widths[0]}}  {f:<{widths[1]}}  {why}" for e, f, why in table.itertuples(index=False)]
        lines += [f"left out: {excerpt}: {reason}" for excerpt, reason in self.left_out]
        return [*lines, self.sentence()]

    def _links(self) -> list[tuple[str, str, str, str]]:
        """Excerpt, kind, original and evidence: each excerpt except a group's first, linked to one before it."""
        links = []
        for first, *others in self.replicas:
            links += [(other, REPLICA, first, "the same samples") for other in others]
        links += [(e, RECORDING, original, pair.evidence) for e, original, pair in _tree(self.recordings)]
        # Between two recordings with several copies each, one pair is enough.
        recording = _components((p.first, p.second) for p in self.recordings)
        once: dict[tuple[str, ...], Pair] = {}
        for pair in sorted(self.versions, key=lambda pair: (-pair.score, -pair.correlation, pair[:2])):
            ends = sorted(recording.get(e, e) for e in (pair.first, pair.second))
            if ends[0] != ends[1]:
                once.setdefault(tuple(ends), pair)
        links += [(e, VERSION, original, pair.evidence) for e, original, pair in _tree(once.values())]
        return sorted(links)


def _tree(pairs: Iterable[Pair]) -> list[tuple[str, str, Pair]]:
    """Each excerpt of a group except its first, with the excerpt that it is linked to, and their pair."""
    near: dict[str, dict[str, Pair]] = {}
    for pair in pairs:
        near.setdefault(pair.first, {})[pair.second] = pair
        # With the two excerpts exchanged, so that the evidence is about the excerpt in its own row.
        turned = pair._replace(first=pair.second, second=pair.first, offset_s=-pair.offset_s, speed=1 / pair.speed)
        near.setdefault(pair.second, {})[pair.first] = turned
    seen: set[str] = set()
    links = []
    for root in sorted(near):
        if root in seen:
            continue
        seen.add(root)
        queue = [root]
        for here in queue:  # grows in the loop; breadth first, so that links go to the group's first if possible
            for other in sorted(near[here]):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
                    links.append((other, here, near[here][other]))
    return links


def _components(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each excerpt that is linked to another, the name of its group."""
    parent: dict[str, str] = {}

    def root(excerpt: str) -> str:
        parent.setdefault(excerpt, excerpt)
        while parent[excerpt] != excerpt:
            excerpt = parent[excerpt]
        return excerpt

    for one, other in links:
        a, b = sorted((root(one), root(other)))
        parent[b] = a
    return {excerpt: root(excerpt) for excerpt in list(parent)}


def _together(groups: dict[str, str], one: str, other: str) -> bool:
    return one in groups and other in groups and groups[one] == groups[other]


def _rates(planted: int, found: int, right: int, recalled: int) -> dict[str, float]:
    row: dict[str, float] = {"planted": planted, "found": found, "right": right}
    for name, k, n in (("precision", right, found), ("recall", recalled, planted)):
        low, high = wilson(k, n) if n else (nan, nan)
        if name == "recall":
            row["recalled"] = recalled
        row |= {name: k / n if n else nan, f"{name}_low": low, f"{name}_high": high}
    return row


def _count(n: int, what: str) -> str:
    if n == 1:
        return f"1 {what}"
    return f"{n:,} {what.replace('performance', 'performances') if 'performance' in what else what + 's'}"
