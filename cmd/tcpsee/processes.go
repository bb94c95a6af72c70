package main

import (
	"net/netip"
	"strings"

	"tcpsee/dissect/conn"
)

// processNames names the programs at the ends of the connection whose event is
// being drawn. A nil one knows none.
type processNames struct {
	helper *names
	own    func(local, remote netip.AddrPort) string // of ends that tcpsee drives or traces, "" for others; nil for none
	ends   [2]netip.AddrPort                         // of the event at hand
}

// about says which connection's ends are asked for next.
func (p *processNames) about(e *conn.Event) {
	if p != nil && e.Client.IsValid() && e.Server.IsValid() {
		p.ends = [2]netip.AddrPort{e.Client, e.Server}
	}
}

// name is render.Options.ProcessName.
func (p *processNames) name(a netip.AddrPort) string {
	if p == nil {
		return ""
	}
	var other netip.AddrPort
	switch a {
	case p.ends[conn.Client]:
		other = p.ends[conn.Server]
	case p.ends[conn.Server]:
		other = p.ends[conn.Client]
	default:
		return ""
	}
	return p.at(a, other)
}

// program is conn.Options.Program.
func (p *processNames) program(local, remote netip.AddrPort) string {
	if p == nil {
		return ""
	}
	name, _, _ := strings.Cut(p.at(local, remote), "[")
	return name
}

// at names the program at the first of two ends as "nc[4121]".
func (p *processNames) at(a, other netip.AddrPort) string {
	if p.own != nil {
		if name := p.own(a, other); name != "" {
			return name
		}
	}
	return p.helper.lookup(a, other)
}

// close ends the helper.
func (p *processNames) close() {
	if p != nil {
		p.helper.close()
	}
}

// newProcessNames starts the helper, which comes before anything that takes
// rights away. Without it there are no names, and that is no error.
func (p *pictureFlags) newProcessNames() *processNames {
	if p.noNames {
		return nil
	}
	helper, err := startNames(namesOptions{})
	if err != nil {
		return nil
	}
	return &processNames{helper: helper}
}
