package render

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tcpsee/dissect"
)

// counterpart is the field of ours that says what a field of Wireshark's says.
type counterpart struct {
	ours     string // its name; a * at the end stands for any
	kinds    []dissect.LayerKind
	same     func(*pdmlField, *ourField) bool // of the values; nil compares numbers
	bit      int                              // where Wireshark's place says less: the first bit from there
	bits     int                              // and how many
	computed bool                             // it stands in no byte
	loose    string                           // why what is computed may now and then differ
	share    int                              // one in so many then; 0 is looseShare
	unlike   func(frame int64, f *pdmlField, ours []ourField) string
}

// differs says why the values may differ here.
func (r *counterpart) differs(frame int64, f *pdmlField, ours []ourField) (string, bool) {
	if r.unlike == nil {
		return "", false
	}
	why := r.unlike(frame, f, ours)
	return why, why != ""
}

// comparedProtocols are the parts of Wireshark's tree that are compared.
var comparedProtocols = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields("frame eth vlan sll null ppp pppoes llc chdlc fddi mpls ip ipv6 ipv6.hopopts ipv6.dstopts " +
		"ipv6.routing ipv6.fraghdr tcp mptcp icmp arp udp gre vxlan geneve gtp") {
		m[n] = true
	}
	return m
}()

// absentFields are fields of Wireshark's that tcpsee does not have, and why.
var absentFields = map[string]string{
	"frame.offset_shift":                "tcpsee shifts no times",
	"frame.time_delta_displayed":        "is frame.time_delta: tcpsee hides no frames while it counts",
	"frame.marked":                      "marks are a matter of Wireshark's window",
	"frame.ignored":                     "the same",
	"mptcp.analysis":                    "which connections make up an MPTCP connection is not followed",
	"mptcp.analysis.subflows":           "the same",
	"mptcp.master":                      "the same",
	"mptcp.stream":                      "the same",
	"mptcp.expected_token":              "the same: computed from keys that other subflows need",
	"mptcp.expected_idsn":               "the same",
	"tcp.segment_data":                  "is tcp.payload again: its bytes are those of layer 7",
	"tcp.checksum_calculated":           "shown by Wireshark where the checksum is bad; ours says bad",
	"ip.checksum_calculated":            "the same",
	"icmp.ident_le":                     "the same bytes read in the other order",
	"icmp.seq_le":                       "the same",
	"frame.section_number":              "interfaces are numbered through all sections of a file",
	"frame.p2p_dir":                     "is the direction again",
	"frame.packet_flags":                "sums up what is below it",
	"frame.packet_flags_*":              "what link layers say of errors, which next to no capturing system fills in",
	"frame.cb_pen":                      "a block of some other program's own",
	"frame.cb_copy":                     "the same",
	"data":                              "bytes that belong to no protocol of these",
	"data.*":                            "the same",
	"geneve.option.gcp.*":               "the option's class, type and bytes are there: what one maker puts into it",
	"gre.checksum.status":               "a checksum over what a tunnel carries is not verified",
	"icmp.resp_to":                      "which echo answers which is not followed",
	"icmp.resptime":                     "the same",
	"ip.fragment.error":                 "overlapping fragments are settled, not described",
	"ip.fragment.overlap*":              "the same",
	"ip.reassembled.data":               "is drawn: the datagram that was put together has its own dump of bytes",
	"ipv6.reassembled.data":             "the same",
	"tcp text: Non-zero header padding": "a remark of Wireshark's; the padding's bytes are there",
	"tcp text: Short segment*":          "the same; the bytes are there, and named",
	"tcp text: Unknown*":                "an option that makes no sense: its bytes are there, and called malformed",
	"tcp text: Window scale (*":         "the same",
	"tcp.pdu.size":                      "layer 7's",
	"tcp.reset_cause":                   "the data of an RST, which layer 7 shows",
	"udp text: Timestamps":              "tcpsee follows connections of TCP",
	"udp.stream":                        "the same", "udp.time_*": "the same",
	"vxlan.flags_reserved":            "sums up bits that are far apart; each is in a field of ours called reserved",
	"ip.cur_rt":                       "is the destination address of the header again",
	"tcp.options.mptcp.flags":         "sums up bits that have fields of their own, as far as they belong together",
	"tcp.options.mptcp.reserved.flag": "the same",
	"mptcp.dss.dsn":                   "which connections make up an MPTCP connection is not followed",
	"mptcp.rm_addr.count":             "counts the fields below it",
	"ip.opt.qs_func":                  "the option's name and its bytes are there: RFC 4782 was never used",
	"ip.opt.qs_rate":                  "the same", "ip.opt.qs_ttl": "the same", "ip.opt.qs_ttl_diff": "the same", "ip.opt.qs_nonce": "the same",
	"ip.opt.id_number": "the option's name and its bytes are there: RFC 6814 made it historic",
	"ip.opt.ohc":       "the same", "ip.opt.rhc": "the same", "ip.opt.originator": "the same",
	"ip.opt.sec_rfc791_sec": "the same", "ip.opt.sec_rfc791_comp": "the same", "ip.opt.sec_rfc791_hr": "the same", "ip.opt.sec_rfc791_tcc": "the same",
	"tcp.options.scps.vector":  "the option's name and its bytes are there: for space links, CCSDS 714.0",
	"tcp.options.scps.binding": "the same", "tcp.options.scpsflags.bets": "the same", "tcp.options.scpsflags.compress": "the same",
	"tcp.options.scpsflags.nlts": "the same", "tcp.options.scpsflags.reserved": "the same", "tcp.options.scpsflags.snack1": "the same",
	"tcp.options.scpsflags.snack2": "the same",
}

// capturedTwice is why some rows are not compared in captures that have packets
// twice, and may now and then differ in others.
const capturedTwice = "packets that were captured twice, and gaps, are told apart (see labels), and so is who opens at the same time; what was sent in other portions is looked for by its first byte"

// The layers of rows.
var (
	inFrame     = []dissect.LayerKind{dissect.LayerFrame}
	inEther     = []dissect.LayerKind{dissect.LayerEthernet}
	inMAC       = []dissect.LayerKind{dissect.LayerEthernet, dissect.LayerSLL, dissect.LayerSLL2, dissect.LayerARP}
	inIP4       = []dissect.LayerKind{dissect.LayerIPv4}
	inIP6       = []dissect.LayerKind{dissect.LayerIPv6}
	inSLL       = []dissect.LayerKind{dissect.LayerSLL, dissect.LayerSLL2}
	inARP       = []dissect.LayerKind{dissect.LayerARP}
	inICMP      = []dissect.LayerKind{dissect.LayerICMPv4, dissect.LayerICMPv6}
	inVLAN      = []dissect.LayerKind{dissect.LayerVLAN}
	inNull      = []dissect.LayerKind{dissect.LayerNull}
	inPPP       = []dissect.LayerKind{dissect.LayerPPP}
	inPPPoE     = []dissect.LayerKind{dissect.LayerPPPoE}
	inLLC       = []dissect.LayerKind{dissect.LayerLLC, dissect.LayerSNAP}
	inCHDLC     = []dissect.LayerKind{dissect.LayerCHDLC}
	inFDDI      = []dissect.LayerKind{dissect.LayerFDDI}
	inMPLS      = []dissect.LayerKind{dissect.LayerMPLS}
	inExtension = []dissect.LayerKind{dissect.LayerHopByHop, dissect.LayerDestination, dissect.LayerRouting, dissect.LayerFragment}
	inGRE       = []dissect.LayerKind{dissect.LayerGRE}
	inVXLAN     = []dissect.LayerKind{dissect.LayerVXLAN}
	inGeneve    = []dissect.LayerKind{dissect.LayerGeneve}
	inGTP       = []dissect.LayerKind{dissect.LayerGTPU}
	inUDP       = []dissect.LayerKind{dissect.LayerUDP}
	inTCP       = []dissect.LayerKind{dissect.LayerTCP}
)

func row(kinds []dissect.LayerKind, ours string, same func(*pdmlField, *ourField) bool) []counterpart {
	return []counterpart{{ours: ours, kinds: kinds, same: same}}
}

func computed(kinds []dissect.LayerKind, ours string, same func(*pdmlField, *ourField) bool) []counterpart {
	return []counterpart{{ours: ours, kinds: kinds, same: same, computed: true}}
}

// sideBySide is Wireshark's tree and ours.
var sideBySide = map[string][]counterpart{
	"frame.encap_type":     computed(inFrame, "encapsulation", there),
	"frame.time":           {{ours: "arrival time", kinds: inFrame, same: sameMoment, computed: true, loose: "times beyond the year 2262 are clamped"}},
	"frame.time_epoch":     {{ours: "since the epoch", kinds: inFrame, same: sameText, computed: true, loose: "times beyond the year 2262 are clamped"}},
	"frame.time_delta":     {{ours: "since the frame before", kinds: inFrame, same: sameSeconds, computed: true, loose: "times beyond the year 2262 are clamped"}},
	"frame.time_relative":  {{ours: "since the capture began", kinds: inFrame, same: sameSeconds, computed: true, loose: "times beyond the year 2262 are clamped; frames without a time are not counted"}},
	"frame.number":         computed(inFrame, "frame number", nil),
	"frame.len":            computed(inFrame, "length on the wire", nil),
	"frame.cap_len":        computed(inFrame, "captured length", nil),
	"frame.protocols":      computed(inFrame, "protocols", there),
	"frame.interface_id":   {{ours: "interface", kinds: inFrame, computed: true, loose: "Wireshark counts them anew in each section"}},
	"frame.interface_name": computed(inFrame, "interface", there),

	"eth":                 row(inEther, "(header)", there),
	"eth.dst":             row(inEther, "destination address", sameText),
	"eth.src":             row(inEther, "source address", sameText),
	"eth.dst.lg":          row(inEther, "local bit", nil),
	"eth.dst.ig":          row(inEther, "group bit", nil),
	"eth.src.lg":          row(inEther, "local bit", nil),
	"eth.src.ig":          row(inEther, "group bit", nil),
	"eth.type":            row(inEther, "EtherType", nil),
	"eth.len":             row(inEther, "length", nil),
	"eth.invalid_lentype": {{ours: "length", kinds: inEther}, {ours: "EtherType", kinds: inEther}},
	"eth.padding":         {{ours: "padding", same: there}, {ours: "trailer", same: there}},
	"eth.trailer":         {{ours: "padding", same: there}, {ours: "trailer", same: there}},

	"ip":                 row(inIP4, "(header)", there),
	"ip.version":         row(nil, "version", nil),
	"ip.hdr_len":         row(inIP4, "header length", fourTimes),
	"ip.dsfield":         row(inIP4, "DS field", nil),
	"ip.dsfield.dscp":    row(inIP4, "differentiated services", nil),
	"ip.dsfield.ecn":     row(inIP4, "ECN", nil),
	"ip.len":             row(inIP4, "total length", nil),
	"ip.id":              row(inIP4, "identification", nil),
	"ip.flags":           row(inIP4, "flags", nil),
	"ip.flags.rb":        row(inIP4, "reserved", nil),
	"ip.flags.df":        row(inIP4, "don't fragment", nil),
	"ip.flags.mf":        row(inIP4, "more fragments", nil),
	"ip.frag_offset":     row(inIP4, "fragment offset", offsetInEights),
	"ip.ttl":             row(inIP4, "time to live", nil),
	"ip.proto":           row(inIP4, "protocol", nil),
	"ip.checksum":        row(inIP4, "header checksum", nil),
	"ip.checksum.status": computed(inIP4, "header checksum", checksumStatus),
	"ip.src":             row(inIP4, "source address", sameAddress),
	"ip.dst":             {{ours: "destination address", kinds: inIP4, same: sameAddress}, {ours: "next address", kinds: inIP4, same: sameAddress}},

	"ipv6":             {{loose: "a packet of no version that there is", ours: "(header)", kinds: inIP6, same: there, bits: 320}},
	"ipv6.version":     {{ours: "version", kinds: inIP6, loose: "a packet of no version that there is"}},
	"ipv6.tclass":      row(inIP6, "traffic class", nil),
	"ipv6.tclass.dscp": row(inIP6, "differentiated services", nil),
	"ipv6.tclass.ecn":  row(inIP6, "ECN", nil),
	"ipv6.flow":        row(inIP6, "flow label", nil),
	"ipv6.plen":        row(inIP6, "payload length", nil),
	"ipv6.nxt":         row(inIP6, "next header", nil),
	"ipv6.hlim":        row(inIP6, "hop limit", nil),
	"ipv6.src":         row(inIP6, "source address", sameAddress),
	"ipv6.dst":         row(inIP6, "destination address", sameAddress),

	"tcp":                              row(inTCP, "(header)", there),
	"tcp.srcport":                      row(inTCP, "source port", nil),
	"tcp.dstport":                      row(inTCP, "destination port", nil),
	"tcp.stream":                       computed(inTCP, "connection", oneMore),
	"tcp.completeness":                 {{ours: "completeness", kinds: inTCP, same: fewerBits, computed: true, loose: "data in a SYN count with a Fast Open cookie only"}},
	"tcp.len":                          computed(inTCP, "segment length", nil),
	"tcp.seq":                          {{ours: "relative sequence number", kinds: inTCP, same: nil, computed: true, loose: "a segment whose numbers fit to nothing"}},
	"tcp.seq_raw":                      row(inTCP, "sequence number", nil),
	"tcp.nxtseq":                       computed(inTCP, "next sequence number", nil),
	"tcp.ack":                          {{ours: "relative acknowledgment", kinds: inTCP, computed: true}, {ours: "acknowledgment number", kinds: inTCP, same: notUsed}},
	"tcp.ack_raw":                      row(inTCP, "acknowledgment number", nil),
	"tcp.hdr_len":                      row(inTCP, "data offset", fourTimes),
	"tcp.flags":                        {{ours: "flags", kinds: inTCP, bit: 4, bits: 12}},
	"tcp.flags.str":                    {{ours: "flags", kinds: inTCP, bit: 4, bits: 12, same: there}},
	"tcp.flags.res":                    {{ours: "reserved", kinds: inTCP, bit: 4, bits: 3, same: notZero}},
	"tcp.flags.ae":                     {{ours: "AE", kinds: inTCP, bit: 7, bits: 1}},
	"tcp.flags.cwr":                    {{ours: "CWR", kinds: inTCP, bit: 0, bits: 1}},
	"tcp.flags.ece":                    {{ours: "ECE", kinds: inTCP, bit: 1, bits: 1}},
	"tcp.flags.urg":                    {{ours: "URG", kinds: inTCP, bit: 2, bits: 1}},
	"tcp.flags.ack":                    {{ours: "ACK", kinds: inTCP, bit: 3, bits: 1}},
	"tcp.flags.push":                   {{ours: "PSH", kinds: inTCP, bit: 4, bits: 1}},
	"tcp.flags.reset":                  {{ours: "RST", kinds: inTCP, bit: 5, bits: 1}},
	"tcp.flags.syn":                    {{ours: "SYN", kinds: inTCP, bit: 6, bits: 1}},
	"tcp.flags.fin":                    {{ours: "FIN", kinds: inTCP, bit: 7, bits: 1}},
	"tcp.window_size_value":            row(inTCP, "window", nil),
	"tcp.window_size":                  computed(inTCP, "calculated window", nil),
	"tcp.window_size_scalefactor":      computed(inTCP, "window scaling factor", scaleFactor),
	"tcp.checksum":                     row(inTCP, "checksum", nil),
	"tcp.checksum.status":              {{ours: "checksum", kinds: inTCP, same: checksumStatus, computed: true, loose: "a PPPoE header that gives a wrong length cuts off what Wireshark sums up"}},
	"tcp.urgent_pointer":               row(inTCP, "urgent pointer", nil),
	"tcp text: Timestamps":             computed(inTCP, "times", there),
	"tcp.time_relative":                {{ours: "since connection began", kinds: inTCP, same: sameSeconds, computed: true, loose: "times beyond the year 2262 are clamped"}},
	"tcp.time_delta":                   {{ours: "since its segment before", kinds: inTCP, same: sameSeconds, computed: true, loose: "Wireshark counts an ICMP error that quotes a segment as one more; times beyond the year 2262 are clamped"}},
	"tcp.analysis":                     computed(inTCP, "analysis", there),
	"tcp.analysis.flags":               computed(inTCP, "labels", there),
	"tcp.analysis.initial_rtt":         {{ours: "initial round trip", kinds: inTCP, same: sameSeconds, computed: true, loose: "of a handshake that was completed; of the first copies of packets that were captured twice"}},
	"tcp.analysis.bytes_in_flight":     {{ours: "bytes in flight", kinds: inTCP, same: nil, computed: true, loose: capturedTwice}},
	"tcp.analysis.push_bytes_sent":     {{ours: "bytes since PSH", kinds: inTCP, same: nil, computed: true, loose: capturedTwice}},
	"tcp.analysis.acks_frame":          {{ours: "acknowledges frame", kinds: inTCP, same: nil, computed: true, loose: capturedTwice}},
	"tcp.analysis.ack_rtt":             {{ours: "round trip of this ACK", kinds: inTCP, same: sameSeconds, computed: true, loose: capturedTwice}},
	"tcp.analysis.rto":                 {{ours: "sent again after", kinds: inTCP, same: sameSeconds, computed: true, loose: "Wireshark takes the eldest segment that begins not before this one, tcpsee the one that had its first byte", share: 2}},
	"tcp.analysis.rto_frame":           {{ours: "sent before in frame", kinds: inTCP, same: nil, computed: true, loose: "Wireshark takes the eldest segment that begins not before this one, tcpsee the one that had its first byte", share: 2}},
	"tcp.analysis.duplicate_ack_num":   {{ours: "duplicate ACK", kinds: inTCP, same: nil, computed: true, loose: capturedTwice}},
	"tcp.analysis.duplicate_ack_frame": {{ours: "repeats the ACK of frame", kinds: inTCP, same: nil, computed: true, loose: capturedTwice}},
	"eth.addr":                         {{ours: "destination address", kinds: inMAC, same: sameText}, {ours: "source address", kinds: inMAC, same: sameText}},
	"eth.lg":                           row(inMAC, "local bit", nil),
	"eth.ig":                           row(inMAC, "group bit", nil),

	"sll":         row(inSLL, "(header)", there),
	"sll.etype":   row(inSLL, "protocol", nil),
	"sll.halen":   row(inSLL, "address length", nil),
	"sll.hatype":  row(inSLL, "hardware type", nil),
	"sll.ifindex": row(inSLL, "interface index", nil),
	"sll.pkttype": row(inSLL, "packet type", nil),
	"sll.src.eth": row(inSLL, "address", sameText),
	"sll.unused":  {{ours: "unused", kinds: inSLL, same: there}, {ours: "reserved", kinds: inSLL, same: there}},

	"arp":                row(inARP, "(header)", there),
	"arp.hw.type":        row(inARP, "hardware type", nil),
	"arp.proto.type":     row(inARP, "protocol type", nil),
	"arp.hw.size":        row(inARP, "hardware address length", nil),
	"arp.proto.size":     row(inARP, "protocol address length", nil),
	"arp.opcode":         row(inARP, "operation", nil),
	"arp.src.hw_mac":     row(inARP, "sender hardware address", sameText),
	"arp.src.proto_ipv4": row(inARP, "sender protocol address", sameAddress),
	"arp.dst.hw_mac":     row(inARP, "target hardware address", sameText),
	"arp.dst.proto_ipv4": row(inARP, "target protocol address", sameAddress),

	"icmp":                 {{ours: "(header)", kinds: inICMP, same: there, bits: 64}},
	"icmp.type":            row(inICMP, "type", nil),
	"icmp.code":            row(inICMP, "code", nil),
	"icmp.checksum":        row(inICMP, "checksum", nil),
	"icmp.checksum.status": computed(inICMP, "checksum", checksumStatus),
	"icmp.ident":           row(inICMP, "identifier", nil),
	"icmp.seq":             row(inICMP, "sequence number", nil),
	"icmp.unused":          {{ours: "unused", kinds: inICMP, same: there, bits: 16}, {ours: "unused", kinds: inICMP, same: there}, {ours: "rest of header", kinds: inICMP, same: there}},

	"ip text: Options":        {{ours: "*", kinds: inIP4, same: there, bits: 8}},
	"ip.opt.type":             row(inIP4, "type", nil),
	"ip.opt.type.copy":        row(inIP4, "copied", nil),
	"ip.opt.type.class":       row(inIP4, "class", nil),
	"ip.opt.type.number":      row(inIP4, "number", nil),
	"ip.opt.len":              row(inIP4, "length", nil),
	"ip.opt.ptr":              row(inIP4, "pointer", nil),
	"ip.opt.overflow":         row(inIP4, "overflow", nil),
	"ip.opt.flag":             row(inIP4, "flag", nil),
	"ip.opt.time_stamp":       row(inIP4, "time", nil),
	"ip.opt.time_stamp_addr":  row(inIP4, "address", sameAddress),
	"ip.opt.ra":               row(inIP4, "value", nil),
	"ip.opt.sid":              row(inIP4, "stream identifier", nil),
	"ip.rec_rt":               {{ours: "address", kinds: inIP4, same: sameAddress}, {ours: "next address", kinds: inIP4, same: sameAddress}},
	"ip.src_rt":               {{ours: "address", kinds: inIP4, same: sameAddress}, {ours: "next address", kinds: inIP4, same: sameAddress}},
	"ip.empty_rt":             {{ours: "address", kinds: inIP4, same: sameAddress}, {ours: "next address", kinds: inIP4, same: sameAddress}},
	"ip.options.eol":          row(inIP4, "end of option list", there),
	"ip.options.nop":          row(inIP4, "no operation", there),
	"ip.options.qs":           row(inIP4, "quick start", there),
	"ip.options.record_route": row(inIP4, "record route", there),
	"ip.options.route":        row(inIP4, "loose source route", there),
	"ip.options.routeralert":  row(inIP4, "router alert", there),
	"ip.options.security":     row(inIP4, "security", there),
	"ip.options.sid":          row(inIP4, "stream identifier", there),
	"ip.options.source_route": row(inIP4, "strict source route", there),
	"ip.options.timestamp":    row(inIP4, "timestamp", there),
	"ip.options.traceroute":   row(inIP4, "traceroute", there),

	"tcp.payload":                     computed(inTCP, "segment length", sameSize),
	"tcp.options":                     {{ours: "*", kinds: inTCP, same: startsThere, computed: true}},
	"tcp.option_kind":                 {{ours: "kind", kinds: inTCP, unlike: behindTheEnd}, {ours: "no-operation", kinds: inTCP}, {ours: "end of option list", kinds: inTCP}},
	"tcp.option_len":                  row(inTCP, "length", nil),
	"tcp.options.eol":                 {{ours: "end of option list", kinds: inTCP, same: there, unlike: behindTheEnd}},
	"tcp.options.nop":                 row(inTCP, "no-operation", there),
	"tcp.options.mss":                 row(inTCP, "maximum segment size", there),
	"tcp.options.mss_val":             row(inTCP, "largest segment", nil),
	"tcp.options.wscale":              row(inTCP, "window scale", there),
	"tcp.options.wscale.shift":        row(inTCP, "shift count", nil),
	"tcp.options.wscale.multiplier":   row(inTCP, "shift count", inMeaning("multiply by ")),
	"tcp.options.sack_perm":           row(inTCP, "SACK permitted", there),
	"tcp.options.sack":                row(inTCP, "SACK", there),
	"tcp.options.sack.count":          computed(inTCP, "SACK", blockCount),
	"tcp.options.sack_le":             {{ours: "left edge *", kinds: inTCP, same: there}},
	"tcp.options.sack_re":             {{ours: "right edge *", kinds: inTCP, same: there}},
	"tcp.options.sack.dsack_le":       {{ours: "left edge 1", kinds: inTCP, same: there}},
	"tcp.options.sack.dsack_re":       {{ours: "right edge 1", kinds: inTCP, same: there}},
	"tcp text: D-SACK Sequence":       computed(inTCP, "SACK", sayDSACK),
	"tcp.options.echo":                {{ours: "echo", kinds: inTCP, same: there}, {ours: "echo reply", kinds: inTCP, same: there}},
	"tcp.options.echo_value":          row(inTCP, "echo data", nil),
	"tcp.options.echo_reply":          row(inTCP, "echo reply", there),
	"tcp.options.timestamp":           {{ours: "timestamps*", kinds: inTCP, same: there}},
	"tcp.options.timestamp.tsval":     {{ours: "timestamp value", kinds: inTCP}, {ours: "data", kinds: inTCP, same: there}},
	"tcp.options.timestamp.tsecr":     row(inTCP, "timestamp echo reply", nil),
	"tcp.options.cc":                  {{ours: "CC*", kinds: inTCP, same: there}},
	"tcp.options.cc_value":            row(inTCP, "connection count", nil),
	"tcp.options.md5":                 row(inTCP, "MD5 signature", there),
	"tcp.options.md5.digest":          row(inTCP, "digest", sameBytes),
	"tcp.options.qs":                  row(inTCP, "quick-start response", there),
	"tcp.options.qs.rate":             row(inTCP, "rate request", nil),
	"tcp.options.qs.ttl_diff":         row(inTCP, "TTL difference", nil),
	"tcp.options.user_to":             row(inTCP, "user timeout", there),
	"tcp.options.user_to_granularity": row(inTCP, "granularity", nil),
	"tcp.options.user_to_val":         row(inTCP, "user timeout", nil),
	"tcp.options.ao":                  row(inTCP, "TCP authentication (TCP-AO)", there),
	"tcp.options.ao.keyid":            row(inTCP, "key identifier", nil),
	"tcp.options.ao.rnextkeyid":       row(inTCP, "next key identifier", nil),
	"tcp.options.ao.mac":              row(inTCP, "authentication code", sameBytes),
	"tcp.options.tfo":                 {{ours: "TCP Fast Open cookie*", kinds: inTCP, same: there}},
	"tcp.options.tfo.cookie":          row(inTCP, "cookie", sameBytes),
	"tcp.options.tfo.request":         {{ours: "TCP Fast Open cookie", kinds: inTCP, same: inMeaning("request for a cookie")}, {ours: "experiment 2*", kinds: inTCP, same: there, bit: -16, bits: 32}},
	"tcp.options.experimental":        {{ours: "experiment *", kinds: inTCP, same: there}},
	"tcp.options.experimental.exid":   {{ours: "experiment identifier", kinds: inTCP}, {ours: "experiment identifier", kinds: inTCP, bits: 32, same: there}},
	"tcp.options.experimental.data":   {{ours: "*", kinds: inTCP, same: there}, {ours: "*", kinds: inTCP, same: there, bits: 16}, {ours: "experiment identifier", kinds: inTCP, same: there, bit: -16, bits: 32}},
	"tcp.options.acc_ecn":             {{ours: "accurate ECN order *", kinds: inTCP, same: there}, {ours: "experiment *", kinds: inTCP, same: there}},
	"tcp.options.acc_ecn.ee0b":        row(inTCP, "bytes with ECT(0)", nil),
	"tcp.options.acc_ecn.ee1b":        row(inTCP, "bytes with ECT(1)", nil),
	"tcp.options.acc_ecn.eceb":        row(inTCP, "bytes with CE", nil),
	"tcp.options.scps":                row(inTCP, "SCPS capabilities", there),
	"tcp.options.unknown":             {{ours: "*", kinds: inTCP, same: there}},
	"tcp.options.unknown.payload":     row(inTCP, "data", sameBytes),

	"mptcp":                                 {{ours: "MPTCP *", kinds: inTCP, same: there}},
	"tcp.options.mptcp.subtype":             row(inTCP, "subtype", nil),
	"tcp.options.mptcp.version":             row(inTCP, "version", nil),
	"tcp.options.mptcp.checksumreq.flags":   row(inTCP, "A", nil),
	"tcp.options.mptcp.extensibility.flag":  row(inTCP, "B", nil),
	"tcp.options.mptcp.nomoresubflows.flag": row(inTCP, "C", nil),
	"tcp.options.mptcp.sha1.flag":           row(inTCP, "H", nil),
	"tcp.options.mptcp.sha256.flag":         row(inTCP, "H", nil),
	"tcp.options.mptcp.sendkey":             row(inTCP, "sender's key", sameBytes),
	"tcp.options.mptcp.recvkey":             row(inTCP, "receiver's key", sameBytes),
	"tcp.options.mptcp.datalvllen":          row(inTCP, "data level length", nil),
	"tcp.options.mptcp.checksum":            row(inTCP, "data checksum", sameBytes),
	"tcp.options.mptcp.backup.flag":         row(inTCP, "backup", nil),
	"tcp.options.mptcp.addrid":              {{ours: "address identifier", kinds: inTCP}, {ours: "address identifier *", kinds: inTCP}},
	"tcp.options.mptcp.recvtok":             row(inTCP, "receiver's token", sameBytes),
	"tcp.options.mptcp.sendrand":            row(inTCP, "sender's random number", sameBytes),
	"tcp.options.mptcp.sendtrunchmac":       {{ours: "sender's truncated HMAC", kinds: inTCP, same: sameBytes}},
	"tcp.options.mptcp.addaddrtrunchmac":    row(inTCP, "truncated HMAC", sameBytes),
	"tcp.options.mptcp.sendhmac":            row(inTCP, "sender's HMAC", sameBytes),
	"tcp.options.mptcp.datafin.flag":        row(inTCP, "F", nil),
	"tcp.options.mptcp.dseqn8.flag":         row(inTCP, "m", nil),
	"tcp.options.mptcp.dseqnpresent.flag":   row(inTCP, "M", nil),
	"tcp.options.mptcp.dataack8.flag":       row(inTCP, "a", nil),
	"tcp.options.mptcp.dataackpresent.flag": row(inTCP, "A", nil),
	"tcp.options.mptcp.rawdataack":          row(inTCP, "data ACK", nil),
	"tcp.options.mptcp.rawdataseqno":        row(inTCP, "data sequence number", nil),
	"tcp.options.mptcp.subflowseqno":        row(inTCP, "subflow sequence number", nil),
	"tcp.options.mptcp.ipver":               row(inTCP, "IP version", nil),
	"tcp.options.mptcp.ipv4":                row(inTCP, "address", sameAddress),
	"tcp.options.mptcp.ipv6":                row(inTCP, "address", sameAddress),
	"tcp.options.mptcp.port":                row(inTCP, "port", nil),
	"tcp.options.mptcp.echo":                row(inTCP, "echo", nil),
	"tcp.options.mptcp.reserved":            row(inTCP, "reserved", nil),
	"tcp.options.mptcp.flag_U.flag":         {{ours: "U", kinds: inTCP, bit: 4, bits: 1}},
	"tcp.options.mptcp.flag_V.flag":         {{ours: "V", kinds: inTCP, bit: 5, bits: 1}},
	"tcp.options.mptcp.flag_W.flag":         {{ours: "W", kinds: inTCP, bit: 6, bits: 1}},
	"tcp.options.mptcp.flag_T.flag":         {{ours: "T", kinds: inTCP, bit: 7, bits: 1}},
	"tcp.options.mptcp.rst_reason":          row(inTCP, "reason", nil),

	"vlan":          row(inVLAN, "(header)", there),
	"vlan.priority": row(inVLAN, "priority code point", nil),
	"vlan.dei":      row(inVLAN, "drop eligible indicator", nil),
	"vlan.id":       row(inVLAN, "VLAN identifier", nil),
	"vlan.etype":    row(inVLAN, "EtherType", nil),
	"vlan.len":      row(inVLAN, "length", nil),

	"null":                 row(inNull, "(header)", there),
	"null.family":          row(inNull, "protocol family", nil),
	"ppp":                  row(inPPP, "(header)", there),
	"ppp.address":          row(inPPP, "address", nil),
	"ppp.control":          row(inPPP, "control", nil),
	"ppp.protocol":         row(inPPP, "protocol", nil),
	"pppoes":               row(inPPPoE, "(header)", there),
	"pppoe.version":        row(inPPPoE, "version", nil),
	"pppoe.type":           row(inPPPoE, "type", nil),
	"pppoe.code":           row(inPPPoE, "code", nil),
	"pppoe.session_id":     row(inPPPoE, "session identifier", nil),
	"pppoe.payload_length": row(inPPPoE, "length", nil),
	"llc":                  {{ours: "(header)", kinds: inLLC, same: there}, {ours: "(header)", kinds: inLLC, same: there, bits: 24}},
	"llc.dsap":             row(inLLC, "destination service access point", nil),
	"llc.ssap":             row(inLLC, "source service access point", nil),
	"llc.control":          row(inLLC, "control", nil),
	"llc.oui":              row(inLLC, "organizationally unique identifier", nil),
	"llc.type":             row(inLLC, "protocol identifier", nil),
	"chdlc":                row(inCHDLC, "(header)", there),
	"chdlc.address":        row(inCHDLC, "address", nil),
	"chdlc.control":        row(inCHDLC, "control", nil),
	"chdlc.protocol":       row(inCHDLC, "protocol", nil),
	"fddi":                 row(inFDDI, "(header)", there),
	"fddi.fc":              row(inFDDI, "frame control", nil),
	"fddi.dst":             {{ours: "destination address", kinds: inFDDI, same: sameText}, {ours: "destination address", kinds: inFDDI, same: there}},
	"fddi.src":             {{ours: "source address", kinds: inFDDI, same: sameText}, {ours: "source address", kinds: inFDDI, same: there}},
	"mpls":                 row(inMPLS, "(header)", there),
	"mpls.label":           row(inMPLS, "label", nil),
	"mpls.exp":             row(inMPLS, "traffic class", nil),
	"mpls.bottom":          row(inMPLS, "bottom of stack", nil),
	"mpls.ttl":             row(inMPLS, "time to live", nil),

	"ipv6.hopopts":                {{ours: "(header)", kinds: inExtension, same: there}},
	"ipv6.dstopts":                {{ours: "(header)", kinds: inExtension, same: there}},
	"ipv6.routing":                {{ours: "(header)", kinds: inExtension, same: there}},
	"ipv6.fraghdr":                {{ours: "(header)", kinds: inExtension, same: there}},
	"ipv6.hopopts.nxt":            row(inExtension, "next header", nil),
	"ipv6.dstopts.nxt":            row(inExtension, "next header", nil),
	"ipv6.routing.nxt":            row(inExtension, "next header", nil),
	"ipv6.fraghdr.nxt":            row(inExtension, "next header", nil),
	"ipv6.hopopts.len":            row(inExtension, "header extension length", nil),
	"ipv6.dstopts.len":            row(inExtension, "header extension length", nil),
	"ipv6.routing.len":            row(inExtension, "header extension length", nil),
	"ipv6.hopopts.len_oct":        row(inExtension, "header extension length", inMeaning("byte")),
	"ipv6.dstopts.len_oct":        row(inExtension, "header extension length", inMeaning("byte")),
	"ipv6.routing.len_oct":        row(inExtension, "header extension length", inMeaning("byte")),
	"ipv6.opt":                    {{ours: "*", kinds: inExtension, same: there}},
	"ipv6.opt.type":               row(inExtension, "type", nil),
	"ipv6.opt.type.action":        row(inExtension, "action", nil),
	"ipv6.opt.type.change":        row(inExtension, "may change", nil),
	"ipv6.opt.type.rest":          row(inExtension, "rest of type", nil),
	"ipv6.opt.length":             row(inExtension, "length", nil),
	"ipv6.opt.router_alert":       row(inExtension, "value", nil),
	"ipv6.opt.padn":               {{ours: "filling", kinds: inExtension, same: there}, {ours: "PadN", kinds: inExtension, same: there, bit: -16, bits: 16}},
	"ipv6.routing.type":           row(inExtension, "routing type", nil),
	"ipv6.routing.segleft":        row(inExtension, "segments left", nil),
	"ipv6.routing.srh.last_entry": row(inExtension, "last entry", nil),
	"ipv6.routing.srh.flags":      row(inExtension, "flags", nil),
	"ipv6.routing.srh.tag":        row(inExtension, "tag", sameBytes),
	"ipv6.routing.srh.addr":       {{ours: "segment *", kinds: inExtension, same: sameAddress}},
	"ipv6.routing.src.addr":       {{ours: "address *", kinds: inExtension, same: sameAddress}},
	"ipv6.routing.src.reserved":   row(inExtension, "reserved", sameBytes),
	"ipv6.fraghdr.reserved_octet": row(inExtension, "reserved", nil),
	"ipv6.fraghdr.offset":         row(inExtension, "fragment offset", offsetInEights),
	"ipv6.fraghdr.reserved_bits":  row(inExtension, "reserved", nil),
	"ipv6.fraghdr.more":           row(inExtension, "more fragments", nil),
	"ipv6.fraghdr.ident":          row(inExtension, "identification", nil),
	"ipv6.src_slaac_mac":          computed(inIP6, "link address in the source", sameText),
	"ipv6.dst_slaac_mac":          computed(inIP6, "link address in the destination", sameText),
	"ip.fragments":                computed(inFrame, "put together from", there),
	"ipv6.fragments":              computed(inFrame, "put together from", there),
	"ip.fragment":                 computed(inFrame, "put together from", amongFrames),
	"ipv6.fragment":               computed(inFrame, "put together from", amongFrames),
	"ip.fragment.count":           computed(inFrame, "fragments", nil),
	"ipv6.fragment.count":         computed(inFrame, "fragments", nil),
	"ip.reassembled.length":       computed(inFrame, "length put together", nil),
	"ipv6.reassembled.length":     computed(inFrame, "length put together", nil),

	"gre":                           row(inGRE, "(header)", there),
	"gre.flags_and_version":         row(inGRE, "flags and version", nil),
	"gre.flags.checksum":            row(inGRE, "checksum present", nil),
	"gre.flags.routing":             row(inGRE, "routing present", nil),
	"gre.flags.key":                 row(inGRE, "key present", nil),
	"gre.flags.sequence_number":     row(inGRE, "sequence number present", nil),
	"gre.flags.strict_source_route": row(inGRE, "strict source route", nil),
	"gre.flags.recursion_control":   row(inGRE, "recursion control", nil),
	"gre.flags.ack":                 row(inGRE, "acknowledgment present", nil),
	"gre.flags.reserved":            row(inGRE, "reserved", nil),
	"gre.flags.version":             row(inGRE, "version", nil),
	"gre.proto":                     row(inGRE, "protocol type", nil),
	"gre.key.payload_length":        row(inGRE, "payload length", nil),
	"gre.key.call_id":               row(inGRE, "call identifier", nil),
	"gre.sequence_number":           row(inGRE, "sequence number", nil),
	"gre.ack_number":                row(inGRE, "acknowledgment number", nil),
	"gre.checksum":                  row(inGRE, "checksum", nil),
	"gre.offset":                    row(inGRE, "offset", nil),
	"gre.key":                       row(inGRE, "key", nil),

	"vxlan":           row(inVXLAN, "(header)", there),
	"vxlan.flags":     row(inVXLAN, "flags", nil),
	"vxlan.flag_g":    row(inVXLAN, "group policy present", nil),
	"vxlan.flag_i":    row(inVXLAN, "VNI present", nil),
	"vxlan.flag_d":    row(inVXLAN, "don't learn", nil),
	"vxlan.flag_a":    row(inVXLAN, "policy applied", nil),
	"vxlan.gbp":       row(inVXLAN, "group policy", nil),
	"vxlan.vni":       row(inVXLAN, "VXLAN network identifier", nil),
	"vxlan.reserved8": row(inVXLAN, "reserved", nil),

	"geneve":                       row(inGeneve, "(header)", there),
	"geneve.version":               {{ours: "version", kinds: inGeneve, bits: 2}},
	"geneve.option.length":         {{ours: "options length", kinds: inGeneve, same: fourTimes, bit: 2, bits: 6}, {ours: "length", kinds: inGeneve, bit: 3, bits: 5, same: fewerBytes}, {ours: "length", kinds: inGeneve, same: fewerBytes}},
	"geneve.flags":                 row(inGeneve, "flags", nil),
	"geneve.flags.oam":             row(inGeneve, "control packet", nil),
	"geneve.flags.critical":        row(inGeneve, "critical options", nil),
	"geneve.flags.reserved":        row(inGeneve, "reserved", nil),
	"geneve.proto_type":            row(inGeneve, "protocol type", nil),
	"geneve.vni":                   row(inGeneve, "virtual network identifier", nil),
	"geneve.reserved":              row(inGeneve, "reserved", nil),
	"geneve.options":               {{ours: "*", kinds: inGeneve, same: there, bits: 16}},
	"geneve.option":                {{ours: "option *", kinds: inGeneve, same: there}},
	"geneve.option.class":          row(inGeneve, "class", nil),
	"geneve.option.type":           row(inGeneve, "type", nil),
	"geneve.option.type.critical":  row(inGeneve, "critical", nil),
	"geneve.option.flags":          row(inGeneve, "reserved", nil),
	"geneve.option.flags.reserved": row(inGeneve, "reserved", nil),
	"geneve.option.unknown.data":   row(inGeneve, "data", sameBytes),

	"gtp":                row(inGTP, "(header)", there),
	"gtp.flags":          row(inGTP, "flags", nil),
	"gtp.flags.version":  row(inGTP, "version", nil),
	"gtp.flags.payload":  row(inGTP, "protocol type", nil),
	"gtp.flags.reserved": row(inGTP, "reserved", nil),
	"gtp.flags.e":        row(inGTP, "extension header", nil),
	"gtp.flags.s":        row(inGTP, "sequence number", nil),
	"gtp.flags.pn":       row(inGTP, "N-PDU number", nil),
	"gtp.message":        row(inGTP, "message type", nil),
	"gtp.length":         row(inGTP, "length", nil),
	"gtp.teid":           row(inGTP, "tunnel endpoint identifier", nil),

	"udp":                          row(inUDP, "(header)", there),
	"udp.srcport":                  row(inUDP, "source port", nil),
	"udp.dstport":                  row(inUDP, "destination port", nil),
	"udp.length":                   row(inUDP, "length", nil),
	"udp.checksum":                 row(inUDP, "checksum", nil),
	"udp.checksum.status":          computed(inUDP, "checksum", there),
	"udp.payload":                  {{ours: "(header)", kinds: inUDP, same: there, bit: -64, bits: 64}},
	"llc.dsap.sap":                 row(inLLC, "address", nil),
	"llc.dsap.ig":                  row(inLLC, "group", nil),
	"llc.ssap.sap":                 row(inLLC, "address", nil),
	"llc.ssap.cr":                  row(inLLC, "response", nil),
	"llc.control.ftype":            row(inLLC, "frame type", nil),
	"llc.control.u_modifier_cmd":   {{ours: "modifier", kinds: inLLC, same: there, bits: 3}},
	"fddi.fc.clf":                  row(inFDDI, "class, length, format", nil),
	"fddi.fc.prio":                 row(inFDDI, "priority", nil),
	"frame.packet_flags_direction": computed(inFrame, "direction", there),
	"tcp.analysis.duplicate_ack":   {{ours: "labels", kinds: inTCP, same: saysDupAck, computed: true, loose: capturedTwice}},
}

// fewerBits: in one pass Wireshark says what was seen before the segment.
func fewerBits(f *pdmlField, o *ourField) bool {
	a, _ := numberOf(f.Show)
	b, ok := numberOf(o.Value)
	return ok && a&^b == 0
}

func notUsed(f *pdmlField, o *ourField) bool { return strings.HasPrefix(o.Meaning, "not used") }

func sayDSACK(_ *pdmlField, o *ourField) bool { return strings.Contains(o.Meaning, "D-SACK") }

func blockCount(f *pdmlField, o *ourField) bool { return strings.HasPrefix(o.Meaning, f.Show+" block") }

// sameSize: of what was not captured whole Wireshark shows less.
func sameSize(f *pdmlField, o *ourField) bool {
	n, err := strconv.Atoi(o.Value)
	return err == nil && n >= f.Size
}

func saysDupAck(_ *pdmlField, o *ourField) bool { return strings.Contains(o.Value, "dup-ack") }

// notZero: three bits that Wireshark shows as one.
func notZero(f *pdmlField, o *ourField) bool { return (o.Value == "0") == (f.Show == "0") }

// fewerBytes: Wireshark adds the four of the option's own header.
func fewerBytes(f *pdmlField, o *ourField) bool {
	a, _ := numberOf(f.Show)
	b, ok := numberOf(o.Value)
	return ok && a == 4*b+4
}

func startsThere(f *pdmlField, o *ourField) bool { return o.bit == f.Pos*8 && o.bits > 0 }

func inMeaning(text string) func(*pdmlField, *ourField) bool {
	return func(f *pdmlField, o *ourField) bool {
		return strings.Contains(o.Meaning, text) && (!strings.HasSuffix(text, " ") || strings.HasSuffix(o.Meaning, f.Show))
	}
}

// behindTheEnd: Wireshark goes on to read options behind the end of their list,
// where RFC 9293, section 3.1, has padding.
func behindTheEnd(_ int64, f *pdmlField, ours []ourField) string {
	for i := range ours {
		if o := &ours[i]; o.Name == "padding" && o.kind == dissect.LayerTCP && f.Pos*8 >= o.bit && f.Pos*8 < o.bit+o.bits {
			return "behind the end of the options there is padding"
		}
	}
	return ""
}

// amongFrames: "Frame: 1, payload: 0-255 (256 bytes)".
func amongFrames(f *pdmlField, o *ourField) bool {
	for _, n := range strings.Split(o.Value, ", ") {
		if n == f.Show {
			return true
		}
	}
	return false
}

func valueOf(name string, ours []ourField) string {
	for i := range ours {
		if ours[i].Name == name {
			return ours[i].Value
		}
	}
	return ""
}

func sameMoment(f *pdmlField, o *ourField) bool {
	// "Nov 21, 2026 01:43:19.209133000 UTC" and "2026-11-21 01:43:19.209133000"
	w := strings.Fields(f.Show)
	return len(w) >= 4 && strings.HasSuffix(o.Value, " "+w[3]) && strings.HasPrefix(o.Value, w[2]+"-")
}

func fourTimes(f *pdmlField, o *ourField) bool {
	a, _ := numberOf(f.Show)
	b, ok := numberOf(o.Value)
	return ok && a == 4*b
}

// offsetInEights: some versions show the field, others the bytes.
func offsetInEights(f *pdmlField, o *ourField) bool {
	a, _ := numberOf(f.Show)
	b, ok := numberOf(o.Value)
	return ok && (a == b || a == 8*b)
}

func oneMore(f *pdmlField, o *ourField) bool {
	a, _ := numberOf(f.Show)
	b, ok := numberOf(o.Value)
	return ok && a+1 == b
}

func scaleFactor(f *pdmlField, o *ourField) bool {
	switch f.Show {
	case "-1":
		return o.Value == "?"
	case "-2":
		return o.Value == "1"
	}
	return f.Show == o.Value
}

// checksumStatus: 0 is bad, 1 good, the rest unverified. What was left to the
// network card, or cut off, tcpsee does not call bad.
func checksumStatus(f *pdmlField, o *ourField) bool {
	switch f.Show {
	case "1":
		return o.Meaning == "good"
	case "0":
		return o.Meaning == "bad" || strings.HasPrefix(o.Meaning, "unverified: ")
	}
	return o.Meaning == "" || strings.HasPrefix(o.Meaning, "unverified")
}

// everyOption writes a capture with each kind of TCP and IP option that this
// package knows, a segment each, and gives its name.
func everyOption(t *testing.T) string {
	t.Helper()
	var b []byte
	b = binary.LittleEndian.AppendUint32(b, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 65535)
	b = binary.LittleEndian.AppendUint32(b, 1) // Ethernet
	at := uint32(1)
	for i, o := range tcpOptions {
		for len(o)%4 != 0 {
			o = append(o[:len(o):len(o)], 1) // NOP
		}
		flags := byte(0x10)
		if i%3 == 0 {
			flags = 2
		}
		tcp := []byte{0x9c, byte(i), 0, 80, 0, 0, 1, 0, 0, 0, 2, 0, byte(5+len(o)/4) << 4, flags, 1, 0, 0, 0, 0, 0}
		tcp = append(tcp, o...)
		ip := []byte{0x45, 0, 0, 0, 0, byte(i), 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
		if i < len(ipOptions) {
			ip = append(ip, ipOptions[i]...)
			ip[0] = 0x40 | byte(len(ip)/4)
		}
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(tcp)))
		frame := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, append(ip, tcp...)...)
		b = binary.LittleEndian.AppendUint32(b, at)
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = append(b, frame...)
		at++
	}
	name := filepath.Join(t.TempDir(), "options"+strconv.Itoa(len(tcpOptions))+".pcap")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// tcpOptions are lists of options, each by its standard.
var tcpOptions = [][]byte{
	{2, 4, 5, 0xb4, 4, 2, 3, 3, 7, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, // MSS, SACK permitted, scale, timestamps
	{5, 10, 0, 0, 3, 0, 0, 0, 4, 0},                               // SACK
	{5, 18, 0, 0, 1, 0, 0, 0, 1, 100, 0, 0, 3, 0, 0, 0, 4, 0},     // D-SACK before the ACK number
	{6, 6, 1, 2, 3, 4}, {7, 6, 1, 2, 3, 4}, // echo
	{11, 6, 0, 0, 0, 1}, {12, 6, 0, 0, 0, 2}, {13, 6, 0, 0, 0, 3}, // CC
	append([]byte{19, 18}, make([]byte, 16)...), // MD5
	{27, 8, 4, 9, 0x12, 0x34, 0x56, 0x78},       // quick start
	{28, 4, 0x80, 5}, {28, 4, 0, 30},            // user timeout
	append([]byte{29, 16, 1, 2}, make([]byte, 12)...), // AO
	{34, 2}, {34, 10, 1, 2, 3, 4, 5, 6, 7, 8}, // Fast Open
	{172, 11, 0, 0, 1, 0, 0, 2, 0, 0, 3}, {174, 8, 0, 0, 1, 0, 0, 2}, {172, 2}, // AccECN
	{254, 4, 0xf9, 0x89}, {254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8}, // early Fast Open
	{253, 6, 0x0e, 0xd0, 0, 7}, {253, 8, 0x0e, 0xd0, 0, 7, 0, 9}, // EDO
	{254, 6, 0xe2, 0xd4, 0xc3, 0xd9}, {253, 6, 0x12, 0x34, 1, 2}, // SMC, unknown
	{30, 12, 0x00, 0x81, 1, 2, 3, 4, 5, 6, 7, 8},                      // MP_CAPABLE, version 0, SYN
	{30, 4, 0x01, 0x01}, {30, 12, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8}, // version 1
	{30, 20, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8},                   // both keys
	{30, 22, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9},             // and data
	{30, 12, 0x11, 3, 1, 2, 3, 4, 5, 6, 7, 8},                                              // MP_JOIN, SYN
	{30, 16, 0x10, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},                               // SYN-ACK
	append([]byte{30, 24, 0x10, 0}, make([]byte, 20)...),                                   // ACK
	{30, 8, 0x20, 0x01, 0, 0, 0, 9},                                                        // DSS, ACK
	{30, 12, 0x20, 0x03, 0, 0, 0, 0, 0, 0, 0, 9},                                           // ACK of 8 bytes
	{30, 20, 0x20, 0x05, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 1, 0, 5, 0xab, 0xcd},             // both, with checksum
	{30, 26, 0x20, 0x1d, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, // FIN, long number
	{30, 8, 0x34, 2, 10, 0, 0, 3}, {30, 10, 0x34, 2, 10, 0, 0, 3, 0, 80},                   // ADD_ADDR, version 0
	{30, 16, 0x30, 2, 10, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8},                                                 // version 1, HMAC
	{30, 18, 0x30, 2, 10, 0, 0, 3, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8},                                          // and port
	{30, 8, 0x31, 2, 10, 0, 0, 3},                                                                          // echo
	{30, 30, 0x30, 2, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8}, // IPv6
	{30, 4, 0x40, 2}, {30, 6, 0x40, 2, 3, 4}, // REMOVE_ADDR
	{30, 3, 0x51}, {30, 4, 0x51, 2}, // MP_PRIO
	{30, 12, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 9}, // MP_FAIL
	{30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8}, // MP_FASTCLOSE
	{30, 4, 0x81, 3},                                                       // MP_TCPRST
	{30, 4, 0xf0, 1},                                                       // experimental
	{200, 4, 1, 2}, {69, 4, 1, 2}, {20, 4, 1, 2}, {14, 3, 1}, {0, 0, 0, 0}, // others, and the end
}

// ipOptions are put into the first packets.
var ipOptions = [][]byte{
	{7, 11, 8, 10, 0, 0, 9, 0, 0, 0, 0, 1},                   // record route
	{68, 12, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0},                   // timestamps
	{68, 12, 13, 1, 10, 0, 0, 9, 0, 0, 0, 1},                 // with addresses
	{131, 7, 4, 10, 0, 0, 9, 0}, {137, 7, 4, 10, 0, 0, 9, 0}, // source routes
	{148, 4, 0, 0}, {136, 4, 0, 7}, // router alert, stream
	{130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, // security
	{25, 8, 0x17, 3, 0, 0, 0, 4}, {82, 12, 0, 1, 0, 2, 0, 3, 10, 0, 0, 1},
	{1, 1, 1, 0},
}
