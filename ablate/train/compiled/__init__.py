"""The compiled form of a training step.

A network is translated (`lower`) into a program (`build`), a table of operations on numbers at places in a block's work
space; one compiled function (`machine`) runs any program. What an operation computes is said by the layers of
`ablate.nn` in NumPy: every kernel here is held against them by tests, and what has no kernel is trained by them. Only
what `load` imports needs Numba. See docs/decisions/0029-compiled-training-step.md.
"""
