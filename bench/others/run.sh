#!/bin/sh
# run.sh CORPUS MADE.jsonl QUERIES.json [OPTIONS]: builds the engines, writes the corpus of real skills and queries as
# they read it, and compares them. OPTIONS are those of `others`, such as `--sizes 10000 --rounds 3 --only guildhall`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
table=$here/../../generator/embedding/table.bin
corpus=$1 made=$2 queries=$3
shift 3
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../target}"
real=$CARGO_TARGET_DIR/others-real

# Not `npm ci`: the lockfile lacks Pagefind's programs for systems other than Linux.
npm install --prefix "$here" --no-save --ignore-scripts --silent
cargo build --release --manifest-path "$here/Cargo.toml"
cargo run --release --manifest-path "$here/../relevance/Cargo.toml" -- "$corpus" "$table" --export "$real"
# Node 20 fails where the memory of such a program grows.
RUSTFLAGS="-Ctarget-feature=+simd128 -Clink-arg=--initial-memory=2147483648" \
  cargo build --release --manifest-path "$here/Cargo.toml" --bin engine --target wasm32-wasip1
"$CARGO_TARGET_DIR/release/others" --table "$table" --wasm "$CARGO_TARGET_DIR/wasm32-wasip1/release/engine.wasm" \
  --real "$real" --made "$made" --queries "$queries" "$@"
