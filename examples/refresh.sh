#!/usr/bin/env bash
# Rewrites the generated part of every example, also when it does not compile any more.
set -euo pipefail
cd "$(dirname "$0")"
cargo build --manifest-path ../Cargo.toml --bin wsgen
wsgen="${CARGO_TARGET_DIR:-../target}/debug/wsgen"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
for document in */asyncapi.yaml; do
  example=${document%/*}
  "$wsgen" init --quiet --minimal --name "$example" "$document" "$fresh/$example" >/dev/null
  rm -rf "$example/src/generated" "$example/tests/generated.rs"
  cp -r "$fresh/$example/src/generated" "$example/src/generated"
  if [ -e "$fresh/$example/tests/generated.rs" ]; then
    cp "$fresh/$example/tests/generated.rs" "$example/tests/generated.rs"
  fi
done
