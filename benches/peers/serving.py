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
    """Seconds of the fastest call in about `seconds` of calls, at least one."""
    fastest, end = float("inf"), time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        work.run()
        now = time.perf_counter()
        fastest = min(fastest, now - start)
        if now >= end:
            return fastest / work.steps


def serve(name, version, forms_of):
    """Answers requests until the input ends. `forms_of(case)` gives every form of a case by name, or None for a case that the peer has not."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # What libraries print must not get between the answers.
    os.dup2(2, 1)

    def answer(message):
        answers.write(json.dumps(message) + "\n")

    answer({"peer": name, "version": version})
    known = {}
    for line in sys.stdin:
        request = json.loads(line)
        case, failed = request["case"], {}
        if case not in known:
            known[case], failed = working(forms_of(case) or {})
        forms = {form: work for form, work in known[case].items() if form in (request["forms"] or known[case])}
        seconds = {form: best(work, request["seconds"]) for form, work in forms.items()}
        values = {form: work.value() for form, work in forms.items() if work.value}
        answer({"case": case, "forms": seconds, "values": values, "failed": failed})


def working(forms):
    """The forms that run, each run once, and why the others do not: a missing compiler must not end the rest."""
    good, failed = {}, {}
    for form, work in forms.items():
        try:
            work.run()
            good[form] = work
        except Exception as error:
            failed[form] = f"{type(error).__name__}: {error}".splitlines()[0]
    return good, failed
