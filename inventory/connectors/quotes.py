"""The doubled quotes of quoted fields (RFC 4180) made single again, for many fields at once.

Nine tenths of an audit export are JSON in such a field, with some 150 doubled quotes a row. `bytes.replace` goes from
one to the next, which was the dearest step of reading a row; here each step is one over a whole block.
"""

import numpy as np

BLOCK = 64 * 1024  # bytes of fields that are worth a turn, and that a processor's cache still holds
_DOUBLED, _SINGLE = b'""', b'"'


def unescaped(fields: list[bytes]) -> list[bytes]:
    """Each field as `field.replace(b'""', b'"')` makes it. None may begin or end with a quote."""
    found = _block(b"\n".join(fields)).split(b"\n")
    return found if len(found) == len(fields) else [field.replace(_DOUBLED, _SINGLE) for field in fields]


def _block(text: bytes) -> bytes:
    """In each run of quotes every second one becomes a zero; then the zeros are taken out."""
    if b"\0" in text:
        return text.replace(_DOUBLED, _SINGLE)
    letters = np.frombuffer(text, np.uint8)
    quote = (letters == ord(_SINGLE)).view(np.uint8)
    pair = quote[1:] & quote[:-1]
    second, fourth = pair.copy(), pair[2:] & pair[1:-1] & pair[:-2]
    second[1:] &= pair[:-1] ^ 1  # not the third
    if (fourth[1:] & fourth[:-1]).any():  # runs of five and more
        return text.replace(_DOUBLED, _SINGLE)
    second[2:] |= fourth
    kept = letters.copy()
    kept[1:] *= second ^ 1
    return kept.tobytes().translate(None, b"\0")
