#!/usr/bin/env python3
"""Extract checkable facts from the text of one support ticket.

Input (stdin):  {"ticket": "text, 1 to 100000 characters", "today": "YYYY-MM-DD", optional}
Output (stdout): {"ok": true, "order_numbers": [], "product_codes": [], "amounts": [], "dates": [],
                  "emails": [], "cues": [], "warnings": []}, every list in order of appearance.
Failure: {"ok": false, "error": {"code", "message"}} and exit status 2.
"""
import json
import re
import sys
from datetime import date, timedelta

MAX_BYTES = 1_000_000
MAX_CHARS = 100_000

SYMBOLS = {"£": "GBP", "€": "EUR", "$": "USD"}
NUMBER = (r"(?:[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3}){1,3}(?:[.,][0-9]{1,2})?"
          r"|[0-9]{1,9}(?:[.,][0-9]{1,2})?)")
CURRENCY = r"(?:[£€$]|\b(?:GBP|EUR|USD|CHF|SEK|PLN)\b)"
AMOUNT = re.compile(rf"(?P<c1>{CURRENCY})[ \u00a0]?(?P<n1>{NUMBER})(?![0-9])"
                    rf"|(?<![\w.,/-])(?P<n2>{NUMBER})[ \u00a0]?(?P<c2>{CURRENCY})")
ORDER = re.compile(r"(?:\bORD[- ]?|#|\border(?:\s{1,2}(?:no|number|ref|reference|id))?\.?\s{0,2}[:#]?\s{0,2})"
                   r"([0-9]{6,10})\b", re.IGNORECASE)
PRODUCT = re.compile(r"\b(?!ORD|INV|RMA|ISO|UTF)[A-Z]{2,4}-[0-9]{3,5}(?:-[A-Z]{1,2})?\b")
EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}\b")

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
MONTH = r"(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}"
ISO = re.compile(r"\b([0-9]{4})-([0-9]{2})-([0-9]{2})\b")
NUMERIC = re.compile(r"\b([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})\b")
WRITTEN = re.compile(rf"\b([0-9]{{1,2}})(?:st|nd|rd|th)?\s{{1,2}}(?:of\s{{1,2}})?{MONTH}\b(?:,?\s{{1,2}}([0-9]{{4}})\b)?",
                     re.IGNORECASE)
RELATIVE = re.compile(r"\b(today|yesterday|([0-9]{1,3})\s{1,2}(day|week)s?\s{1,2}ago)\b", re.IGNORECASE)

CUES = [(name, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for name, pattern in (
    ("legal_threat", r"solicitors?|lawyers?|legal action|small claims|take you to court|sue you|letter before action"),
    ("chargeback", r"charge ?backs?|disput(?:e|ed|ing) (?:the|this) (?:payment|charge|transaction)|section 75"),
    ("regulator", r"ombudsman|trading standards|data protection (?:authority|complaint)|ICO"),
    ("safety", r"caught fire|smoking|burn(?:t|ed|ing)?|electric shock|injur(?:y|ed|ies)|hospital|spark(?:s|ed|ing)"),
    ("vulnerable", r"bereave\w*|passed away|disab\w+|carer|hardship|can(?:no|')t afford|mental health"),
    ("publicity", r"journalist|newspaper|social media|go(?:ing)? public|bad review"),
    ("leaving", r"never (?:buy|order|shop)\w*|cancel(?:ling)? my (?:account|subscription)|closing my account"),
    ("repeat_contact", r"(?:second|third|fourth) time|still (?:no|not|waiting)|(?:no|without) (?:reply|answer|response)"),
    ("anger", r"disgust\w*|outrag\w+|unacceptable|ridiculous|furious|appalling|scam|rip-?off"),
)]


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
    if not isinstance(request, dict):
        raise InputError("invalid_input", "input must be a JSON object")
    if set(request) - {"ticket", "today"}:
        raise InputError("unknown_field", "only ticket and today are known")
    ticket, today = request.get("ticket"), request.get("today")
    if not isinstance(ticket, str) or not ticket.strip() or len(ticket) > MAX_CHARS:
        raise InputError("invalid_ticket", f"ticket must be a text of 1 to {MAX_CHARS} characters")
    if today is not None:
        match = ISO.fullmatch(today) if isinstance(today, str) else None
        today = match and safe_date(*match.groups())
        if today is None:
            raise InputError("invalid_today", "today must be a real date written YYYY-MM-DD")
    return ticket.replace("\u2019", "'"), today


def safe_date(year, month, day):
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def plain_amount(text):
    """'1.299,5' and "1'299.50" both become '1299.50'; a last group of three digits is thousands."""
    decimals = re.search(r"[.,]([0-9]{1,2})$", text)
    whole = re.sub(r"[^0-9]", "", text[:decimals.start()] if decimals else text)
    return f"{int(whole)}.{(decimals.group(1) if decimals else '').ljust(2, '0')}"


def written_date(match, today):
    day, month, year = match.group(1), MONTHS.index(match.group(2)[:3].lower()) + 1, match.group(3)
    if year or today is None:
        return safe_date(year, month, day) if year else None
    past = (safe_date(y, month, day) for y in range(today.year, max(today.year - 9, 0), -1))
    return next((d for d in past if d and d <= today), None)


def relative_date(match, today):
    if today is None:
        return None
    word = match.group(1).lower()
    back = {"today": 0, "yesterday": 1}.get(word)
    if back is None:
        back = int(match.group(2)) * (7 if match.group(3).lower() == "week" else 1)
    return today - timedelta(days=back) if today.toordinal() > back else None


def find_dates(text, today):
    found = [(m.start(), m.group(), safe_date(*m.groups())) for m in ISO.finditer(text)]
    found += [(m.start(), m.group(), safe_date(*m.groups()[::-1])) for m in NUMERIC.finditer(text)]
    found += [(m.start(), m.group(), written_date(m, today)) for m in WRITTEN.finditer(text)]
    found += [(m.start(), m.group(), relative_date(m, today)) for m in RELATIVE.finditer(text)]
    return [{"text": shown, "date": day and day.isoformat(),
             "days_before_today": (today - day).days if day and today else None}
            for _, shown, day in sorted(found, key=lambda item: item[0])]


def unique(items):
    return list({repr(item): item for item in items}.values())


def extract(text, today):
    amounts = [{"amount": plain_amount(m["n1"] or m["n2"]),
                "currency": SYMBOLS.get(m["c1"] or m["c2"], m["c1"] or m["c2"]),
                "text": m.group()} for m in AMOUNT.finditer(text)]
    facts = {
        "order_numbers": unique([f"ORD-{m.group(1)}" for m in ORDER.finditer(text)]),
        "product_codes": unique(PRODUCT.findall(text)),
        "amounts": unique(amounts),
        "dates": unique(find_dates(text, today)),
        "emails": unique([m.group().lower() for m in EMAIL.finditer(text)]),
        "cues": [{"cue": name, "evidence": hit.group()} for name, hit in
                 ((name, pattern.search(text)) for name, pattern in CUES) if hit],
    }
    checks = (("no_order_number", not facts["order_numbers"]),
              ("several_order_numbers", len(facts["order_numbers"]) > 1),
              ("several_currencies", len({a["currency"] for a in amounts}) > 1),
              ("date_not_resolved", any(d["date"] is None for d in facts["dates"])),
              ("date_in_future", any((d["days_before_today"] or 0) < 0 for d in facts["dates"])))
    return {**facts, "warnings": [code for code, applies in checks if applies]}


def main():
    try:
        answer, status = {"ok": True, **extract(*read_request())}, 0
    except InputError as error:
        answer, status = {"ok": False, "error": {"code": error.args[0], "message": error.args[1]}}, 2
    sys.stdout.buffer.write((json.dumps(answer, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace"))
    return status


if __name__ == "__main__":
    sys.exit(main())
