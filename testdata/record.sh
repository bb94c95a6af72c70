#!/usr/bin/env bash
# Records the captures of this folder anew, from real connections between real
# programs, in network namespaces of its own. Needs root, tcpdump, nc
# (openbsd), python3 (up to 3.11, for smtpd), node, openssl, curl, ssh, iproute2.
#
#   sudo testdata/record.sh [NAME…]      all, or those named
set -euo pipefail
cd "$(dirname "$0")"
NC=${NC:-nc.openbsd}
C=tcpsee-rec-c S=tcpsee-rec-s R=tcpsee-rec-r
tmp=$(mktemp -d)

remove() { for n in $C $S $R; do ip netns del $n 2>/dev/null || true; done; rm -rf /etc/netns/$C; }
trap 'remove; rm -rf "$tmp"' EXIT
remove

# client 10.9.0.1 ── router ── server 10.9.1.2, and the same in IPv6
for n in $C $S $R; do ip netns add $n; ip -n $n link set lo up; done
ip link add c0 netns $C type veth peer name r0 netns $R
ip link add s0 netns $S type veth peer name r1 netns $R
for n in $C $S $R; do
  ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
ip -n $C addr add 10.9.0.1/24 dev c0; ip -n $C addr add fd09::1/64 dev c0 nodad
ip -n $R addr add 10.9.0.254/24 dev r0; ip -n $R addr add fd09::fe/64 dev r0 nodad
ip -n $R addr add 10.9.1.254/24 dev r1; ip -n $R addr add fd09:1::fe/64 dev r1 nodad
ip -n $S addr add 10.9.1.2/24 dev s0; ip -n $S addr add fd09:1::2/64 dev s0 nodad
for d in "$C c0" "$R r0" "$R r1" "$S s0"; do ip -n ${d% *} link set ${d#* } up; done
ip -n $C route add default via 10.9.0.254; ip -n $C -6 route add default via fd09::fe
ip -n $S route add default via 10.9.1.254; ip -n $S -6 route add default via fd09:1::fe
# localhost is ::1 first, as on most systems
mkdir -p /etc/netns/$C && printf '::1 localhost\n127.0.0.1 localhost\n' >/etc/netns/$C/hosts
sleep 2 # links come up, router advertisements pass
for d in "$C c0" "$S s0" "$R r0" "$R r1"; do
  ip netns exec ${d% *} ethtool -K ${d#* } tx off tso off gso off gro off >/dev/null 2>&1 || true
done

# record NAME NAMESPACE INTERFACE FILTER…: in the background, until stop
record() {
  local name=$1 ns=$2 dev=$3; shift 3
  ip netns exec $ns tcpdump -i "$dev" --immediate-mode -U -w "$name.pcap" "$@" 2>"$tmp/tcpdump" &
  recorder=$!
  for _ in $(seq 100); do grep -q listening "$tmp/tcpdump" && break; sleep 0.05; done
}
stop() { sleep 0.4; kill -INT "$recorder"; wait "$recorder" 2>/dev/null || true; }
# ready FILE: waits until a server says so
ready() { for _ in $(seq 100); do grep -q ready "$1" 2>/dev/null && return; sleep 0.05; done; echo "no server" >&2; exit 1; }
inC() { ip netns exec $C "$@"; }
inS() { ip netns exec $S "$@"; }
wanted() { [ ${#names[@]} = 0 ] || printf '%s\n' "${names[@]}" | grep -qx -- "$1"; }
names=("$@")

chat() { # NAME NS_CLIENT NS_SERVER DEV LISTEN_ADDRESS NC_FLAG
  record "$1" "$2" "$4" port 3000
  (sleep 1.2; echo Hello; sleep 4) | ip netns exec $3 timeout 8 $NC $6 -l "$5" 3000 >/dev/null & local server=$!
  sleep 0.5
  (sleep 1.7; echo World; sleep 1) | ip netns exec $2 $NC $6 -N "$5" 3000 >/dev/null
  wait $server || true
  stop
}

if wanted s01-chat; then chat s01-chat $C $C lo 127.0.0.1 -4; fi
if wanted s01-chat-two-hosts; then chat s01-chat-two-hosts $C $S c0 10.9.1.2 -4; fi
if wanted s01-chat-ipv6; then chat s01-chat-ipv6 $C $S c0 fd09:1::2 -6; fi

http() { # NAME ADDRESS FLAG, then the request on standard input
  local name=$1 addr=$2
  inS python3 programs/http80.py "$addr" >"$tmp/$name" & local server=$!
  ready "$tmp/$name"
  record "$name" $C c0 port 80
  inC timeout 6 $NC "$3" "$addr" 80 >/dev/null || true
  wait $server || true
  stop
}
if wanted s02-http-200; then (printf 'GET / HTTP/1.1\r\n'; sleep 0.3; printf 'Host: www.example.org\r\n'; sleep 0.3; printf '\r\n'; sleep 2) | http s02-http-200 10.9.1.2 -4; fi
if wanted s02-http-200-ipv6; then (printf 'GET / HTTP/1.1\n'; sleep 0.3; printf 'Host: www.example.org\n'; sleep 0.3; printf '\n'; sleep 2) | http s02-http-200-ipv6 fd09:1::2 -6; fi
if wanted s03-http-400; then (printf 'GET / HTP/1.1\r\n'; sleep 0.3; printf 'Host: www.example.org\r\n\r\n'; sleep 2) | http s03-http-400 10.9.1.2 -4; fi
if wanted s04-too-slow; then (sleep 0.3; printf 'GET / HTTP/1.1\r\n'; sleep 4) | http s04-too-slow 10.9.1.2 -4; fi

if wanted s05-refused; then record s05-refused $C c0 tcp or icmp or arp; inC ip neigh flush dev c0; inC $NC 10.9.1.2 3000 </dev/null || true; stop; fi
if wanted s05-refused-loopback; then record s05-refused-loopback $C lo port 3000; inC $NC -6 ::1 3000 </dev/null || true; stop; fi
if wanted s05-no-answer; then
  inS ip route add blackhole 10.9.0.1/32
  record s05-no-answer $C c0 tcp or icmp; inC timeout 8 $NC 10.9.1.2 3000 </dev/null || true; stop
  inS ip route del blackhole 10.9.0.1/32
fi
if wanted s05-unreachable; then
  ip -n $R route add unreachable 10.9.7.0/24
  record s05-unreachable $C c0 tcp or icmp; inC timeout 3 $NC 10.9.7.7 3000 </dev/null || true; stop
  ip -n $R route del unreachable 10.9.7.0/24
fi
if wanted s05-prohibited-ipv6; then
  ip -n $R -6 route add prohibit fd09:7::/64
  record s05-prohibited-ipv6 $C c0 tcp or icmp6; inC timeout 3 $NC -6 fd09:7::7 3000 </dev/null || true; stop
  ip -n $R -6 route del prohibit fd09:7::/64
fi
if wanted s05-no-neighbour; then record s05-no-neighbour $C any tcp or icmp or arp; inC timeout 5 $NC 10.9.0.77 3000 </dev/null || true; stop; fi

if wanted s06-python; then
  record s06-python $C lo port 12345
  inC python3 programs/server12345.py >"$tmp/py" & server=$!; ready "$tmp/py"
  inC python3 programs/client12345.py >/dev/null; wait $server || true; stop
fi
if wanted s07-backlog; then
  record s07-backlog $C lo port 12345
  inC python3 programs/backlog.py >"$tmp/backlog" & server=$!; ready "$tmp/backlog"
  clients=()
  for i in 1 2 3 4; do inC timeout 4 $NC 127.0.0.1 12345 < <(sleep 4) >/dev/null & clients+=($!); sleep 0.2; done
  wait "${clients[@]}" || true; wait $server || true; stop
fi
if wanted s08-greeting; then
  record s08-greeting $C lo port 8080
  inC python3 programs/greeting8080.py >"$tmp/greet" & server=$!; ready "$tmp/greet"
  (sleep 0.5; echo Alice; sleep 0.5) | inC timeout 4 $NC -v localhost 8080 >/dev/null 2>&1 || true; wait $server || true; stop
fi
if wanted s09-verbose; then
  record s09-verbose $C lo port 1234
  (sleep 1; echo Hello; sleep 1) | inC timeout 6 $NC -v -l 1234 >/dev/null 2>&1 & server=$!; sleep 0.4
  (sleep 1.2; echo World; sleep 0.5) | inC timeout 6 $NC -N -v localhost 1234 >/dev/null 2>&1 || true; wait $server || true; stop
fi
if wanted s10-node; then
  record s10-node $C lo port 3000
  inC node programs/server3000.js >"$tmp/node" & server=$!; ready "$tmp/node"
  (sleep 0.3; echo Hello; sleep 0.5) | inC timeout 4 $NC -N 127.0.0.1 3000 >/dev/null || true; wait $server || true; stop
fi
if wanted s12-half-close; then
  record s12-half-close $C lo port 3000
  inC python3 programs/upper3000.py >"$tmp/upper" & server=$!; ready "$tmp/upper"
  echo Hello | inC timeout 5 $NC -N 127.0.0.1 3000 >/dev/null || true; wait $server || true; stop
fi
if wanted s13-restart; then
  record s13-restart $C lo port 3000
  inC python3 programs/restart3000.py >"$tmp/restart" & server=$!; ready "$tmp/restart"
  inC timeout 3 $NC 127.0.0.1 3000 </dev/null >/dev/null || true; wait $server || true
  inC $NC 127.0.0.1 3000 </dev/null || true; stop
fi
if wanted s14-localhost-only; then
  record s14-localhost-only $C c0 port 3000
  inS timeout 3 $NC -l 127.0.0.1 3000 </dev/null >/dev/null 2>&1 & server=$!; sleep 0.5
  inC $NC 10.9.1.2 3000 </dev/null || true; wait $server || true; stop
fi
if wanted s15-accept-exit; then
  record s15-accept-exit $C lo port 12345
  inC python3 programs/acceptexit.py >"$tmp/exit" & server=$!; ready "$tmp/exit"
  (sleep 0.6; echo Hello; sleep 0.3) | inC timeout 4 $NC 127.0.0.1 12345 >/dev/null || true; wait $server || true; stop
fi
if wanted s16-curl; then
  inS python3 programs/http80.py 10.9.1.2 >"$tmp/http" & server=$!; ready "$tmp/http"
  record s16-curl $C c0 port 80
  inC curl -s --resolve www.example.org:80:10.9.1.2 http://www.example.org/ >/dev/null; wait $server || true; stop
fi
if wanted s17-tls; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tmp/key" -out "$tmp/cert" -subj /CN=www.example.org -days 3650 2>/dev/null
  record s17-tls $C lo port 4433
  (cd "$tmp" && exec ip netns exec $C timeout 8 openssl s_server -quiet -accept 127.0.0.1:4433 -key key -cert cert -naccept 1 >/dev/null 2>&1 </dev/null) & server=$!; sleep 0.7
  (sleep 0.5; echo Hello; sleep 0.5) | inC timeout 4 openssl s_client -quiet -connect 127.0.0.1:4433 -servername www.example.org >/dev/null 2>&1 || true; wait $server || true; stop
fi

# What is spoken above TCP, each by a real program.
if wanted l7-http2; then
  record l7-http2 $C lo port 8082
  inC node programs/http2.js >"$tmp/h2" & server=$!; ready "$tmp/h2"
  inC curl -s --http2-prior-knowledge http://127.0.0.1:8082/ >/dev/null; wait $server || true; stop
fi
if wanted l7-tls-alpn; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tmp/key" -out "$tmp/cert" -subj /CN=www.example.org -days 3650 2>/dev/null
  record l7-tls-alpn $C lo port 8443
  inC node programs/http2.js "$tmp/key" "$tmp/cert" >"$tmp/h2s" & server=$!; ready "$tmp/h2s"
  inC curl -sk --resolve www.example.org:8443:127.0.0.1 https://www.example.org:8443/ >/dev/null; wait $server || true; stop
fi
if wanted l7-websocket; then
  record l7-websocket $C lo port 8081
  inC node programs/websocket8081.js >"$tmp/ws" & server=$!; ready "$tmp/ws"
  inC node --experimental-websocket programs/websocket-client.js; wait $server || true; stop
fi
if wanted l7-smtp; then record l7-smtp $C lo port 2525; inC python3 -W ignore programs/smtp2525.py; stop; fi
if wanted l7-dns; then
  record l7-dns $C lo port 53
  echo 'nameserver 127.0.0.1' >/etc/netns/$C/resolv.conf
  inC python3 programs/dns53.py >"$tmp/dns" & server=$!; ready "$tmp/dns"
  inC env RES_OPTIONS=use-vc getent ahostsv4 www.example.org >/dev/null || true; wait $server || true; stop
fi
if wanted l7-ssh; then
  record l7-ssh $C lo port 2222
  (sleep 0.2; printf 'SSH-2.0-OpenSSH_9.2\r\n'; sleep 1) | inC timeout 3 $NC -l 127.0.0.1 2222 >/dev/null 2>&1 & server=$!; sleep 0.5
  inC timeout 2 ssh -p 2222 -o BatchMode=yes -o ConnectTimeout=2 127.0.0.1 true 2>/dev/null || true; wait $server || true; stop
fi
chmod 644 ./*.pcap
if [ -n "${SUDO_UID:-}" ]; then chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" ./*.pcap; fi
