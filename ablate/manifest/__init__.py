"""Files of ours in a folder of somebody else's: only what the manifest names is ever replaced or removed.

A folder that is written to holds `.ablate-manifest.json`: the names of the files that ablate wrote there, with the
SHA-256 of what it wrote. Whatever is not in it, or was changed since, belongs to somebody: a write that would replace
it is refused before anything is written. Folders of older releases have no manifest; what is theirs is recognised by
what it holds (`Known`). Decision 27 says why.
"""

from ablate.manifest.held import NAME, Known
from ablate.manifest.writing import Part, Published, check_free, publish

__all__ = ["NAME", "Known", "Part", "Published", "check_free", "publish"]
