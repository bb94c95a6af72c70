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
	*t = TCP{
		SrcPort: be16(b), DstPort: be16(b[2:]), Seq: Seq(be32(b[4:])), Ack: Seq(be32(b[8:])),
		Flags: Flags(be16(b[12:]) & 0xfff), Window: be16(b[14:]),
		Offset: int32(c.off), Header: int32(header), Len: max(0, c.left()-header),
	}
	if len(b) >= tcpHeader {
		t.Checksum, t.Urgent = be16(b[16:]), be16(b[18:])
		t.Options = b[tcpHeader:min(header, len(b))]
	}
	if len(b) < header {
		c.need(header)
	}
	c.take(LayerTCP, min(header, len(b)))
	p.Content = ContentTCP
	t.Payload = c.rest()
	p.Payload = t.Payload
	return stepDone
}
