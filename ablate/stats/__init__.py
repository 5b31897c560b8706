"""Statistics over plain arrays: tests, intervals, power, corrections for many claims. Arrays in, numbers out."""
