"""A plug-in of ablate: an activation (`mish`), a program (`coin`) and a figure (`spread`)."""
