package capture

import (
	"net"
	"net/netip"
)

// InterfaceInfo is a network interface of this machine.
type InterfaceInfo struct {
	Name     string
	Index    int              // the operating system's number
	Up       bool             // switched on
	Running  bool             // ready to carry frames: a cable, a peer, a network
	Loopback bool             // its frames stay on this machine
	MTU      int              // bytes of network layer in a frame
	Hardware net.HardwareAddr // nil where it has none
	Addrs    []netip.Prefix   // its addresses with the length of their prefix
	Link     LinkType         // of the frames that live capture gives for it
	Kind     string           // "loopback", "Ethernet", "bridge", "wireguard", …; empty where not known
	Master   int              // the number of the bridge, bond or VRF that it is a port of; 0 for none
	Lower    int              // the number of the interface that it lies on (a VLAN's, a macvlan's); 0 for none
}

// portableInterfaces lists interfaces with what every system tells.
func portableInterfaces() ([]InterfaceInfo, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	out := make([]InterfaceInfo, 0, len(list))
	for _, i := range list {
		info := InterfaceInfo{
			Name:     i.Name,
			Index:    i.Index,
			Up:       i.Flags&net.FlagUp != 0,
			Running:  i.Flags&net.FlagRunning != 0,
			Loopback: i.Flags&net.FlagLoopback != 0,
			MTU:      i.MTU,
			Link:     LinkEthernet,
		}
		if len(i.HardwareAddr) > 0 {
			info.Hardware = i.HardwareAddr
		}
		if info.Loopback {
			info.Kind, info.Link = "loopback", LinkNull
		}
		addrs, err := i.Addrs()
		if err != nil {
			addrs = nil // it went away meanwhile
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					ones, _ := n.Mask.Size()
					info.Addrs = append(info.Addrs, netip.PrefixFrom(ip.Unmap(), ones))
				}
			}
		}
		out = append(out, info)
	}
	return out, nil
}
