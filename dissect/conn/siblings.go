package conn

// maxServed is how many server endpoints are remembered for which handshakes
// were completed. Those that come after that are not.
const maxServed = 1 << 12

// endpointKey is an address and a port as a table's key.
type endpointKey struct {
	addr [16]byte
	port uint16
}

// served counts the completed handshakes of each server endpoint: a SYN that
// stays without an answer there may have met a full queue.
type served map[endpointKey]uint32

// serverOf returns the key of a connection's server.
func (e *entry) serverOf() endpointKey {
	d := 1 - e.client()
	return endpointKey{e.address(d), e.port(d)}
}

// handshake counts one.
func (v served) handshake(e *entry) {
	k := e.serverOf()
	if n, ok := v[k]; ok || len(v) < maxServed {
		v[k] = n + 1
	}
}
