#!/usr/bin/env bash
# Compute the batches of a rolling deployment. Builtins only: starts no other process, writes no file.
#
# Input (stdin), one flat JSON object of integers:
#   replicas                 1..10000   instances to replace
#   max_unavailable_percent  1..100     share that may be out of service at once (rounded down, at least 1)
#   minutes_per_batch        0..1440    time to replace one batch and watch it
#   canary_replicas          0..batch   size of the first batch; 0 means no canary
#   canary_minutes           0..10080   optional; time to watch the canary, default minutes_per_batch
# Output (stdout): {"ok":true,"batch_size","min_available","batch_count","total_minutes","batches":[...]}
# Failure: {"ok":false,"error":{"code","message"}} and exit status 2.

set -u
LC_ALL=C

readonly MAX_BYTES=1000000

declare -A value=()
declare -A lowest=([replicas]=1 [max_unavailable_percent]=1 [minutes_per_batch]=0 [canary_replicas]=0
  [canary_minutes]=0)
declare -A highest=([replicas]=10000 [max_unavailable_percent]=100 [minutes_per_batch]=1440 [canary_replicas]=10000
  [canary_minutes]=10080)

fail() { # code, message (never contains raw input)
  printf '{"ok":false,"error":{"code":"%s","message":"%s"}}\n' "$1" "$2"
  exit 2
}

# Sets value[...] from the JSON text in $1.
parse_object() {
  local rest=$1 key number
  local blank=$'[ \t\r\n]*'
  local open="^${blank}\\{${blank}"
  local pair="^\"([a-z_]{1,40})\"${blank}:${blank}(-?(0|[1-9][0-9]*))${blank}([,}])${blank}"
  local named="^\"([a-z_]{1,40})\"${blank}:"

  [[ $rest =~ $open ]] || fail invalid_json "input must be one JSON object"
  rest=${rest:${#BASH_REMATCH[0]}}
  [[ $rest =~ ^\}$blank$ ]] && return

  while :; do
    if [[ ! $rest =~ $pair ]]; then
      [[ $rest =~ $named ]] && fail invalid_type "${BASH_REMATCH[1]} must be an integer, then a comma or the closing brace"
      fail invalid_json "input must be one flat JSON object of named integers"
    fi
    key=${BASH_REMATCH[1]} number=${BASH_REMATCH[2]}
    rest=${rest:${#BASH_REMATCH[0]}}

    [[ -n ${lowest[$key]-} ]] || fail unknown_field "$key is not a known field"
    [[ -z ${value[$key]-} ]] || fail duplicate_field "$key is given twice"
    if ((${#number} > 6)) || ((number < lowest[$key] || number > highest[$key])); then
      fail out_of_range "$key must be between ${lowest[$key]} and ${highest[$key]}"
    fi
    value[$key]=$number

    if [[ ${BASH_REMATCH[4]} == '}' ]]; then
      [[ -z $rest ]] || fail invalid_json "there is text after the closing brace"
      return
    fi
  done
}

require_fields() {
  local key
  for key in replicas max_unavailable_percent minutes_per_batch canary_replicas; do
    [[ -n ${value[$key]-} ]] || fail missing_field "$key is required"
  done
}

print_plan() {
  local replicas=${value[replicas]} canary=${value[canary_replicas]} minutes=${value[minutes_per_batch]}
  local canary_minutes=${value[canary_minutes]-$minutes}
  local size=$((replicas * value[max_unavailable_percent] / 100))
  local rounded=false
  if ((size < 1)); then size=1 rounded=true; fi

  ((canary <= size)) || fail canary_too_large "canary_replicas is $canary but only $size may be out of service at once"

  local batches='' done_count=0 clock=0 number=0 kind count length
  while ((done_count < replicas)); do
    kind=rolling count=$size length=$minutes
    if ((number == 0 && canary > 0)); then kind=canary count=$canary length=$canary_minutes; fi
    if ((count > replicas - done_count)); then count=$((replicas - done_count)); fi
    batches+="${batches:+,}"$'\n'"    {\"batch\": $((number += 1)), \"kind\": \"$kind\", \"replicas\": $count, "
    batches+="\"first\": $((done_count + 1)), \"last\": $((done_count += count)), "
    batches+="\"starts_at_minute\": $clock, \"ends_at_minute\": $((clock += length)), "
    batches+="\"percent_done\": $((done_count * 100 / replicas))}"
  done

  printf '{\n  "ok": true,\n  "batch_size": %d,\n  "batch_size_rounded_up": %s,\n' "$size" "$rounded"
  printf '  "min_available": %d,\n  "batch_count": %d,\n  "total_minutes": %d,\n' "$((replicas - size))" "$number" "$clock"
  printf '  "batches": [%s\n  ]\n}\n' "$batches"
}

input=''
IFS= read -r -N $((MAX_BYTES + 1)) input
((${#input} <= MAX_BYTES)) || fail input_too_large "input is larger than $MAX_BYTES bytes"
parse_object "$input"
require_fields
print_plan
