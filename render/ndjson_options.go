package render

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// timestampsOnly is how the options begin that most segments have: two for
// padding, then timestamps (RFC 7323, appendix A).
const timestampsOnly = dissect.OptionNOP<<24 | dissect.OptionNOP<<16 | dissect.OptionTimestamps<<8 | 10

// appendOptions appends the options as objects. The edges of SACK blocks are
// relative as Ack is; the header's own stand beside them.
func appendOptions(b []byte, e *conn.Event, t *dissect.TCP) []byte {
	first := true
	for o := range t.RawOptions() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"name":"`...)
		b = append(b, optionNameOf(&o)...)
		b = append(b, '"')
		b = appendOption(b, e, t, &o)
		b = append(b, '}')
	}
	return b
}

// optionNameOf is optionName, and that of Fast Open where it is an experiment
// (RFC 7413, section 4.1.1).
func optionNameOf(o *dissect.RawOption) string {
	if o.Kind == dissect.OptionExperiment2 && !o.Bad {
		if x := alone(o); x.Has&dissect.HasFastOpen != 0 {
			return optionName(dissect.OptionFastOpen)
		}
	}
	return optionName(o.Kind)
}

// optionName is the short name of an option in data.
func optionName(kind byte) string {
	switch kind {
	case dissect.OptionEnd:
		return "end"
	case dissect.OptionNOP:
		return "nop"
	case dissect.OptionMSS:
		return "mss"
	case dissect.OptionWindowScale:
		return "window-scale"
	case dissect.OptionSACKPermitted:
		return "sack-permitted"
	case dissect.OptionSACK:
		return "sack"
	case dissect.OptionTimestamps:
		return "timestamps"
	case dissect.OptionMD5:
		return "md5"
	case dissect.OptionUserTimeout:
		return "user-timeout"
	case dissect.OptionAO:
		return "authentication"
	case dissect.OptionMPTCP:
		return "mptcp"
	case dissect.OptionFastOpen:
		return "fast-open"
	}
	return "other"
}

func appendOption(b []byte, e *conn.Event, t *dissect.TCP, o *dissect.RawOption) []byte {
	data := o.Data
	switch {
	case o.Bad && t.OptionsCut():
		b = append(b, `,"cut":true`...)
		data = o.Bytes
	case o.Bad:
		b = append(b, `,"malformed":true`...)
		data = o.Bytes
	case o.Misfit():
		b = append(b, `,"malformed":true`...)
	case o.Kind == dissect.OptionEnd, o.Kind == dissect.OptionNOP, o.Kind == dissect.OptionSACKPermitted && len(data) == 0:
		return b
	case o.Kind == dissect.OptionMSS && len(data) == 2:
		return appendUintValue(b, `,"mss":`, be16(data))
	case o.Kind == dissect.OptionWindowScale && len(data) == 1:
		return appendUintValue(b, `,"shift":`, data[0])
	case o.Kind == dissect.OptionTimestamps && len(data) == 8:
		b = appendUintValue(b, `,"value":`, be32(data))
		return appendUintValue(b, `,"echo":`, be32(data[4:]))
	case o.Kind == dissect.OptionSACK && len(data) > 0 && len(data)%8 == 0:
		base := uint32(t.Ack) - e.Ack
		b = appendBlocks(appendKey(b, "blocks"), data, base)
		return appendBlocks(appendKey(b, "blocks_raw"), data, 0)
	default:
		b = appendOptionWords(b, o)
	}
	b = appendUintValue(b, `,"kind":`, o.Kind)
	b = append(b, `,"data":"`...)
	b = hex.AppendEncode(b, data)
	return append(b, '"')
}

// appendOptionWords appends what the data of an option say of which all bytes are
// shown as well.
func appendOptionWords(b []byte, o *dissect.RawOption) []byte {
	x := alone(o)
	switch {
	case x.Has&dissect.HasFastOpen != 0:
		b = hex.AppendEncode(append(appendKey(b, "cookie"), '"'), x.FastOpen)
		return append(b, '"')
	case x.Has&dissect.HasMPTCP != 0:
		return appendStringKey(b, "subtype", dissect.MPTCPName(o.Data[0]>>4))
	case x.Has&dissect.HasUserTimeout != 0:
		return appendUintValue(b, `,"seconds":`, uint32(x.UserTimeout/time.Second))
	}
	return b
}

// alone reads one option as if the segment had no other.
func alone(o *dissect.RawOption) (x dissect.Options) {
	t := dissect.TCP{Options: o.Bytes}
	t.ParseOptions(&x)
	return x
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

func appendBlocks(b, data []byte, base uint32) []byte {
	b = append(b, '[')
	for i := 0; i+8 <= len(data); i += 8 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = strconv.AppendUint(b, uint64(be32(data[i:])-base), 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(be32(data[i+4:])-base), 10)
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendLayers appends the names of the headers, outermost first, and which
// frames were put together, and what comments the file has on the packet.
func appendLayers(b []byte, p *dissect.Packet) []byte {
	if p.NumLayers == 3 && p.Layers[0].Kind == dissect.LayerEthernet && p.Layers[2].Kind == dissect.LayerTCP && len(p.Fragments) == 0 {
		switch p.Layers[1].Kind {
		case dissect.LayerIPv4:
			return appendComments(append(b, `,"layers":["ethernet","ipv4","tcp"]`...), p)
		case dissect.LayerIPv6:
			return appendComments(append(b, `,"layers":["ethernet","ipv6","tcp"]`...), p)
		}
	}
	b = append(b, `,"layers":[`...)
	for i := range min(p.NumLayers, len(p.Layers)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, layerName(p.Layers[i].Kind)...)
		b = append(b, '"')
	}
	b = append(b, ']')
	if len(p.Fragments) > 0 {
		b = appendFrames(appendKey(b, "fragments"), p.Fragments)
	}
	return appendComments(b, p)
}

// appendIdentifiers appends which VLANs and virtual networks the packet is in,
// outermost first.
func appendIdentifiers(b []byte, p *dissect.Packet) []byte {
	var room [dissect.MaxLayers]dissect.Identifier
	ids := p.AppendIdentifiers(room[:0])
	if len(ids) == 0 {
		return b
	}
	b = append(b, `,"networks":[`...)
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"layer":"`...)
		b = append(b, layerName(id.Kind)...)
		b = appendUintValue(b, `","id":`, id.Value)
		b = append(b, '}')
	}
	return append(b, ']')
}

// layerName is the short name of a header in data, lower case.
func layerName(k dissect.LayerKind) string {
	switch k {
	case dissect.LayerEthernet:
		return "ethernet"
	case dissect.LayerIPv4:
		return "ipv4"
	case dissect.LayerIPv6:
		return "ipv6"
	case dissect.LayerTCP:
		return "tcp"
	case dissect.LayerSLL:
		return "sll"
	case dissect.LayerSLL2:
		return "sll2"
	case dissect.LayerNull:
		return "null"
	case dissect.LayerRaw:
		return "raw"
	case dissect.LayerCHDLC:
		return "chdlc"
	case dissect.LayerMPLSControl:
		return "mpls-control"
	case dissect.LayerHopByHop:
		return "hop-by-hop"
	case dissect.LayerDestination:
		return "destination-options"
	}
	return strings.ReplaceAll(strings.ToLower(k.String()), " ", "-")
}
