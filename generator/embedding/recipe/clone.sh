#!/bin/sh
# Fetches the one commit of each source that the recipe reads: `clone.sh FOLDER`.
set -eu
tail -n +2 "$(dirname "$0")/../sources.tsv" | while IFS="$(printf '\t')" read -r repository commit _; do
    folder="$1/$(echo "$repository" | sed 's,/,__,')"
    git init --quiet --bare "$folder"
    git -C "$folder" fetch --quiet --depth 1 "https://github.com/$repository.git" "$commit"
done
