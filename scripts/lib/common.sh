# What every script shares: where things are, how to speak, how to stop. Sourced by bash; sets no state of its own but PATH.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/archway

export WRANGLER_SEND_METRICS=false
export CLOUDFLARE_CF_FETCH_ENABLED=false

# Tells what is being done, on standard error, so that a script's output stays its own.
say() {
  printf '\033[1m==>\033[0m %s\n' "$*" | plain_unless_terminal >&2
}

# Ends the script with a reason and, in further arguments, what to do about it.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

plain_unless_terminal() {
  if [ -t 2 ]; then cat; else sed $'s/\033\\[[0-9]*m//g'; fi
}

# The version of wasm-bindgen in Cargo.lock: the command must be of exactly this version.
wasm_bindgen_version() {
  awk '$0 == "name = \"wasm-bindgen\"" { getline; gsub(/version = |"/, ""); print; exit }' "$ROOT/Cargo.lock"
}

# Puts the pinned tools in front of the machine's own: Node 22, wrangler, workerd, esbuild, wasm-opt, wasm-bindgen.
use_tools() {
  PATH=$ROOT/node_modules/.bin:$TOOLS/wasm-bindgen-cli-$(wasm_bindgen_version)/bin:$PATH
  export PATH
}

# A digest over the names and contents of the files named on standard input, one a line; and of the words given.
digest_of() {
  {
    local list
    list=$(LC_ALL=C sort)
    printf '%s\n' "$@" "$list"
    printf '%s\n' "$list" | git hash-object --no-filters --stdin-paths
  } | git hash-object --stdin
}

# Whether the stamp file $1 says $2.
is_fresh() {
  [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# Prints the head of the script and ends it where the arguments ask for help.
help_if_asked() {
  local argument
  for argument in "$@"; do
    case $argument in -h | --help)
      awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
      exit 0
      ;;
    esac
  done
}
