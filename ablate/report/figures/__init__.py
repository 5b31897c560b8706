"""One file per figure. Each returns a `Drawn`: the figure, its caption, and a text that stands in for it."""
