#!/usr/bin/env bash
# Measures what tcpsee promises of live captures, in a network namespace of its
# own, and prints each figure with the load of the machine. Needs root,
# tcpdump, nc (openbsd), python3, iproute2.
#
#   sudo testdata/measure.sh [delay|driven|wrapped|flood]…      all, or those named
#   CONNECTIONS=10000 COMMANDS=1000 SECONDS_OF_FLOOD=30 sudo -E testdata/measure.sh
set -euo pipefail
cd "$(dirname "$0")/.."
N=tcpsee-measure-$$ tmp=$(mktemp -d)
connections=${CONNECTIONS:-10000} commands=${COMMANDS:-1000} flood=${SECONDS_OF_FLOOD:-30}
trap 'kill $(jobs -p) 2>/dev/null || true; ip netns del $N; rm -rf "$tmp"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$tmp/tcpsee" ./cmd/tcpsee
ip netns add $N; ip -n $N link set lo up
ip netns exec $N sysctl -qw net.ipv4.ip_local_port_range="1024 65535" net.ipv4.tcp_max_tw_buckets=4096
inN() { exec ip netns exec $N "$@"; }
ready() { for _ in $(seq 200); do grep -q "$2" "$1" 2>/dev/null && return; sleep 0.05; done; echo "not ready: $1" >&2; cat "$1" >&2; exit 1; }
wanted() { [ ${#names[@]} = 0 ] || printf '%s\n' "${names[@]}" | grep -qx -- "$1"; }
names=("$@")
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, kernel $(uname -r)"

cat >"$tmp/server.py" <<'P'
import os, socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 3000)); s.listen(4096)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.close()
P
cat >"$tmp/delay.py" <<'P'
# Stamps each line as it comes, and says how long after its packet that was.
import datetime, json, sys, time
late = []
for line in sys.stdin:
    now = time.time_ns()
    o = json.loads(line)
    if o["type"] != "segment": continue
    day, _, rest = o["time"].partition(".")
    at = int(datetime.datetime.fromisoformat(day + "+00:00").timestamp()) * 10**9 + int(rest.rstrip("Z"))
    late.append((now - at) / 1e6)
late.sort()
if late: print("delay of %d rows: median %.2f ms, 99%% %.2f ms, most %.2f ms" % (len(late), late[len(late)//2], late[len(late)*99//100], late[-1]))
P
cat >"$tmp/client.py" <<'P'
# RATE connections a second, or as many as there can be, for TIME seconds.
import socket, sys, time
rate, span = float(sys.argv[1]), float(sys.argv[2])
began, n = time.monotonic(), 0
while (now := time.monotonic()) < began + span:
    if n >= (now - began) * rate:
        time.sleep(0.0005); continue
    s = socket.create_connection(("127.0.0.1", 3000)); s.recv(1); s.close(); n += 1
print(n)
P
(inN python3 "$tmp/server.py") >"$tmp/server" &
ready "$tmp/server" ready

if wanted delay; then
  (inN "$tmp/tcpsee" watch -i lo -o ndjson port 3000) 2>"$tmp/watch" | python3 "$tmp/delay.py" &
  drawn=$!
  ready "$tmp/watch" "Ctrl-C ends"
  (inN python3 "$tmp/client.py" 20 10) >/dev/null
  kill -INT "$(ip netns pids $N | while read -r p; do grep -qz watch "/proc/$p/cmdline" && echo "$p" && break; done)"
  wait $drawn
fi
if wanted driven; then
  (inN "$tmp/tcpsee" connect --repeat "$connections" -o ndjson 127.0.0.1 3000) </dev/null 2>/dev/null >"$tmp/driven.ndjson" || true
  python3 - "$tmp/driven.ndjson" "$connections" <<'P'
import json, sys
syn, all = set(), set()
for line in open(sys.argv[1]):
    o = json.loads(line)
    if o["type"] == "segment":
        all.add(o["conn"])
        if o["kind"] == "SYN": syn.add(o["conn"])
print("%s driven connections: %d drawn, %d with their SYN" % (sys.argv[2], len(all), len(syn)))
P
fi
if wanted wrapped; then
  whole=0
  for _ in $(seq "$commands"); do
    if (inN "$tmp/tcpsee" run -o ndjson nc.openbsd -z 127.0.0.1 3000) 2>/dev/null </dev/null | grep -q '"kind":"SYN"'; then whole=$((whole + 1)); fi
  done
  echo "$commands wrapped commands: $whole with their SYN"
fi
if wanted flood; then
  for how in "-q -w $tmp/flood.pcapng" "--view summary"; do
    (inN tcpdump -i lo -B 65536 -s 0 -Z root -w "$tmp/flood.pcap" tcp port 3000) 2>"$tmp/dump" & dump=$!
    ready "$tmp/dump" "listening on"
    # shellcheck disable=SC2086
    (inN "$tmp/tcpsee" watch -i lo $how --width 200 port 3000) >"$tmp/picture" 2>"$tmp/watch" & watch=$!
    sleep 2 # with -q it does not say that it is ready
    made=$( (inN python3 "$tmp/client.py" 16000 "$flood") )
    sleep 1
    cpu() { awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"; }
    mine=$(cpu $watch) theirs=$(cpu $dump) high=$(awk '/VmHWM/ { print $2 }' /proc/$watch/status)
    kill -INT $watch; wait $watch || true; kill -INT $dump; wait $dump || true
    seen=$(grep -E 'segments|drop' "$tmp/picture" | tail -3 | cut -c1-150 | paste -sd' ' || true)
    [ ! -e "$tmp/flood.pcapng" ] || seen="$("$tmp/tcpsee" replay -q "$tmp/flood.pcapng" -o json | tail -c 600 | grep -oE '"(segments|connections|dropped)":[0-9]+' | tail -3 | paste -sd' ')"
    echo "flood, watch ${how%% /*}: $made connections in $flood s; tcpsee: $seen; $mine ms of processor, $high KiB at most"
    echo "  tcpdump -w: $theirs ms of processor, $(grep -E 'captured|dropped by kernel' "$tmp/dump" | paste -sd' ')"
    rm -f "$tmp"/flood.*
  done
fi
