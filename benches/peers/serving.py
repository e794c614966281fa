"""How a peer times its work and talks to run.py: one JSON request a line in, one JSON answer a line out."""

import json
import os
import sys
import time
from typing import Callable, NamedTuple


class Work(NamedTuple):
    """One way to do a case: `run` does `steps` units of it and returns when they are done; `value` is what it computed."""

    run: Callable[[], object]
    steps: int = 1
    value: Callable[[], float] | None = None


def best(work, seconds):
    """Seconds of the fastest call in about `seconds` of calls, at least one, after one call to warm up."""
    fastest, end = float("inf"), time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        work.run()
        now = time.perf_counter()
        fastest = min(fastest, now - start)
        if now >= end:
            return fastest / work.steps


def serve(name, version, forms_of):
    """Answers requests until the input ends. `forms_of(case)` gives every form of a case by name, or None where it has none."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # What libraries print must not get between the answers.
    os.dup2(2, 1)

    def answer(message):
        answers.write(json.dumps(message) + "\n")

    answer({"peer": name, "version": version})
    known = {}
    for line in sys.stdin:
        request = json.loads(line)
        case = request["case"]
        try:
            if case not in known:
                known[case] = forms_of(case)
                for work in (known[case] or {}).values():
                    work.run()
            if known[case] is None:
                answer({"case": case, "forms": None})
                continue
            wanted = request["forms"] or list(known[case])
            seconds = {form: best(known[case][form], request["seconds"]) for form in wanted}
            values = {form: known[case][form].value() for form in wanted if known[case][form].value}
            answer({"case": case, "forms": seconds, "values": values})
        except Exception as error:  # one case failing must not end the others
            answer({"case": case, "error": f"{type(error).__name__}: {error}"})
