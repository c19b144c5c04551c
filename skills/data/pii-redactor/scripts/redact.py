#!/usr/bin/env python3
"""Replace e-mail addresses, phone numbers, IBANs, card numbers and IP addresses by placeholders.

Input (stdin):  {"text": "1 to 200000 characters", "keep": ["ip"], optional list of kinds left as they are}
Output (stdout): {"ok": true, "text": "... [EMAIL_1] ...", "counts": {kind: replaced}, "distinct": {kind: values},
                  "kept": {kind: left in place}, "near_misses": {kind: looked like one, failed its check}}
Failure: {"ok": false, "error": {"code", "message"}} and exit status 2.
The same value gets the same placeholder within one text; nothing is remembered between calls.
"""
import ipaddress
import json
import re
import sys
from itertools import accumulate

MAX_BYTES, MAX_CHARS = 1_000_000, 200_000
KINDS = ("card", "email", "iban", "ip", "phone")

SPACE, DASH = " \u00a0\u2009\u202f", "\\-\u2010\u2011\u2012\u2013"
JOIN = f"[{SPACE}{DASH}.()/]{{0,3}}"

EMAIL = re.compile(r"(?<![\w.%+'-])[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b")
IBAN = re.compile(rf"(?<!\w)(?=([A-Za-z]{{2}}\d{{2}}(?:[{SPACE}{DASH}]?[A-Za-z0-9]){{11,30}}))")
DIGITS = re.compile(rf"(?<!\d)\d(?:[{SPACE}{DASH}]?\d){{12,}}(?!\d)")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=:{0,2}[0-9A-Fa-f])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.\d{1,3}){3})?(?!\w)")
PHONES = [re.compile(pattern) for pattern in (
    rf"(?<![\w+])(?:\+|00(?=[1-9])){JOIN}\d(?:{JOIN}\d){{7,13}}(?!\d)",
    rf"(?<![\w+])(?!\d{{1,2}}[./{DASH}]\d{{1,2}}[./{DASH}]\d{{2,4}}\b)\(?0{JOIN}\d(?:{JOIN}\d){{7,9}}(?!\d)",
    rf"(?<!\w)(?:1[{SPACE}{DASH}.])?\(?[2-9]\d{{2}}\)?[{SPACE}{DASH}.]{{1,2}}\d{{3}}[{SPACE}{DASH}.]\d{{4}}(?!\d)",
)]
IBAN_LENGTH = {entry[:2]: int(entry[2:]) for entry in (
    "AT20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GR27 HR21 HU28 IE22 IS26 IT27 LI21 LT20 "
    "LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 RO24 SE24 SI19 SK24 SM27 TR26").split()}


def significant(text):
    return "".join(c for c in text if c.isalnum()).upper()


class InputError(Exception):
    """A problem with the input: (code, message)."""


def read_request():
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InputError("input_too_large", f"input is larger than {MAX_BYTES} bytes")
    try:
        request = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InputError("invalid_json", "input is not valid UTF-8 JSON") from None
    if not isinstance(request, dict) or set(request) - {"text", "keep"}:
        raise InputError("invalid_input", "input must be a JSON object with text and, optionally, keep")
    text, keep = request.get("text"), request.get("keep", [])
    if not isinstance(text, str) or not text or len(text) > MAX_CHARS:
        raise InputError("invalid_text", f"text must be a text of 1 to {MAX_CHARS} characters")
    if not isinstance(keep, list) or not all(isinstance(kind, str) and kind in KINDS for kind in keep):
        raise InputError("invalid_keep", "keep must be a list of: " + ", ".join(KINDS))
    return text, set(keep)


def iban_holds(value):
    right_length = len(value) == IBAN_LENGTH.get(value[:2], max(15, len(value)))
    return right_length and int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def luhn_holds(digits):
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return digits[0] in "23456" and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def find_ibans(text):
    """Yield (start, end, value, sure): the longest run of whole groups whose check digits hold."""
    for match in IBAN.finditer(text):
        start, whole = match.start(), match.group(1)
        for end in reversed([m.end() for m in re.finditer(r"[A-Za-z0-9]+", whole)]):
            if iban_holds(significant(whole[:end])):
                yield start, start + end, significant(whole[:end]), True
                break
        else:
            if whole[:2].upper() in IBAN_LENGTH and sum(c.isdigit() for c in whole) >= 10:
                yield start, start + len(whole), "", False


def find_cards(text):
    """Yield (start, end, value, sure): windows of 13 to 19 digits that begin and end with a digit group."""
    for match in DIGITS.finditer(text):
        groups = list(re.finditer(r"\d+", match.group()))
        digits = "".join(group.group() for group in groups)
        offset = [0, *accumulate(len(group.group()) for group in groups)]
        first = hit = 0
        while first < len(groups):
            for last in range(min(len(groups), first + 19), first, -1):
                value = digits[offset[first]:offset[last]]
                if 13 <= len(value) <= 19 and luhn_holds(value):
                    yield match.start() + groups[first].start(), match.start() + groups[last - 1].end(), value, True
                    first, hit = last - 1, 1
                    break
            first += 1
        if not hit and len(digits) <= 19:
            yield match.start(), match.end(), "", False


def find_ips(text):
    for match in IPV4.finditer(text):
        octets = [int(part) for part in match.group().split(".")]
        yield match.start(), match.end(), ".".join(map(str, octets)), max(octets) <= 255
    for match in IPV6.finditer(text):
        shown = match.group() if match.group().endswith("::") else match.group().rstrip(":")
        try:
            value = str(ipaddress.IPv6Address(shown))
        except ValueError:
            continue
        yield match.start(), match.start() + len(shown), value, True


def find_all(text):
    """Spans that do not overlap, in order; the kinds found first win. All matching is done on ASCII digits."""
    text = re.sub(r"\d", lambda m: str(int(m.group())), text)
    candidates = [(m.start(), m.end(), m.group().lower(), True, "email") for m in EMAIL.finditer(text)]
    for kind, find in (("iban", find_ibans), ("card", find_cards), ("ip", find_ips)):
        candidates += [(*span, kind) for span in find(text)]
    candidates += [(m.start(), m.end(), significant(m.group()), True, "phone") for p in PHONES for m in p.finditer(text)]
    taken, spans, near = bytearray(len(text)), [], dict.fromkeys(KINDS, 0)
    for start, end, value, sure, kind in candidates:
        if not any(taken[start:end]):
            near[kind] += not sure
            if sure:
                taken[start:end] = b"\1" * (end - start)
                spans.append((start, end, value, kind))
    return sorted(spans), near


def redact(text, keep):
    spans, near = find_all(text)
    used = {kind: max(map(int, re.findall(rf"\[{kind.upper()}_(\d{{1,6}})\]", text)), default=0) for kind in KINDS}
    names = {kind: {} for kind in KINDS}
    counts, kept, parts, position = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0), [], 0
    for start, end, value, kind in spans:
        (kept if kind in keep else counts)[kind] += 1
        if kind not in keep:
            number = names[kind].setdefault(value, len(names[kind]) + 1 + used[kind])
            parts += [text[position:start], f"[{kind.upper()}_{number}]"]
            position = end
    return {"text": "".join(parts) + text[position:], "counts": counts, "kept": kept, "near_misses": near,
            "distinct": {kind: len(names[kind]) for kind in KINDS}}


def main():
    try:
        answer, status = {"ok": True, **redact(*read_request())}, 0
    except InputError as error:
        answer, status = {"ok": False, "error": {"code": error.args[0], "message": error.args[1]}}, 2
    sys.stdout.buffer.write((json.dumps(answer, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace"))
    return status


if __name__ == "__main__":
    sys.exit(main())
