"""What makes the book: data, partitions, baselines, experiments, records, claims and figures.

It stands on the library beside it, which imports nothing of it.
"""
