"""What makes the book: data, partitions, baselines, experiments, records, claims and figures.

It uses the library around it. The library imports nothing from it.
"""
