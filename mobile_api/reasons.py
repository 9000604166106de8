"""Whether a reason given for looking somebody up is one. Pure.

It cannot be judged by a machine whether a reason is true; that is for those who read the audit.
It can be refused that none is given: a dot, a row of keys, a word.
"""

import re
from typing import Final

LENGTH_MAX: Final = 500
_LETTERS_LEAST: Final = 5
_DIFFERENT_LEAST: Final = 4
_ROWS: Final = ("qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_WORD: Final = re.compile(r"[^\W\d_]+")


def decoded(header: str) -> str:
    """Return a header's text: HTTP gives Latin-1, people send UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def fault_of(reason: str) -> str | None:
    """Return what is wrong with a reason, or None if it can be one."""
    if len(reason) > LENGTH_MAX:
        return f"is longer than {LENGTH_MAX} characters"
    words = [word.lower() for word in _WORD.findall(reason)]
    letters = "".join(words)
    if len(letters) < _LETTERS_LEAST or len(set(letters)) < _DIFFERENT_LEAST:
        return "does not say why"
    if all(_typed_along(word) for word in words):
        return "does not say why"
    return None


def _typed_along(word: str) -> bool:
    """Return whether a word is keys that lie beside each other, once or again and again."""
    if len(word) < 3:
        return True
    return any(word in row * 3 or word in row[::-1] * 3 for row in _ROWS) or _repeats(word)


def _repeats(word: str) -> bool:
    """Return whether a word is one short run of letters several times."""
    return any(word == (word[:length] * len(word))[: len(word)] for length in (1, 2, 3, 4))
