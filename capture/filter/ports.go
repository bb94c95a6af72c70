package filter

import "slices"

// maxPorts is how many ports Ports returns.
const maxPorts = 16

// Ports returns the ports that the expression names, each once, in their order:
// 80 of "tcp port 80 or host 10.0.0.1 and dst port http". Ranges, and what is
// negated, are none of them.
func (e *Expr) Ports() []uint16 {
	if e == nil {
		return nil
	}
	return portsOf(nil, e.root)
}

func portsOf(list []uint16, n node) []uint16 {
	switch n := n.(type) {
	case *logic:
		return portsOf(portsOf(list, n.l), n.r)
	case *ident:
		port := n.lo // of a name
		if n.tok.kind == tokNum {
			port = n.tok.num
		}
		if n.addr == addrPort && len(list) < maxPorts && !slices.Contains(list, uint16(port)) {
			list = append(list, uint16(port))
		}
	}
	return list
}
