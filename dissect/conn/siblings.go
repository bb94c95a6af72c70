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
type served struct {
	counts map[endpointKey]*uint32
	last   endpointKey // often the next one is with the same server
	count  *uint32     // of last; nil as long as there is none
}

func newServed() served { return served{counts: make(map[endpointKey]*uint32)} }

// at returns how many there were with a connection's server.
func (v *served) at(e *entry) uint32 {
	if len(v.counts) == 0 {
		return 0
	}
	if n := v.counts[e.serverOf()]; n != nil {
		return *n
	}
	return 0
}

// serverOf returns the key of a connection's server.
func (e *entry) serverOf() endpointKey {
	d := 1 - e.client()
	return endpointKey{e.address(d), e.port(d)}
}

// handshake counts one.
func (v *served) handshake(e *entry) {
	k := e.serverOf()
	if v.count == nil || v.last != k {
		n := v.counts[k]
		if n == nil {
			if len(v.counts) >= maxServed {
				return
			}
			n = new(uint32)
			v.counts[k] = n
		}
		v.last, v.count = k, n
	}
	*v.count++
}
