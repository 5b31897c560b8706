"""Files of ours in a folder of somebody else's: only what the manifest names is ever replaced or removed.

A folder that is written to holds `.ablate-manifest.json`: the names of the files that ablate wrote there, with the
SHA-256 of what it wrote. Whatever is not in it, or was changed since, belongs to somebody: a write that would replace
it is refused before anything is written. Folders of older releases have no manifest; what is theirs is recognised by
what it holds (`KnownFiles`). Decision 27 says why.
"""

from ablate.manifest.entries import NAME, KnownFiles
from ablate.manifest.writing import Part, Published, check_free, publish

__all__ = ["NAME", "KnownFiles", "Part", "Published", "check_free", "publish"]
