#!/usr/bin/env python3
"""Decide who must approve a spending request (rules in references/approval-matrix.md).

Input (stdin): {"request": {
    "amount": "4200.00", "cost_centre": "CC-4410", "requester_level": "staff|lead|manager|director|vp|cfo",
    "budget_remaining": "18000.00", "recurring": true (amount is per month), "term_months": 1..120 (only if recurring,
    default 12), "category": "general|software|hardware|contractor|travel|marketing|gift" (default general),
    "personal_data": false (default), "splits_previous_request": false (default)}}
Output (stdout): {"ok": true, "decision", "approvers", "commitment", "charged_this_year", "remaining_after", "reasons"},
    decision being auto, manager, director, cfo or refuse. All amounts are in pounds, as text with two decimals.
Failure: {"ok": false, "error": {"code", "message"}} and exit status 2.
"""
import json
import re
import sys
from decimal import Decimal

MAX_BYTES = 1_000_000
LARGEST = Decimal("999999999.99")
MONTHS_CHARGED = 12

CLASSES = ("auto", "manager", "director", "cfo")
CLASS_LIMITS = ((Decimal("1000"), "auto"), (Decimal("10000"), "manager"), (Decimal("50000"), "director"))
PEER_CLASS = {"manager": "manager", "director": "director", "vp": "director", "cfo": "cfo"}
LEVELS = ("staff", "lead", "manager", "director", "vp", "cfo")
CATEGORIES = ("general", "software", "hardware", "contractor", "travel", "marketing", "gift")

OVERRUN_DIRECTOR = Decimal("0.10")
OVERRUN_CFO = Decimal("0.25")
PROCUREMENT_ABOVE = Decimal("25000")
GIFT_LIMIT = Decimal("150")
LONG_TERM_MONTHS = 24


class InputError(Exception):
    """A problem with the input: (code, message)."""


def read_request():
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InputError("input_too_large", f"input is larger than {MAX_BYTES} bytes")
    try:
        payload = json.loads(raw.decode("utf-8"), parse_float=Decimal, object_pairs_hook=without_duplicates)
    except (ValueError, ArithmeticError, RecursionError):
        raise InputError("invalid_json", "input is not valid UTF-8 JSON, or repeats a field") from None
    if not isinstance(payload, dict) or set(payload) != {"request"} or not isinstance(payload["request"], dict):
        raise InputError("invalid_input", "input must be a JSON object with one object named request")
    return payload["request"]


def without_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("repeated field")
    return dict(pairs)


def money(fields, name, lowest):
    value = fields.get(name)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,2})?", value, re.ASCII):
        value = Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or not lowest <= value <= LARGEST \
            or value.as_tuple().exponent < -2:
        raise InputError(f"invalid_{name}", f"{name} must be {lowest} to {LARGEST}, with at most two decimals")
    return value


def choice(fields, name, allowed, default=None):
    value = fields.get(name, default)
    if not any(value is option or (isinstance(value, str) and value == option) for option in allowed):
        shown = ", ".join(str(option).lower() for option in allowed)
        raise InputError(f"invalid_{name}", f"{name} must be one of: {shown}")
    return value


def validate(fields):
    known = {"amount", "cost_centre", "requester_level", "budget_remaining", "recurring", "term_months", "category",
             "personal_data", "splits_previous_request"}
    if set(fields) - known:
        raise InputError("unknown_field", "request may only have: " + ", ".join(sorted(known)))
    cost_centre, recurring = fields.get("cost_centre"), choice(fields, "recurring", (True, False))
    if not isinstance(cost_centre, str) or not re.fullmatch(r"CC-[0-9]{4}", cost_centre):
        raise InputError("invalid_cost_centre", "cost_centre must look like CC-4410")
    term = fields.get("term_months", 12 if recurring else 1)
    if type(term) is not int or not 1 <= term <= (120 if recurring else 1):
        raise InputError("invalid_term_months", "term_months must be 1 to 120, and only goes with recurring spending")
    return {"amount": money(fields, "amount", Decimal("0.01")), "term": term, "recurring": recurring,
            "remaining": money(fields, "budget_remaining", -LARGEST), "cost_centre": cost_centre,
            "level": choice(fields, "requester_level", LEVELS),
            "category": choice(fields, "category", CATEGORIES, "general"),
            "personal_data": choice(fields, "personal_data", (True, False), False),
            "splits": choice(fields, "splits_previous_request", (True, False), False)}


def decide(r):
    commitment, charged = r["amount"] * r["term"], r["amount"] * min(r["term"], MONTHS_CHARGED)
    reasons, overrun = [], charged - r["remaining"]
    required = next((name for limit, name in CLASS_LIMITS if commitment <= limit), "cfo")

    def because(rule, text, at_least="auto"):
        nonlocal required
        required = max(required, at_least, key=CLASSES.index)
        reasons.append({"rule": rule, "text": text})

    because("BUD-01", f"a commitment of {commitment:.2f} is in the class {required}")
    if r["recurring"]:
        because("BUD-02", f"recurring for {r['term']} months; never approved automatically", "manager")
    if r["term"] > LONG_TERM_MONTHS:
        because("BUD-03", f"bound for more than {LONG_TERM_MONTHS} months", "director")
    if 0 < overrun <= r["remaining"] * OVERRUN_DIRECTOR:
        because("BUD-04", f"{overrun:.2f} over budget, at most 10 % of what remains", "director")
    elif 0 < overrun <= r["remaining"] * OVERRUN_CFO:
        because("BUD-05", f"{overrun:.2f} over budget, at most 25 % of what remains", "cfo")
    functions = [name for name, applies in (
        ("procurement", commitment > PROCUREMENT_ABOVE), ("legal", r["term"] > LONG_TERM_MONTHS),
        ("information-security", r["category"] == "software" and r["personal_data"]),
        ("people-team", r["category"] == "contractor")) if applies]
    if functions:
        because("BUD-07", "also needs " + ", ".join(functions), "manager")
    peer = PEER_CLASS.get(r["level"])
    if required != "auto" and peer and CLASSES.index(peer) >= CLASSES.index(required):
        above = CLASSES[min(CLASSES.index(peer) + 1, len(CLASSES) - 1)]
        because("BUD-06", f"a {r['level']} may not approve their own request", above)

    refusals = (
        ("BUD-90", r["remaining"] <= 0, "the cost centre has no budget left"),
        ("BUD-91", r["remaining"] > 0 and overrun > r["remaining"] * OVERRUN_CFO,
         f"{overrun:.2f} over budget, more than 25 % of what remains"),
        ("BUD-92", r["category"] == "gift" and commitment > GIFT_LIMIT, f"gifts are limited to {GIFT_LIMIT:.2f}"),
        ("BUD-93", r["splits"], "part of a request that was split; submit the whole amount as one request"))
    refused = [{"rule": rule, "text": text} for rule, applies, text in refusals if applies]

    approvers = {"auto": [], "manager": ["line-manager"], "director": ["line-manager", "director"],
                 "cfo": ["line-manager", "cfo"]}[required]
    if r["level"] == "cfo" and required == "cfo":
        approvers = ["ceo", "audit-chair"]
    return {"decision": "refuse" if refused else required, "approvers": [] if refused else approvers + functions,
            "cost_centre": r["cost_centre"], "commitment": f"{commitment:.2f}", "charged_this_year": f"{charged:.2f}",
            "remaining_after": f"{-overrun:.2f}", "reasons": refused or reasons}


def main():
    try:
        answer, status = {"ok": True, **decide(validate(read_request()))}, 0
    except InputError as error:
        answer, status = {"ok": False, "error": {"code": error.args[0], "message": error.args[1]}}, 2
    sys.stdout.buffer.write((json.dumps(answer, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace"))
    return status


if __name__ == "__main__":
    sys.exit(main())
