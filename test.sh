#!/usr/bin/env bash
# Builds everything and runs every test against the embedded store and a real Redis.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

usage() {
  cat <<'TEXT'
Usage: ./test.sh [--long] [FILTER]
  FILTER   only these tests, as `dotnet test --filter` has it (default: all)
  --long   tests that show more the longer they run take their time: a busy socket is watched for ten minutes instead of one
  --help   this text
Installs what the tests need where it is missing, as root on Debian. Ends with the line `N passed, N failed`.
TEXT
}

filter=''
unset COORDINATOR_TESTS_LONG
while [ $# -gt 0 ]; do
  case $1 in
    --long) export COORDINATOR_TESTS_LONG=1 ;;
    --help) usage; exit 0 ;;
    -*) usage >&2; echo "test.sh: unknown option $1" >&2; exit 1 ;;
    *) filter=$1 ;;
  esac
  shift
done

. .ci/need
need redis-server redis-server
need node nodejs
need npm npm
need curl curl

(cd tests/peers && npm ci --loglevel error --no-fund --no-audit >&2)
buf=$PWD/tests/peers/node_modules/.bin/buf
echo "buf lint" >&2
"$buf" lint protos
# What callers were given must go on working: compared with what has landed, or with the commit before where that is this one.
base=$(git rev-parse --quiet --verify origin/main || true)
if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
  base=$(git rev-parse --quiet --verify HEAD~1 || true)
fi
if [ -n "$base" ] && git cat-file -e "$base:protos/buf.yaml" 2>/dev/null; then
  echo "buf breaking against ${base:0:12}" >&2
  old=$(mktemp -d)
  trap 'rm -rf "$old"' EXIT
  git archive "$base" protos | tar -x -C "$old"
  "$buf" breaking protos --against "$old/protos"
else
  echo 'buf breaking: there are no earlier protos to compare with' >&2
fi

dotnet build Coordinator.sln -c Release -v quiet --nologo

results=$(mktemp -d)
trap 'rm -rf "$results" "${old:-}"' EXIT
failed=0
for project in tests/*.Tests; do
  name=$(basename "$project")
  echo "running $name" >&2
  dotnet test "$project" -c Release --no-build --nologo ${filter:+--filter "$filter"} \
    --logger "console;verbosity=minimal" --logger "trx;LogFileName=$name.trx" --results-directory "$results" || failed=1
done

count() { # count ATTRIBUTE: the sum over all result files
  { grep -ho "<Counters [^>]*" "$results"/*.trx || true; } | { grep -o " $1=\"[0-9]*\"" || true; } | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(count passed)
broken=$(( $(count total) - passed ))
echo "$passed passed, $broken failed"
[ "$failed" = 0 ] && [ "$broken" = 0 ] && [ "$passed" -gt 0 ]
