"""What the reference reads differently from `help()`: examples that stand in a docstring's text become code blocks.

Markdown would take `>>>` for a quotation, and a list that an example returns for a link. mkdocs.yml names the class.
"""

from __future__ import annotations

from typing import Any

import griffe


def with_fences(text: str) -> str:
    """Put each example that is a paragraph of its own into a code block; sections named Examples are read as such."""
    head, mark, examples = text.partition("\nExamples\n---")
    parts = head.split("\n\n")
    fenced = [f"```pycon\n{part.strip()}\n```" if part.lstrip().startswith(">>> ") else part for part in parts]
    return "\n\n".join(fenced).replace("::\n\n    ", ":\n\n    ") + mark + examples


class Examples(griffe.Extension):
    """Rewrites every docstring as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Fence the examples of one docstring."""
        del kwargs
        if obj.docstring:
            obj.docstring.value = with_fences(obj.docstring.value)
