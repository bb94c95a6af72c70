package render

import (
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// plainRow draws a row that belongs to no segment: text on an arrow. What has
// no room between the ends uses the server's column too, then a shorter text,
// then the client's column.
func (t *timeline) plainRow(e *conn.Event, layer byte, d direction, word, text, shorter string) {
	t.when.stamp(e.Time)
	t.begin(e.Frame, e.Time, layer)
	t.row.to(t.lay.arrow)
	t.fileTag(e)
	t.tag(e.Conn)
	end := t.lay.server - 1
	if textWidth(text) > t.room(end) {
		end = t.lay.right()
	}
	if textWidth(text) > t.room(end) {
		if text = shorter; textWidth(text) <= t.room(t.lay.server-1) {
			end = t.lay.server - 1
		}
	}
	if textWidth(text) > t.room(end) {
		t.begin(e.Frame, e.Time, layer)
		t.fileTag(e)
		t.tag(e.Conn)
	}
	room := t.room(end)
	if textWidth(text) > room {
		text = cutColumns(text, room-textWidth(t.g.ellipsis)) + t.g.ellipsis
	}
	t.content.reset(room)
	t.content.text(text)
	t.arrow(d, sgrViolet, word, end)
	if t.lay.sum && e.Packet != nil {
		t.sum(e.Packet)
	}
	if t.lay.layers && e.Packet != nil {
		if s := sizesOf(e.Packet); s.ok {
			t.rightAligned(itoa(s.l2), t.lay.width-widthL1-2)
			t.rightAligned(itoa(s.frame), t.lay.width)
		}
	}
	t.emit()
	t.dump(e.Packet)
}

func (t *timeline) icmpRow(e *conn.Event) {
	m := &e.ICMP
	what := icmpMeaning(m)
	if what == "" {
		what = "type " + itoa(int(m.Type)) + " code " + itoa(int(m.Code))
	}
	if m.MTU > 0 {
		what += ", mtu " + utoa(m.MTU)
	}
	word := "ICMP"
	if m.Version == 6 {
		word = "ICMPv6"
	}
	d := pointsLeft // an error goes to the one whose segment it quotes
	if m.QuotedTCP && m.QuotedSrc == e.Server && e.Server != e.Client {
		d = pointsRight
	}
	short := word + " " + what
	long := short
	if e.ICMPFrom.IsValid() {
		long += ", from " + safeText(e.ICMPFrom.String(), &t.g)
	}
	t.plainRow(e, '3', d, word, long, short)
}

func (t *timeline) neighbourRow(e *conn.Event) {
	m := &e.Neighbour
	word, layer := "ARP", byte('2')
	if !m.ARP {
		word, layer = "ND", '3'
	}
	if m.Reply {
		where := neighbourPlace(m)
		t.plainRow(e, layer, t.neighbourDirection(e), word, word+"  "+m.Target.String()+" "+where, word+"  it "+where)
		return
	}
	text := word + "  who has " + m.Target.String() + "?"
	t.plainRow(e, layer, t.neighbourDirection(e), word, text+" tell "+m.Sender.String(), text)
}

// neighbourPlace is what an answer says. One to whom the asker's own question
// was sent may leave its link address out (RFC 4861, section 4.4).
func neighbourPlace(m *dissect.Neighbour) string {
	if !m.HasMAC {
		return "is still there"
	}
	return "is at " + string(appendMAC(nil, m.SenderMAC))
}

// neighbourDirection is where a question or an answer goes, seen from the ends
// of the event's connection.
func (t *timeline) neighbourDirection(e *conn.Event) direction {
	who := e.Neighbour.Sender
	switch {
	case who.IsValid() && who == e.Client.Addr():
		return pointsRight
	case who.IsValid() && who == e.Server.Addr():
		return pointsLeft
	case e.Neighbour.Reply:
		return pointsLeft
	}
	return pointsRight
}
