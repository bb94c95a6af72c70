package render

import (
	"net/netip"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// maxName is how many columns of a program's, a file's or an interface's name
// are shown.
const maxName = 32

// minName is how many columns of a file's name are always shown.
const minName = 16

// Columns of the card.
const (
	cardValue  = 16 // where the value of a line's first layer begins
	cardNarrow = 3  // between two cells of a line
	cardWide   = 2
)

// cell is one layer in the card. protocol, where there is one, is padded.
type cell struct {
	label, protocol, value string
}

// card introduces the first connection: what is constant, layer by layer.
func (t *timeline) card(e *conn.Event) {
	t.note(0, t.title(e), sgrBold)
	c7, c6, c5 := t.upperCells(e)
	c4 := cell{"4 transport", "TCP", "port " + utoa(uint32(e.Client.Port())) + " to port " + utoa(uint32(e.Server.Port()))}
	c3, c2, c1 := t.networkCell(e), t.linkCell(e), t.physicalCell(e)
	lines := [][]cell{{c7, c6, c5}, {c4}, {c3}, {c2, c1}}
	if t.lay.width >= wideOptions {
		lines = [][]cell{{c7, c6, c5}, {c4, c3}, {c2, c1}}
	}
	second := 0
	for _, l := range lines {
		if len(l) > 1 {
			second = max(second, cardValue+textWidth(t.valueText(l[0])))
		}
	}
	if t.lay.width >= wideOptions {
		second += cardWide
	} else {
		second += cardNarrow
	}
	for _, l := range lines {
		t.cardLine(l, second)
	}
	t.filesLine()
}

// title names the connection, where and when it begins.
func (t *timeline) title(e *conn.Event) string {
	s := "connection " + count(uint64(e.Conn))
	at, from := e.Time, ""
	if t.when.base.Known() && !t.began {
		at = t.when.base
	}
	if at.Known() {
		from = ", from " + at.Time().Format("2006-01-02 15:04:05.000000") + " UTC"
	}
	return s + t.place(e, t.lay.width-len(s)-len(from)) + from
}

// place says where a connection was seen, in at most width columns unless they
// are very few; nothing where that was said before.
func (t *timeline) place(e *conn.Event, width int) string {
	where, name := " on ", t.interfaceName(e.Packet)
	if name == "" && e.File >= 0 && e.File < len(t.o.Files) {
		where, name = " in ", t.fileName(e.File)
	}
	if name == t.seenAt {
		return ""
	}
	t.seenAt = name
	return where + cutMiddle(name, max(width-len(where), minName), &t.g)
}

// fileName is the name of a file without the directories that it is in.
func (t *timeline) fileName(i int) string {
	return safeName(baseName(t.o.Files[i]), maxName, &t.g)
}

// baseName is a path without the directories, of any system.
func baseName(path string) string {
	if path == "-" {
		return "standard input"
	}
	if at := strings.LastIndexAny(path, `/\`); at >= 0 && at+1 < len(path) {
		return path[at+1:]
	}
	return path
}

func (t *timeline) interfaceName(p *dissect.Packet) string {
	if t.o.Interface == nil || p == nil || p.Frame == nil {
		return ""
	}
	return safeName(t.o.Interface(p.Frame), maxName, &t.g)
}

func (t *timeline) upperCells(e *conn.Event) (c7, c6, c5 cell) {
	c7 = cell{label: "7 application", value: "nothing yet"}
	c6 = cell{label: "6 presentation"}
	c5 = cell{label: "5 session"}
	if e.Type == conn.TypeSegment && e.Packet != nil && e.Packet.TCP.Len > 0 {
		c7.value = "data from the first row on"
		if e.App != "" {
			c7.value = safeName(t.o.app(e), maxName, &t.g)
		}
	}
	if strings.HasPrefix(e.App, "TLS") {
		c7.value, c6.value = "encrypted", "TLS"
	}
	if t.calls(e) {
		c5.value = "socket calls: rows 5"
	}
	return c7, c6, c5
}

func (t *timeline) networkCell(e *conn.Event) cell {
	c := cell{label: "3 network", protocol: "IPv4"}
	src, dst := e.Client.Addr(), e.Server.Addr()
	if src.Is6() && !src.Is4In6() {
		c.protocol = "IPv6"
	}
	if !src.IsValid() {
		return cell{label: "3 network"}
	}
	c.value = safeText(src.String(), &t.g) + t.addressName(src) + " to " + safeText(dst.String(), &t.g) + t.addressName(dst)
	p := e.Packet
	if e.Type != conn.TypeSegment || p == nil {
		return c
	}
	if p.IP.Version == 6 {
		c.value += ", hop limit " + itoa(int(p.IP.HopLimit))
	} else {
		c.value += ", ttl " + itoa(int(p.IP.HopLimit))
	}
	if s := tunnel(p); s != "" {
		c.value += ", inside " + s
	}
	return c
}

// addressName is the name of an address as it stands behind it, " (name)".
func (t *timeline) addressName(a netip.Addr) string {
	if t.o.AddressName == nil {
		return ""
	}
	name := t.o.AddressName(a)
	if name == "" {
		return ""
	}
	return " (" + safeName(name, maxName, &t.g) + ")"
}

// tunnel names the headers between the outermost network header and the
// innermost, from the inside out.
func tunnel(p *dissect.Packet) string {
	var names []string
	seen := false
	for i := range min(p.NumLayers, len(p.Layers)) {
		k := p.Layers[i].Kind
		if !seen && k.OSI() < 3 || k == dissect.LayerTCP {
			continue
		}
		seen = true
		switch k {
		case dissect.LayerEthernet, dissect.LayerHopByHop, dissect.LayerDestination, dissect.LayerRouting, dissect.LayerFragment:
			continue
		}
		names = append([]string{k.String()}, names...)
	}
	if len(names) < 2 {
		return ""
	}
	return strings.Join(names[1:], " in ")
}

func (t *timeline) linkCell(e *conn.Event) cell {
	c := cell{label: "2 data link"}
	p := e.Packet
	asks := e.Type == conn.TypeNeighbour // who has the address that segments will go to
	if e.Type != conn.TypeSegment && !asks || p == nil || p.NumLayers == 0 {
		return c
	}
	var names []string
	ids := p.AppendIdentifiers(nil)
	for i := range min(p.NumLayers, len(p.Layers)) {
		k := p.Layers[i].Kind
		if k.OSI() != 2 || k == dissect.LayerARP {
			break
		}
		name := k.String()
		if len(ids) > 0 && ids[0].Kind == k {
			name += " " + itoa(int(ids[0].Value))
			ids = ids[1:]
		}
		names = append(names, name)
	}
	c.value = strings.Join(names, ", ")
	mac, ok := destinationMAC(p)
	switch {
	case !ok || asks:
	case mac == [6]byte{}:
		c.value += ", no real addresses"
	default:
		c.value += "  to " + string(appendMAC(nil, mac))
	}
	return c
}

// destinationMAC returns where the outermost Ethernet header sends the frame.
func destinationMAC(p *dissect.Packet) (mac [6]byte, ok bool) {
	if p.Layers[0].Kind != dissect.LayerEthernet || p.Frame == nil {
		return mac, false
	}
	at := int(p.Layers[0].Offset)
	if at < 0 || at+len(mac) > len(p.Frame.Data) {
		return mac, false
	}
	copy(mac[:], p.Frame.Data[at:])
	return mac, true
}

func (t *timeline) physicalCell(e *conn.Event) cell {
	name := t.interfaceName(e.Packet)
	local := e.Client.Addr().IsLoopback()
	switch {
	case local && name != "":
		name += ": this machine only"
	case local:
		name = "this machine only"
	case name == "" && len(t.o.Files) > 0:
		name = "not recorded"
	}
	return cell{label: "1 physical", value: name}
}

// valueText joins protocol and value.
func (t *timeline) valueText(c cell) string {
	if c.protocol == "" {
		if c.value == "" {
			return t.g.none
		}
		return c.value
	}
	return c.protocol + spaces[:t.protocolWidth()-len(c.protocol)] + c.value
}

func (t *timeline) protocolWidth() int {
	if t.lay.width >= wideOptions {
		return 6
	}
	return 7
}

// cardLine draws the cells of one line. The second begins at the column
// second where all find room so, else the cells are packed, and what then finds
// no room gets a line of its own.
func (t *timeline) cardLine(cells []cell, second int) {
	l := &t.row
	if t.placeCells(cells, second) < len(cells) {
		second = 0
	}
	for len(cells) > 0 {
		done := t.placeCells(cells, second)
		if done == 0 { // wider than a line
			l.reset(t.lay.width)
			l.ascii(" " + cells[0].label)
			l.to(cardValue)
			t.wrapped(t.valueText(cells[0]), t.protocolColumn(cells[0]))
			done = 1
		}
		t.emit()
		cells = cells[done:]
	}
}

// placeCells puts cells into the row as far as they find room, and returns how
// many did.
func (t *timeline) placeCells(cells []cell, second int) int {
	l := &t.row
	l.reset(t.lay.width)
	for i, c := range cells {
		v := t.valueText(c)
		if i == 0 {
			if cardValue+textWidth(v) > t.lay.width {
				return 0
			}
			l.ascii(" " + c.label)
			l.to(cardValue)
			l.text(v)
			continue
		}
		at, sep := l.col+cardNarrow, "  "
		if t.lay.width >= wideOptions {
			at = l.col + 4
		} else if c.value == "" {
			sep = " "
		}
		if i == 1 && second > 0 {
			at = second
		}
		if at+len(c.label)+len(sep)+textWidth(v) > t.lay.width {
			return i
		}
		l.to(at)
		l.ascii(c.label + sep)
		l.text(v)
	}
	return len(cells)
}

func (t *timeline) protocolColumn(c cell) int {
	if c.protocol == "" {
		return cardValue
	}
	return cardValue + t.protocolWidth()
}

// wrapped writes text into the row, and where it is too long into further rows
// that begin at col.
func (t *timeline) wrapped(text string, col int) {
	first := t.row.col
	for i, s := range wrapText(text, t.lay.width-max(col, first), 0) {
		if i > 0 {
			t.emit()
			t.row.reset(t.lay.width)
			t.row.to(col)
		}
		t.row.text(s)
	}
}

// heads draws the heads of the columns.
func (t *timeline) heads(e *conn.Event) {
	t.headed = true
	l := &t.row
	l.reset(t.lay.width)
	l.to(t.lay.number - 1)
	l.ascii("#")
	name := t.when.head()
	l.to(t.lay.pair - len(name))
	l.ascii(name)
	if t.lay.layer >= 0 {
		l.to(t.lay.layer)
		l.ascii("L")
	}
	l.to(t.lay.client)
	client, server := t.endNames(e)
	room := t.lay.right() - t.lay.client
	if textWidth(client)+2+textWidth(server) > room {
		client, server = "client", "server"
	}
	l.text(client)
	at := t.lay.server
	if w := textWidth(server); w > t.lay.state {
		at = t.lay.right() - w
	}
	l.to(at)
	l.text(server)
	t.tailHeads()
	t.emit()
}

func (t *timeline) tailHeads() {
	l := &t.row
	if t.lay.sum {
		t.rightAligned("L7+L4+L3+L2=frame", t.lay.width)
	}
	if !t.lay.layers {
		return
	}
	col := t.lay.after
	for _, h := range [...]struct {
		name  string
		width int
	}{{"L7 application", t.lay.l7}, {"L4 transport", widthL4}, {"L3 network", widthL3}} {
		l.to(col)
		l.ascii(h.name[:min(len(h.name), h.width)])
		col += h.width + 2
	}
	t.rightAligned("L2", col+widthL2)
	t.rightAligned("L1 wire", t.lay.width)
}

// endNames gives what stands above the ends' columns: the program, or the
// address where the ends have different ones.
func (t *timeline) endNames(e *conn.Event) (client, server string) {
	name := func(side string, a, other netip.AddrPort) string {
		if p := t.processName(a); p != "" {
			return side + " " + p
		}
		if a.IsValid() && a.Addr() != other.Addr() {
			return side + " " + safeText(a.Addr().String(), &t.g)
		}
		return side
	}
	return name("client", e.Client, e.Server), name("server", e.Server, e.Client)
}

// shortCard introduces a further connection in a line.
func (t *timeline) shortCard(e *conn.Event) {
	t.row.reset(t.lay.width)
	s := "connection " + count(uint64(e.Conn)) + t.place(e, maxName) + ": "
	client, server := e.Client.String(), e.Server.String()
	if p := t.processName(e.Client); p != "" {
		client = p + " " + client
	}
	if p := t.processName(e.Server); p != "" {
		server = p + " " + server
	}
	s += safeText(client, &t.g) + t.addressName(e.Client.Addr()) + " to " + safeText(server, &t.g) + t.addressName(e.Server.Addr())
	t.note(0, tagText(e.Conn, t.lay.tag-1, &t.g)+"  "+s, connColour(e.Conn))
}
