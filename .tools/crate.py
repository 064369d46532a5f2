"""Whether a pack of `ventral pack` is what the profile of Provenance Run Crates requires: `target/tools/crate/bin/python .tools/crate.py PACK`.

roc-validator looks, without any network: the one document that it asks for, the context of RO-Crate 1.1, is the one that npm's ro-crate
ships. Issues are printed, and the exit status is 1, where something that is required is missing; `recommended` as a second argument asks for
more.
"""

import json
import sys
from pathlib import Path

from rocrate_validator import services
from rocrate_validator.utils import http

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
HERE = Path(__file__).resolve().parent.parent / "target/tools/crate/context.json"


class Answer:
    """What the validator takes for the answer of a server."""

    status_code = 200
    ok = True
    headers = {"Content-Type": "application/ld+json"}
    url = CONTEXT

    def __init__(self, text):
        self.text = text
        self.content = text.encode()

    def json(self):
        return json.loads(self.text)

    def raise_for_status(self):
        pass


def get(self, url, *arguments, **options):
    if url != CONTEXT:
        raise SystemExit(f"it asks for {url}, and nothing but its context may come from elsewhere")
    return Answer(HERE.read_text())


def main():
    pack = Path(sys.argv[1]).resolve()
    severity = sys.argv[2].upper() if len(sys.argv) > 2 else "REQUIRED"
    http.HttpRequester.get = get
    problems = 0
    # It takes in those that it is a profile of: RO-Crate 1.1, Workflow RO-Crate 1.0, Process and Workflow Run Crate 0.5.
    for profile in ["provenance-run-crate-0.5"]:
        settings = {
            "rocrate_uri": str(pack),
            "profile_identifier": profile,
            "requirement_severity": severity,
            "skip_availability_check": True,
            "no_cache": True,
        }
        issues = services.validate(settings).get_issues()
        problems += len(issues)
        print(f"{profile}: {len(issues)} issues")
        for issue in issues:
            print(f"  {issue.severity.name}: {issue.message} ({issue.violatingEntity})")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
