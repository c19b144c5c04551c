#!/usr/bin/env python3
"""Counts the words of a text and of all texts of the session: one JSON object in, one JSON object out."""

import json
import sys
from pathlib import Path

# In the work folder, which a session keeps from call to call.
STATE = Path("state.json")


def answer(payload):
    if not isinstance(payload, dict) or not isinstance(payload.get("text"), str):
        raise ValueError("the payload must be an object with the text `text`")
    words = len(payload["text"].split())
    before = json.loads(STATE.read_text())["total"] if STATE.exists() else 0
    STATE.write_text(json.dumps({"total": before + words}))
    return {"words": words, "total": before + words}


def main():
    try:
        result = answer(json.load(sys.stdin))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
