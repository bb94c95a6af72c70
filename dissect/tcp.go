package dissect

// tcpHeader is the shortest TCP header, tcpFlagsEnd what must have been
// captured of it for the segment to be one: up to the window.
const (
	tcpHeader   = 20
	tcpFlagsEnd = 16
)

// tcp parses a TCP header (RFC 9293, section 3.1). Where the capture ends
// inside of it, what was captured is kept.
func (c *cursor) tcp() step {
	if !c.need(tcpFlagsEnd) {
		return stepDone
	}
	b := c.rest()
	header := int(b[12]>>4) * 4
	p := c.p
	if header < tcpHeader {
		return c.fail(ProblemMalformed)
	}
	t := &p.TCP
	t.SrcPort, t.DstPort, t.Seq, t.Ack = be16(b), be16(b[2:]), Seq(be32(b[4:])), Seq(be32(b[8:]))
	t.Flags, t.Window = Flags(be16(b[12:])&0xfff), be16(b[14:])
	t.Offset, t.Header, t.Len = int32(c.off), int32(header), max(0, c.left()-header)
	if len(b) >= tcpHeader {
		t.Checksum, t.Urgent = be16(b[16:]), be16(b[18:])
		t.Options = b[tcpHeader:min(header, len(b))]
	}
	if len(b) < header {
		c.need(header)
	}
	if c.part {
		t.Len, p.Problem = 0, ProblemFragment
	}
	c.take(LayerTCP, min(header, len(b)))
	p.Content = ContentTCP
	t.Payload = c.rest()
	p.Payload = t.Payload
	return stepDone
}
