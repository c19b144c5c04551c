#!/usr/bin/env bash
# Counts the words of a text and of all texts of the session: one line of JSON in, one JSON object out.
# Bash cannot read JSON, and a skill may start no other program unless it asks to: this takes one plain text, without
# quotes and backslashes in it. For anything more write the script in Python or for Node.
set -euf

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

IFS= read -r payload || [[ -n "${payload:-}" ]] || fail 'there is no payload'
field='^[[:space:]]*\{[[:space:]]*"text"[[:space:]]*:[[:space:]]*"([^"\\]*)"[[:space:]]*\}[[:space:]]*$'
[[ "$payload" =~ $field ]] || fail 'the payload must be an object with nothing but the text `text`, without escapes'
words=(${BASH_REMATCH[1]})

# In the work folder, which a session keeps from call to call.
state=total
total=0
if [[ -f "$state" ]]; then
  read -r total < "$state"
fi
total=$((total + ${#words[@]}))
printf '%d\n' "$total" > "$state"
printf '{"words": %d, "total": %d}\n' "${#words[@]}" "$total"
