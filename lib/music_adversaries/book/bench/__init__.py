"""How fast Algorithm 1 is on this machine, compared with other ways to compute the same.

Goal
    Times differ from machine to machine; ratios of times taken in one run differ much less. So each time is
    compared with the time of code that does the same, or of arithmetic that cannot be avoided. Both are
    measured alternately in the same minute.

Conventions
    * A time is that of one iteration, divided by the number of excerpts in the batch: the median of
      several rounds. In each round every contestant has one turn. On one excerpt a turn is eight iterations
      in a row, as in an attack. For the loop in NumPy it is one iteration, since all its iterations are alike.
    * One thread by default: then no thread waits for another. The goals are for two.
    * Networks have random weights and recordings are noise: neither changes how long an iteration takes.

=============  ==========================================================================
`iteration`    one iteration as the attack computes it
`plain`        the same, frame by frame, in NumPy
`toolbox`      projected gradient descent of the Adversarial Robustness Toolbox (ART)
`arithmetic`   Fourier transforms and matrix products that every iteration needs
`memory`       how much memory the iterations need
`subjects`     the networks and recordings that are measured
`timing`       turns, rounds and threads
`report`       rows, goals, and the table
`measure`      what is compared with what
`command`      ``music-adversaries bench``
=============  ==========================================================================

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""
