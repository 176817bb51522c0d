"""How fast Algorithm 1 is, measured on this machine beside what it can be compared with.

Goal
    Times differ from machine to machine; ratios of times taken in one run much less. So each time is
    printed beside that of something else which does the same, or which nobody can avoid, measured in
    turns with it in the same minute.

Conventions
    * A time is one of an iteration, divided by the number of excerpts in the batch: the median of
      several rounds. In each round everybody has one turn. On one excerpt a turn is eight iterations in
      a row, as in an attack; of the loop in NumPy it is one, since those are all alike.
    * One thread unless told otherwise: on one, nobody waits for another. The goals are for two.
    * Networks have random weights and recordings are noise: neither changes how long it takes.

=============  ==========================================================================
`iteration`    one iteration as the attack computes it
`plain`        the same frame by frame in NumPy
`toolbox`      projected gradient descent of the Adversarial Robustness Toolbox (ART)
`arithmetic`   Fourier transforms and matrix products that no iteration can do without
`memory`       how much memory the iterations need
`timing`       turns, rounds and threads
`report`       rows, goals, and the table
`measure`      who is compared with whom
`command`      ``music-adversaries bench``
=============  ==========================================================================

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""
