#!/usr/bin/env node
/*
 * Check the lines of one expense claim against the expense policy (references/policy.md).
 *
 * Input (stdin): {"currency": "GBP", "submitted_on": "YYYY-MM-DD", "lines": [   // 1 to 500 lines
 *   {"date": "YYYY-MM-DD", "category": "meals", "amount": "24.50", "currency": "GBP", "merchant": "text",
 *    "receipt": true, "attendees": 1 (optional), "trip": "T-1234" (optional)}]}
 * Output (stdout): {"ok": true, "decision": "pass"|"review"|"return", "total", "accepted_total",
 *   "totals_by_currency", "findings": [{"line", "rule", "severity": "block"|"warn", "message"}]}
 * Failure: {"ok": false, "error": {"code", "message"}} and exit status 2. Sums are in whole pence or cents.
 */
'use strict';

const [MAX_BYTES, MAX_LINES] = [1_000_000, 500];
const DAY_MS = 86_400_000;
const RECEIPT_ABOVE = 2500;
const OLDEST_DAYS = 90;

// per: what the limit applies to. "day" adds up all lines of the category on one date.
const LIMITS = new Map(Object.entries({
  meals: { limit: 4000, per: 'day' }, hotel: { limit: 18000, per: 'line' },
  taxi: { limit: 6000, per: 'line' }, rail: { limit: 25000, per: 'line' },
  air: { limit: 60000, per: 'line' }, entertainment: { limit: 7500, per: 'attendee' },
  supplies: { limit: 10000, per: 'line' }, training: { limit: 50000, per: 'line' },
}));

class InputError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function readRequest() {
  const chunks = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new InputError('input_too_large', `input is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new InputError('invalid_json', 'input is not valid UTF-8 JSON');
  }
}

function onlyKeys(value, known, where) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) throw new InputError('invalid_input', `${where} must be a JSON object`);
  if (Object.keys(value).some((key) => !known.includes(key))) {
    throw new InputError('unknown_field', `${where} may only have: ${known.join(', ')}`);
  }
}

function dayNumber(text, where) {
  const match = typeof text === 'string' && /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const time = match ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) {
    throw new InputError('invalid_date', `${where} must be a real date written YYYY-MM-DD`);
  }
  return time / DAY_MS;
}

function currencyCode(value, where) {
  if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return value;
  throw new InputError('invalid_currency', `${where} must be a three-letter code such as GBP`);
}

function minorUnits(value, where) {
  const text = typeof value === 'number' ? String(value) : value;
  const match = typeof text === 'string' && /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text);
  const amount = match ? Number(match[1]) * 100 + Number((match[2] || '').padEnd(2, '0')) : 0;
  if (amount > 0) return amount;
  throw new InputError('invalid_amount', `${where} must be above 0, below 10000000, with at most two decimals`);
}

const money = (minor) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;

function checkLine(line, number) {
  const where = `line ${number}`;
  onlyKeys(line, ['date', 'category', 'amount', 'currency', 'merchant', 'receipt', 'attendees', 'trip'], where);
  const { category, merchant, receipt, attendees = 1, trip = '' } = line;
  const shortText = (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 200;
  const must = (holds, field, rule) => {
    if (!holds) throw new InputError(`invalid_${field}`, `${where}: ${field} must be ${rule}`);
  };
  must(shortText(category), 'category', 'a text of 1 to 200 characters');
  must(shortText(merchant), 'merchant', 'a text of 1 to 200 characters');
  must(typeof receipt === 'boolean', 'receipt', 'true or false');
  must(Number.isInteger(attendees) && attendees >= 1 && attendees <= 100, 'attendees', 'an integer from 1 to 100');
  must(trip === '' || shortText(trip), 'trip', 'a text of at most 200 characters');
  return {
    number, category, receipt, attendees, trip,
    merchant: merchant.trim().replace(/\s+/g, ' ').toLowerCase(),
    day: dayNumber(line.date, `${where}: date`),
    amount: minorUnits(line.amount, `${where}: amount`),
    currency: currencyCode(line.currency, `${where}: currency`),
  };
}

function check(request) {
  onlyKeys(request, ['currency', 'submitted_on', 'lines'], 'the claim');
  const home = currencyCode(request.currency, 'currency');
  const submitted = dayNumber(request.submitted_on, 'submitted_on');
  if (!Array.isArray(request.lines) || request.lines.length < 1 || request.lines.length > MAX_LINES) {
    throw new InputError('invalid_lines', `lines must be a list of 1 to ${MAX_LINES} lines`);
  }
  const lines = request.lines.map((line, index) => checkLine(line, index + 1));
  const findings = [];
  const [mealsByDay, seen] = [new Map(), new Map()];

  for (const line of lines) {
    const find = (rule, severity, message) => findings.push({ line: line.number, rule, severity, message });
    const policy = LIMITS.get(line.category);
    const inHome = line.currency === home;
    if (!policy) find('EXP-01', 'block', `unknown category; known are ${[...LIMITS.keys()].join(', ')}`);
    if (!inHome) find('EXP-02', 'block', `currency differs from the claim's ${home}; convert and resubmit`);
    if (policy && inHome) {
      let counted = line.amount;
      if (policy.per === 'day') mealsByDay.set(line.day, (counted += mealsByDay.get(line.day) || 0));
      const limit = policy.limit * (policy.per === 'attendee' ? line.attendees : 1);
      if (counted > limit) {
        const base = policy.per === 'attendee' ? `for ${line.attendees} attendee(s)` : `per ${policy.per}`;
        find('EXP-03', 'warn', `${money(counted)} is above the limit of ${money(limit)} ${base}`);
      }
    }
    if (!line.receipt && line.amount > RECEIPT_ABOVE) find('EXP-04', 'block', `receipt required above ${money(RECEIPT_ABOVE)}`);
    if (line.category === 'meals' && new Date(line.day * DAY_MS).getUTCDay() % 6 === 0 && !line.trip) {
      find('EXP-05', 'warn', 'weekend meal without a trip reference');
    }
    const key = JSON.stringify([line.day, line.merchant, line.amount, line.currency]);
    if (seen.has(key)) find('EXP-06', 'block', `same date, merchant and amount as line ${seen.get(key)}`);
    else seen.set(key, line.number);
    if (line.day > submitted) find('EXP-07', 'block', 'date is after the day of submission');
    if (submitted - line.day > OLDEST_DAYS) find('EXP-08', 'warn', `older than ${OLDEST_DAYS} days at submission`);
  }

  const blocked = new Set(findings.filter((f) => f.severity === 'block').map((f) => f.line));
  const sum = (wanted) => money(lines.filter(wanted).reduce((total, line) => total + line.amount, 0));
  const currencies = [...new Set(lines.map((line) => line.currency))].sort();
  return {
    ok: true,
    decision: blocked.size ? 'return' : findings.length ? 'review' : 'pass',
    currency: home,
    total: sum((line) => line.currency === home),
    accepted_total: sum((line) => !blocked.has(line.number)),
    totals_by_currency: Object.fromEntries(currencies.map((code) => [code, sum((line) => line.currency === code)])),
    findings,
  };
}

function failure(error) {
  if (!(error instanceof InputError)) throw error;
  process.exitCode = 2;
  return { ok: false, error: { code: error.code, message: error.message } };
}

readRequest().then(check).catch(failure).then((answer) => process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`));
