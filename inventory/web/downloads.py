"""Handing out files that somebody else made: for saving only, never shown or run under our address."""

from typing import BinaryIO

from django.http import FileResponse

# Whatever a browser does with the file all the same, it may load nothing and runs apart from everything of ours.
POLICY = "default-src 'none'; sandbox"


def attachment(file: BinaryIO, name: str) -> FileResponse:
    """The file as a download of unspecified type, read while it is sent."""
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
