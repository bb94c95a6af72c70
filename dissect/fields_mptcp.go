package dissect

import "strconv"

// mptcpFields is RFC 8684, section 3, by subtype.
func mptcpFields(r *fieldReader, at, n int) bool {
	if n < 1 {
		return false
	}
	subtype := uint8(r.value(at*8, 4))
	r.number("subtype", at*8, 4, MPTCPName(subtype))
	if int(subtype) >= len(mptcpSubtypes) {
		r.mptcpRest(at, n)
		return true
	}
	mptcpSubtypes[subtype](r, at, n)
	return true
}

// mptcpSubtypes say how each subtype is read. at is that of the octet that
// begins with the subtype, which has been added; n are the bytes from there.
var mptcpSubtypes = [...]func(r *fieldReader, at, n int){
	mpCapable, mpJoin, mpDSS, mpAddAddress, mpRemoveAddress, mpPriority, mpFail, mpFastClose, mpReset,
}

// mptcpRest adds what is left of an octet and the bytes behind it.
func (r *fieldReader) mptcpRest(at, n int) {
	r.number("reserved", at*8+4, 4, "")
	r.raw("data", at+1, n-1)
}

// mpCapable is RFC 8684, section 3.1, and RFC 6824's version 0.
func mpCapable(r *fieldReader, at, n int) {
	if n < 2 {
		r.mptcpRest(at, n)
		return
	}
	r.number("version", at*8+4, 4, "")
	r.group("capabilities", at*8+8, 8, "", func() {
		r.flag("A", at*8+8, "checksums required")
		r.flag("B", at*8+9, "extensibility")
		r.flag("C", at*8+10, "no more subflows to this address")
		r.number("D to G", at*8+11, 4, "")
		r.flag("H", at*8+15, "HMAC-SHA256, in version 0 HMAC-SHA1")
	})
	i := 2
	for _, name := range [...]string{"sender's key", "receiver's key"} {
		if i+8 <= n {
			r.hex(name, (at+i)*8, 64, "")
			i += 8
		}
	}
	if i == 18 && n >= 20 {
		r.number("data level length", (at+i)*8, 16, "bytes of data that come with it")
		i += 2
	}
	if i == 20 && n >= 22 {
		r.hex("data checksum", (at+i)*8, 16, "")
		i += 2
	}
	r.raw("data", at+i, n-i)
}

// mpJoin is RFC 8684, section 3.2: the three lengths are those of SYN, SYN-ACK
// and ACK.
func mpJoin(r *fieldReader, at, n int) {
	switch n {
	case 10, 14:
		r.number("reserved", at*8+4, 3, "")
		r.flag("backup", at*8+7, "use it only if the others fail")
		r.number("address identifier", at*8+8, 8, "")
		if n == 10 {
			r.hex("receiver's token", at*8+16, 32, "names the connection to join")
			r.hex("sender's random number", at*8+48, 32, "")
			return
		}
		r.hex("sender's truncated HMAC", at*8+16, 64, "shows that it knows the key")
		r.hex("sender's random number", at*8+80, 32, "")
	case 22:
		r.number("reserved", at*8+4, 12, "")
		r.raw("sender's HMAC", at+2, 20)
	default:
		r.mptcpRest(at, n)
	}
}

// mpDSS is RFC 8684, section 3.3.
func mpDSS(r *fieldReader, at, n int) {
	if n < 2 {
		r.mptcpRest(at, n)
		return
	}
	r.number("reserved", at*8+4, 7, "")
	var fin, long, mapped, longAck, acked bool
	r.group("DSS flags", at*8+11, 5, "", func() {
		fin = r.flag("F", at*8+11, "DATA_FIN: no more data on any subflow")
		long = r.flag("m", at*8+12, "data sequence number has 8 bytes")
		mapped = r.flag("M", at*8+13, "data sequence number is there")
		longAck = r.flag("a", at*8+14, "data ACK has 8 bytes")
		acked = r.flag("A", at*8+15, "data ACK is there")
	})
	i := 2
	number := func(name string, bytes int, meaning string) {
		if i+bytes <= n {
			r.number(name, (at+i)*8, bytes*8, meaning)
			i += bytes
		}
	}
	size := map[bool]int{false: 4, true: 8}
	if acked {
		number("data ACK", size[longAck], "next byte expected, over all subflows")
	}
	if mapped {
		about := "of the whole connection, all subflows together"
		if fin {
			about += "; DATA_FIN takes one"
		}
		number("data sequence number", size[long], about)
		number("subflow sequence number", 4, "where that byte stands in this subflow, relative")
		number("data level length", 2, "bytes that this maps")
		if i+2 <= n {
			r.hex("data checksum", (at+i)*8, 16, "")
			i += 2
		}
	}
	r.raw("data", at+i, n-i)
}

// mpAddAddress is RFC 8684, section 3.4.1; RFC 6824 has the IP version where
// the echo flag is, and no HMAC.
func mpAddAddress(r *fieldReader, at, n int) {
	if n < 6 {
		r.mptcpRest(at, n)
		return
	}
	old := r.value(at*8+4, 4)
	size := 4
	if old == 6 || old <= 1 && (n == 2+16 || n == 2+18 || n == 2+24 || n == 2+26) {
		size = 16
	}
	if old == 4 || old == 6 {
		r.number("IP version", at*8+4, 4, "")
	} else {
		r.number("reserved", at*8+4, 3, "")
		r.choice("echo", at*8+7, "offers an address", "confirms an address")
	}
	r.number("address identifier", at*8+8, 8, "")
	i := 2
	if i+size <= n {
		r.address("address", at+i, size)
		i += size
	}
	if rest := n - i; rest == 2 || rest == 10 {
		r.number("port", (at+i)*8, 16, "")
		i += 2
	}
	if n-i == 8 {
		r.hex("truncated HMAC", (at+i)*8, 64, "")
		i += 8
	}
	r.raw("data", at+i, n-i)
}

// mpRemoveAddress is RFC 8684, section 3.4.2.
func mpRemoveAddress(r *fieldReader, at, n int) {
	r.number("reserved", at*8+4, 4, "")
	for i := 1; i < n; i++ {
		r.number("address identifier "+strconv.Itoa(i), (at+i)*8, 8, "is gone")
	}
}

// mpPriority is RFC 8684, section 3.3.8.
func mpPriority(r *fieldReader, at, n int) {
	r.number("reserved", at*8+4, 3, "")
	r.flag("backup", at*8+7, "use it only if the others fail")
	if n == 2 {
		r.number("address identifier", at*8+8, 8, "")
		return
	}
	r.raw("data", at+1, n-1)
}

// mpFail is RFC 8684, section 3.7.
func mpFail(r *fieldReader, at, n int) {
	if n != 10 {
		r.mptcpRest(at, n)
		return
	}
	r.number("reserved", at*8+4, 12, "")
	r.number("data sequence number", at*8+16, 64, "of the data whose checksum was wrong")
}

// mpFastClose is RFC 8684, section 3.5.
func mpFastClose(r *fieldReader, at, n int) {
	if n != 10 {
		r.mptcpRest(at, n)
		return
	}
	r.number("reserved", at*8+4, 12, "")
	r.hex("receiver's key", at*8+16, 64, "")
}

// mpReset is RFC 8684, section 3.6.
func mpReset(r *fieldReader, at, n int) {
	if n != 2 {
		r.mptcpRest(at, n)
		return
	}
	r.group("reset flags", at*8+4, 4, "", func() {
		for i, name := range [...]string{"U", "V", "W"} {
			r.number(name, at*8+4+i, 1, "reserved")
		}
		r.flag("T", at*8+7, "transient: it may work later")
	})
	r.number("reason", at*8+8, 8, map[uint64]string{
		0: "unspecified", 1: "MPTCP-specific error", 2: "lack of resources", 3: "administratively prohibited",
		4: "too much outstanding data", 5: "unacceptable performance", 6: "middlebox interference",
	}[r.value(at*8+8, 8)])
}
