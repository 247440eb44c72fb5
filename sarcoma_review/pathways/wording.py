"""Words that a card does not use, and signs of a person in a document."""

import re

_AVOIDED = {
    r"\brecommend\w*": "the document asks, or says",
    r"\b(non-?)?complian\w*": "recorded as the document asks, or otherwise",
    r"\bbreach\w*": "recorded otherwise than the document asks",
    r"\bsafe margins?\b": "the margin in mm, with its uncertainty",
    r"\bpredict\w*": "went with, in the series of the source",
    r"\bfailed (surgeon|centre|hospital)s?": "for discussion",
}
_PERSONAL = {
    r"\S@\S": "an e-mail address",
    r"(?<![\w./()-])\+?\d(?:[ ()-]{0,2}\d){9,}(?![\w./])": "a telephone number",
    r"\b(Mr|Mrs|Ms|Miss|Dr|Prof|Professor)\.? [A-Z]": "a person's name",
}


def avoided_words(text: str) -> list[str]:
    """What a card should not say, each with what to say instead.

    A card reports what a document asks and what is recorded; it gives no advice and passes no judgement.

    Examples
    --------
    >>> avoided_words("The pathway recommends surgery.")
    ["'recommends': say rather: the document asks, or says"]
    """
    found = ((match, instead) for pattern, instead in _AVOIDED.items() for match in re.finditer(pattern, text, re.I))
    return [f"{match[0]!r}: say rather: {instead}" for match, instead in found]


def personal_signs(text: str) -> list[str]:
    """What looks like a person's name, number or address; the thing itself is not repeated.

    A name without a title is not found: reading the document through is the better control.

    Examples
    --------
    >>> personal_signs("Ring 020 7946 0000 for the coordinator.")
    ['a telephone number']
    """
    return [kind for pattern, kind in _PERSONAL.items() if re.search(pattern, text)]
