"""`check_evidence`: whether every stored file of evidence still is what was stored."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand

from risk.models import EvidenceFile
from risk.services import evidence_files


class Command(BaseCommand):
    help = (
        "Read every file of evidence and compare it with the SHA-256 under which it was stored. The last line on stdout"
        " is a JSON summary; exit 1 where a file is missing or damaged (restore it from a backup of EVIDENCE_ROOT)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        known = dict(EvidenceFile.objects.values_list("pk", "size"))
        found = {"files": len(known), "bytes": sum(known.values()), "intact": 0, "missing": 0, "damaged": 0}
        for sha256 in known:
            state = _state(sha256)
            found[state] += 1
            if state != "intact":
                self.stderr.write(f"{state}: {evidence_files.path_of(sha256)}")
        # Of an upload that broke off after its file was kept; harmless
        found["unreferenced"] = sum(name not in known for name in evidence_files.stored_hashes())
        self.stdout.write(json.dumps({**found, "seconds": round(time.monotonic() - begun, 1)}))
        if found["missing"] or found["damaged"]:
            raise SystemExit(1)


def _state(sha256: str) -> str:
    try:
        return "intact" if evidence_files.hash_of(evidence_files.path_of(sha256)) == sha256 else "damaged"
    except FileNotFoundError:
        return "missing"
