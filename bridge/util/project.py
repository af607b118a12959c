"""The project's public address and contact, and the links derived from them.

No other file contains the address or the contact. The package metadata, the User-Agent header, `ace-bridge doctor
--bundle` and the ReaPack index import them from here. Both are placeholders until the project has a public repository:
see docs/releasing.md.
"""

from __future__ import annotations

from bridge import __version__

PLACEHOLDER = "ace-bridge.invalid"  # a reserved top-level domain: nobody can register it

URL = f"https://{PLACEHOLDER}"  # address of the public repository, without a trailing slash
CONTACT = f"contact@{PLACEHOLDER}"  # email address for private reports


def is_public() -> bool:
    """Return whether the placeholder has been replaced with a public address."""
    return PLACEHOLDER not in URL


def issues() -> str:
    """Return the address of the issue tracker."""
    return f"{URL}/issues"


def raw(tag: str) -> str:
    """Return the base address for downloading the repository's files at `tag`."""
    return f"{URL}/raw/{tag}"


def links() -> dict[str, str]:
    """Return the links for the package metadata, or none while the address is a placeholder."""
    if not is_public():
        return {}
    return {"Homepage": URL, "Issues": issues(), "Changelog": f"{URL}/blob/main/CHANGELOG.md"}


def authors() -> list[dict[str, str]]:
    """Return the authors for the package metadata."""
    name = {"name": "the ace-bridge authors"}
    return [{**name, "email": CONTACT} if is_public() else name]


def user_agent() -> str:
    """Return the User-Agent header with which the bridge identifies itself to servers."""
    return f"ace-bridge/{__version__} (+{URL})" if is_public() else f"ace-bridge/{__version__}"
