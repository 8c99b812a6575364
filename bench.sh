#!/usr/bin/env bash
# Measures the coordinator beside etcd and beside the limits of Redis and Kestrel, on spare loopback ports of this machine.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

usage() {
  cat <<'TEXT'
Usage: ./bench.sh [--quick] [--only SUITE]... [--rounds N] [--before DLL]
  --quick       one short, cold round of each, within two minutes: shows that everything runs, its figures say nothing
  --only SUITE  heartbeats, frames, events, rest, tails, timing, expiry, push, idle or growth; may be given again
  --rounds N    rounds of each (5)
  --before DLL  another build's Coordinator.dll, to be measured beside this one in heartbeats, frames and events
  --help        this text
Prints one table, and writes it as JSON and as a plot under benchmarks/results/ (full or quick). All of it takes about half an hour;
nothing else should run meanwhile.
TEXT
}

name=full
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) name=quick; arguments+=(--quick); shift ;;
    --only) arguments+=(--only "${2:?bench.sh: --only needs a suite}"); shift 2 ;;
    --rounds) arguments+=(--rounds "${2:?bench.sh: --rounds needs a number}"); shift 2 ;;
    --before) arguments+=(--before "$(realpath "${2:?bench.sh: --before needs a Coordinator.dll}")"); shift 2 ;;
    --help) usage; exit 0 ;;
    *) usage >&2; echo "bench.sh: unknown option $1" >&2; exit 1 ;;
  esac
done

. .ci/need
need redis-server redis-server
need etcd etcd-server
need gnuplot gnuplot-nox

dotnet build Coordinator.sln -c Release -v quiet --nologo >&2
results=benchmarks/results/$name
dotnet benchmarks/bin/Release/net10.0/Coordinator.Benchmarks.dll --output "$results" "${arguments[@]}"
gnuplot -e "table='$results.tsv'; picture='$results.svg'" benchmarks/Report/ratios.gp
echo "written: $results.json $results.svg"
