"""Stops an upload that is too large before it fills the disk, whoever sends it and to whichever page."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class SizeGuard(FileUploadHandler):
    """First of the upload handlers: it keeps nothing, it counts.

    A body that says it is too large is refused before it is read (400), one that doesn't say is cut off on the way.
    """

    _OVERHEAD = 1 << 20  # of the other fields and the envelope

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_MAX_BYTES + self._OVERHEAD:
            raise RequestDataTooBig("The upload is too large.")
        self._left = settings.UPLOAD_MAX_BYTES + self._OVERHEAD

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._left -= len(raw_data)
        if self._left < 0:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
