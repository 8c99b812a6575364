#!/usr/bin/env bash
# Builds and starts a coordinator and a gateway. Needs the .NET SDK and nothing else.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
Usage: ./run.sh [options]
  --http-port PORT       the gateway's port (8080)
  --grpc-port PORT       the coordinator's port (50051)
  --redis CONFIGURATION  keeps everything in Redis, such as 127.0.0.1:6379 (default: in memory)
  --token TOKEN          the administrator's token (default: a random one, kept in .run/token, mode 0600)
  --demo                 also starts two sample workers with three leases each, the first with a script to tail: demo-worker
  --help                 this text
Prints one line when both programs answer health; Ctrl-C or SIGTERM stops everything it started.
TEXT
}
fail() { echo "run.sh: $1" >&2; exit 1; }

http=8080 grpc=50051 redis='' token='' demo=''
while [ $# -gt 0 ]; do
  case $1 in
    --http-port) http=${2:?run.sh: --http-port needs a port}; shift 2 ;;
    --grpc-port) grpc=${2:?run.sh: --grpc-port needs a port}; shift 2 ;;
    --redis) redis=${2:?run.sh: --redis needs a configuration}; shift 2 ;;
    --token) token=${2:?run.sh: --token needs a token}; shift 2 ;;
    --demo) demo=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" ;;
  esac
done
command -v dotnet >/dev/null || fail 'the .NET 10 SDK is missing: https://dotnet.microsoft.com/download'

open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for port in "$http" "$grpc"; do
  open "$port" && fail "port $port is taken by another program; choose another with --http-port or --grpc-port"
done

umask 077
mkdir -p .run
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
[ -s .run/tenant ] || random 16 >.run/tenant
account=$(cat .run/tenant)
if [ -z "$token" ]; then
  [ -s .run/token ] || random 24 >.run/token
  token=$(cat .run/token)
fi
# What the gateway shows the coordinator to be believed about its clients' addresses: for these two programs and no other.
[ -s .run/gateway-token ] || random 24 >.run/gateway-token
gateway_token=$(cat .run/gateway-token)
unset COORDINATOR_GATEWAY_TOKEN

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 COORDINATOR_TOKEN=$token
configuration=${CONFIGURATION:-Release}
if [ -z "${NO_BUILD:-}" ]; then
  echo 'building' >&2
  dotnet build Coordinator.sln -c "$configuration" -v quiet --nologo >&2
fi

children=()
stop() {
  trap - EXIT INT TERM
  # In the order of dependence: workers hand their leases back, the gateway lets go, the coordinator drains.
  for ((i = ${#children[@]} - 1; i >= 0; i--)); do kill -TERM "${children[i]}" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
}
trap stop EXIT
trap 'stop; exit 0' INT TERM

start() { # start NAME PROJECT ARGUMENTS…: its output goes to .run/NAME.log
  local name=$1 dll=$2
  shift 2
  dotnet "$dll" "$@" >".run/$name.log" 2>&1 &
  children+=($!)
}
COORDINATOR_GATEWAY_TOKEN=$gateway_token \
  start coordinator "src/Coordinator/bin/$configuration/net10.0/Coordinator.dll" --grpc-port "$grpc" --tenant "$account" ${redis:+--redis "$redis"}
COORDINATOR_GATEWAY_TOKEN=$gateway_token \
  start gateway "src/Gateway/bin/$configuration/net10.0/Coordinator.Gateway.dll" --http-port "$http" --coordinators "http://127.0.0.1:$grpc"

alive() {
  for child in "${children[@]}"; do
    kill -0 "$child" 2>/dev/null || { tail -n 5 .run/*.log >&2; fail 'a program ended; its last words are above'; }
  done
}
healthy() {
  { exec 3<>"/dev/tcp/127.0.0.1/$http"; } 2>/dev/null || return 1
  printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  local line=''
  read -r line <&3 || true
  exec 3>&-
  [[ $line == *' 200 '* ]]
}
for ((i = 0; ; i++)); do
  alive
  healthy && break
  [ $i -lt 300 ] || { tail -n 5 .run/*.log >&2; fail 'no health within 30 s; the last words of the programs are above'; }
  sleep 0.1
done
echo "ready http=http://127.0.0.1:$http grpc=127.0.0.1:$grpc account=$account token=$token"

if [ -n "$demo" ]; then
  start worker "examples/Worker/bin/$configuration/net10.0/Worker.dll" --address "http://127.0.0.1:$grpc" --workers 2 --leases-per-worker 3 \
    --script demo-worker
fi
# A child that ends by itself takes the rest along.
wait -n "${children[@]}" || true
alive
