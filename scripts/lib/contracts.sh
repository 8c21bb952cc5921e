#!/usr/bin/env bash
# Builds the worker once more into target/contracts, quickly and with what holds its ports to their contracts in it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cd "$ROOT"
use_tools

out=target/contracts
WASM_BINDGEN_USE_JS_SYS=1 cargo build --quiet --locked --lib --features contracts --target wasm32-unknown-unknown
rm -rf "$out"
mkdir -p "$out/src"
cp -r src/platform "$out/src/"
cp tests/miniflare/contracts.js "$out/"
wasm-bindgen --target module --no-typescript --experimental-reset-state-function --force-enable-abort-handler \
  --out-dir "$out/build" --out-name index target/wasm32-unknown-unknown/debug/archway.wasm
sed -i.plain 's/^import source /import /' "$out/build/index.js"
esbuild "$out/contracts.js" --bundle --format=esm --external:cloudflare:* --external:node:* --external:*.wasm --external:*/routes.json \
  --log-level=error --outfile="$out/bundle.js"
sed -e 's#"[^"]*/routes\.json"#"./routes.json"#' -e 's#"[^"]*index_bg\.wasm"#"./index_bg.wasm"#' "$out/bundle.js" >"$out/worker.js"
mv "$out/build/index_bg.wasm" "$out/"
