"""The quick way of making doubled quotes single is to give what the slow one gives, whatever the fields hold."""

import random

import pytest

from inventory.connectors.quotes import unescaped


def slowly(fields: list[bytes]) -> list[bytes]:
    return [field.replace(b'""', b'"') for field in fields]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [b""],
        [b"", b'{""a"":""""}', b""],
        [b'{""a"":""""""}'],  # three quotes of the payload: not JSON, and not ours to mend
        [b'{""a"":""\\""""}', b"{}"],
        [b'{""a"":""b"",\n""c"":1}', b'{""d"":2}'],  # a line break within a field
        [b'{""a"":""\0""}', b'{""d"":2}'],
        ['{""ä"":""„€""}'.encode(), b'{""' + b'"' * 9 + b"}"],
        [b'{"a":"single"}', b'{" "" """ """" "}'],
    ],
)
def test_fields_are_as_replacing_makes_them(fields: list[bytes]) -> None:
    assert unescaped(list(fields)) == slowly(fields)


def test_any_mixture_of_quotes_is_as_replacing_makes_it() -> None:
    source = random.Random(7)
    for _ in range(400):
        letters = source.choices([b'"', b'""', b"a", b"\\", b"\n", b"\0", b"}"], [4, 8, 6, 1, 0.1, 0.05, 1], k=60)
        cut = source.randrange(60)
        fields = [b"{" + b"".join(letters[:cut]) + b"}", b"", b"{" + b"".join(letters[cut:]) + b"}"]
        assert unescaped(fields) == slowly(fields)
