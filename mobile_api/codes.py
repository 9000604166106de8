"""Codes that a person reads from one screen and types into another. Pure."""

from typing import Final

from runtime.ids import ALPHABET, secret_hash

#: 50 bits: with the growing delay between tries, out of reach of guessing while a code is good.
LETTERS: Final = 10
#: What is misread: the alphabet has no i, l, o or u.
_MISREAD: Final = str.maketrans({"i": "1", "l": "1", "o": "0", "u": "v", "-": None, " ": None})


def code_of(secret: str) -> str:
    """Return the code that `secret` gives, as two groups of five."""
    number = int(secret_hash(secret), 16)
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(LETTERS))
    return f"{letters[:5]}-{letters[5:]}".upper()


def tidied(typed: str) -> str:
    """Return a typed code as it was issued, whatever case, blanks and look-alikes were typed."""
    letters = typed.strip().lower().translate(_MISREAD)
    return f"{letters[:5]}-{letters[5:]}".upper()
