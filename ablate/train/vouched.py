"""What a Program can vouch for: the facts that a page states of its runs only where the Program has declared them."""

from __future__ import annotations

from enum import StrEnum


class Fact(StrEnum):
    """Something that is true of every run of a Program, whatever its settings.

    `streams`: every random draw of a run comes from named streams of its seed (`ablate.streams`), so that arms with the
    same seed share all draws but those of the component that differs · `network`: what is trained is a net with
    initial weights, in minibatches · `settings`: a run does what its configuration says, and nothing was tuned beside
    it · `data`: the `dataset` and `fingerprint` of the facts are those of the data that was trained and tested on ·
    `endings`: outcomes are decided by the rules of `ablate.train.outcome` · `steps`: steps are those of an optimizer ·
    `seconds`: a run's seconds were measured while it trained · `machine`: it was trained in a process of ablate's, with
    the processor, the libraries and the version of the code that are recorded.
    """

    STREAMS = "streams"
    NETWORK = "network"
    SETTINGS = "settings"
    DATA = "data"
    ENDINGS = "endings"
    STEPS = "steps"
    SECONDS = "seconds"
    MACHINE = "machine"


EVERYTHING = frozenset(Fact)
"""What the NumPy core vouches for."""
