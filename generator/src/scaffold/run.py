#!/usr/bin/env python3
"""Counts the words of a text: one JSON object in, one JSON object out."""

import json
import sys


def answer(payload):
    if not isinstance(payload, dict) or not isinstance(payload.get("text"), str):
        raise ValueError("the payload must be an object with the text `text`")
    return {"words": len(payload["text"].split())}


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
