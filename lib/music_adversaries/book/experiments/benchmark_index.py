"""What the index of a benchmark says about its artists and partitions; no audio is needed.

Paper: Section 2.4, Section 5
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from ...evaluation import Estimate, wilson
from .. import partitions
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..measurements import Measurement, measurement


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """The audit of every partition that the manifest publishes, and the artists of every class.

    Counts of an index have no sampling error: their interval is the number itself. Shares of test excerpts
    have Wilson's interval.
    """
    manifest = dataset.manifest
    table = manifest.table.assign(cluster=partitions.clusters(manifest, manifest.table["excerpt"]))
    known = table[~table["cluster"].str.startswith(partitions.UNKNOWN)]
    rows, audits = [], []
    for label in manifest.labels:
        sizes = known[known["label"] == label]["cluster"].value_counts()
        largest = int(sizes.iloc[0]) if len(sizes) else 0
        rows += [_count("artists", len(sizes), label, "artists"), _count("largest_artist", largest, label, "excerpts")]
    for name in manifest.partitions:
        found = partitions.audit(manifest, partitions.published(manifest, name))
        audits += [{"partition": name, **row} for row in found.table().reset_index().to_dict("records")]
        total = found.overall
        if total["test_known"]:
            k, n = total["shared_artist"], total["test_known"]
            rows.append(measurement("shared_artist", Estimate(k / n, *wilson(k, n), n, "fraction"), partition=name))
    return rows, {"audits": audits}


def _count(quantity: str, number: int, label: str, unit: str) -> Measurement:
    return measurement(quantity, Estimate(number, number, number, 1, unit), label=label)


EXPERIMENT = Experiment(measure, recorded=True, needs="manifest", partitions=lambda *_: ())
