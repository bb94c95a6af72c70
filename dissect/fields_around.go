package dissect

// quotedLayers describes the headers that an ICMP error quotes, as far as it
// does (RFC 792: the IP header and 64 bits of what follows; RFC 4443, section
// 2.4: as much as fits).
func (p *Packet) quotedLayers(out []LayerFields) []LayerFields {
	if p.Content != ContentICMP || !p.ICMP.Error || p.NumLayers == 0 {
		return out
	}
	l := p.Layers[p.NumLayers-1]
	data := p.Frame.Data
	if l.Joined {
		data = p.Joined
	}
	at := int(l.Offset + l.Length)
	end := min(at+len(p.Payload), len(data))
	if at >= end {
		return out
	}
	add := func(kind LayerKind, length int, describe func(*fieldReader)) {
		r := fieldReader{b: data[at : at+length], p: p, quoted: true}
		if describe != nil {
			describe(&r)
		}
		r.rest()
		out = append(out, LayerFields{
			Kind: kind, Name: kind.String() + ", quoted", OSI: 3, Joined: l.Joined, Quoted: true,
			Offset: at, Length: length, Fields: r.fields,
		})
		at += length
	}
	var carrier Packet
	quoted(data[at:end], &carrier)
	if start := carrier.carried(); start > 0 {
		for i := 0; int(carrier.Layers[i].Offset) < start; i++ {
			l := carrier.Layers[i]
			add(l.Kind, int(l.Length), describers[l.Kind])
		}
	}
	protocol := uint8(0)
	switch b := data[at:end]; {
	case b[0]>>4 == 4 && len(b) >= ipv4Header && int(b[0]&15)*4 >= ipv4Header && int(b[0]&15)*4 <= len(b):
		if be16(b[6:])&0x1fff == 0 {
			protocol = b[9]
		}
		add(LayerIPv4, int(b[0]&15)*4, ipv4Fields)
	case b[0]>>4 == 6 && len(b) >= ipv6Header:
		protocol = b[6]
		add(LayerIPv6, ipv6Header, ipv6Fields)
	default:
		return out
	}
	if protocol != protoTCP || at >= end {
		return out
	}
	length := end - at
	if length > 12 {
		length = min(length, max(int(data[at+12]>>4)*4, tcpHeader))
	}
	add(LayerTCP, length, tcpFields)
	return out
}

// trailers describes what stands in the frame behind the packet, or inside of
// a tunnel behind the packet that it carries.
func (p *Packet) trailers(out []LayerFields) []LayerFields {
	var ends []int // of the datagrams, innermost first
	at := -1
	if n := p.NumLayers; n > 0 && p.Content == ContentTCP && !p.Layers[n-1].Joined {
		at = int(p.Layers[n-1].Offset+p.Layers[n-1].Length) + len(p.TCP.Payload)
	}
	for i := p.NumLayers - 1; i >= 0; i-- {
		l := p.Layers[i]
		if l.Joined {
			continue
		}
		switch end := p.datagramEnd(l); {
		case l.Kind == LayerARP && i == p.NumLayers-1:
			at = int(l.Offset + l.Length)
		case end < 0:
		case at < 0:
			at = end
		case end > at:
			ends = append(ends, end)
		}
	}
	if at < 0 {
		return out
	}
	for _, end := range append(ends, len(p.Frame.Data)) {
		if end = min(end, len(p.Frame.Data)); end > at {
			out = append(out, p.trailer(at, end))
			at = end
		}
	}
	return out
}

func (p *Packet) trailer(at, end int) LayerFields {
	r := fieldReader{b: p.Frame.Data[at:end], p: p}
	name, meaning := "padding", "fills the frame up to the least that a network carries"
	for _, c := range r.b {
		if c != 0 {
			name, meaning = "trailer", "behind the packet, and no part of it"
			break
		}
	}
	r.raw(name, 0, len(r.b))
	if len(r.b) <= maxRaw {
		r.fields[0].Meaning = meaning
	}
	return LayerFields{Kind: LayerTrailer, Name: name, OSI: 2, Offset: at, Length: len(r.b), Fields: r.fields}
}

// datagramEnd returns where an IP datagram ends in the frame, as its header
// says; -1 where it does not say, and for other headers.
func (p *Packet) datagramEnd(l Layer) int {
	b := p.bytesOf(l)
	switch {
	case l.Kind == LayerIPv4 && be16(b[2:]) != 0:
		return int(l.Offset) + int(be16(b[2:]))
	case l.Kind == LayerIPv6 && be16(b[4:]) != 0:
		return int(l.Offset) + len(b) + int(be16(b[4:]))
	}
	return -1
}
