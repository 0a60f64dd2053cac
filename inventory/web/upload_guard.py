"""Stops an upload that is too large for its page before it fills the disk, whoever sends it."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

View = TypeVar("View", bound=Callable[..., Any])


def takes_upload(most: Callable[[], int]) -> Callable[[View], View]:
    """Outermost decorator of a view that takes a file, of at most that many bytes."""

    def mark(view: View) -> View:
        view.most_uploaded = most  # type: ignore[attr-defined]
        return view

    return mark


class SizeGuard(FileUploadHandler):
    """First of the upload handlers: it keeps nothing, it counts. A page that takes no file gets none but a small one.

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
        most = self._most() + self._OVERHEAD
        if content_length > most:
            raise RequestDataTooBig("The upload is too large.")
        self._left = most

    def _most(self) -> int:
        if self.request is None or not self.request.user.is_authenticated:
            return (
                settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            )  # a form is read for its token before anybody is asked who it is
        match = self.request.resolver_match
        most: Callable[[], int] | None = getattr(match.func, "most_uploaded", None) if match else None
        return most() if most else settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._left -= len(raw_data)
        if self._left < 0:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
