package capture

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Interfaces lists the interfaces of this machine (of this network
// namespace), by number. It asks the kernel by netlink (rtnetlink(7)), which
// works without rights and where /sys is out of reach.
func Interfaces() ([]InterfaceInfo, error) {
	links, err := dumpRoute(unix.RTM_GETLINK)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var out []InterfaceInfo
	for i := range links {
		if info, ok := parseLink(&links[i]); ok {
			out = append(out, info)
		}
	}
	addrs, err := dumpRoute(unix.RTM_GETADDR)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for i := range addrs {
		index, prefix, ok := parseAddr(&addrs[i])
		if !ok {
			continue
		}
		if at := slices.IndexFunc(out, func(o InterfaceInfo) bool { return o.Index == index }); at >= 0 {
			out[at].Addrs = append(out[at].Addrs, prefix)
		}
	}
	slices.SortFunc(out, func(a, b InterfaceInfo) int { return a.Index - b.Index })
	return out, nil
}

// dumpRoute asks the kernel for a whole table.
func dumpRoute(request int) ([]syscall.NetlinkMessage, error) {
	raw, err := syscall.NetlinkRIB(request, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	msgs, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return msgs, nil
}

// parseLink reads struct ifinfomsg (16 bytes: family, pad, type 2, index 4,
// flags 4, change 4) and its attributes.
func parseLink(m *syscall.NetlinkMessage) (InterfaceInfo, bool) {
	if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
		return InterfaceInfo{}, false
	}
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return InterfaceInfo{}, false
	}
	hatype := binary.NativeEndian.Uint16(m.Data[2:])
	flags := binary.NativeEndian.Uint32(m.Data[8:])
	info := InterfaceInfo{
		Index:    int(int32(binary.NativeEndian.Uint32(m.Data[4:]))),
		Up:       flags&unix.IFF_UP != 0,
		Running:  flags&unix.IFF_RUNNING != 0,
		Loopback: flags&unix.IFF_LOOPBACK != 0,
		Link:     linkOf(hatype, unix.ETH_P_IP),
		Kind:     kindOf(hatype),
	}
	elsewhere := false // what it lies on is in another network namespace
	for _, a := range attrs {
		switch a.Attr.Type &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER) {
		case unix.IFLA_MASTER:
			info.Master = interfaceNumber(a.Value)
		case unix.IFLA_LINK:
			info.Lower = interfaceNumber(a.Value)
		case unix.IFLA_LINK_NETNSID:
			elsewhere = true
		case unix.IFLA_IFNAME:
			info.Name = cString(a.Value)
		case unix.IFLA_MTU:
			if len(a.Value) >= 4 {
				info.MTU = int(binary.NativeEndian.Uint32(a.Value))
			}
		case unix.IFLA_ADDRESS:
			if hasHardware(hatype) && len(a.Value) > 0 {
				info.Hardware = net.HardwareAddr(slices.Clone(a.Value))
			}
		case unix.IFLA_LINKINFO:
			if kind := linkInfoKind(a.Value); kind != "" {
				info.Kind = kind
			}
		}
	}
	// Of a veth it is the other end, and a device on its own names itself.
	if elsewhere || info.Kind == "veth" || info.Lower == info.Index {
		info.Lower = 0
	}
	return info, info.Name != ""
}

// interfaceNumber reads an attribute that names an interface.
func interfaceNumber(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(b)))
}

// hasHardware tells link-layer addresses from the IP addresses that tunnels
// carry in their place.
func hasHardware(hatype uint16) bool {
	switch hatype {
	case unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE,
		unix.ARPHRD_IP6GRE, unix.ARPHRD_LOOPBACK, unix.ARPHRD_NONE:
		return false
	}
	return true
}

// linkInfoKind finds IFLA_INFO_KIND ("veth", "bridge") in the nested
// attributes of IFLA_LINKINFO.
func linkInfoKind(b []byte) string {
	for len(b) >= unix.SizeofRtAttr {
		n := int(binary.NativeEndian.Uint16(b))
		if n < unix.SizeofRtAttr || n > len(b) {
			return ""
		}
		if binary.NativeEndian.Uint16(b[2:]) == unix.IFLA_INFO_KIND {
			return cString(b[unix.SizeofRtAttr:n])
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return ""
}

// parseAddr reads struct ifaddrmsg (8 bytes: family, prefix length, flags,
// scope, index 4) and its attributes.
func parseAddr(m *syscall.NetlinkMessage) (index int, p netip.Prefix, ok bool) {
	if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
		return 0, p, false
	}
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return 0, p, false
	}
	var local, address netip.Addr
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(a.Value)
		}
	}
	if !local.IsValid() { // IPv6; on IPv4 point-to-point links ADDRESS is the peer's
		local = address
	}
	p = netip.PrefixFrom(local, int(m.Data[1]))
	return int(binary.NativeEndian.Uint32(m.Data[4:])), p, p.IsValid()
}

// cString cuts b at its first zero byte.
func cString(b []byte) string {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// kindOf names a hardware type (ARPHRD_ of if_arp.h).
func kindOf(hatype uint16) string {
	switch hatype {
	case unix.ARPHRD_ETHER:
		return "Ethernet"
	case unix.ARPHRD_LOOPBACK:
		return "loopback"
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP:
		return "raw IP"
	case unix.ARPHRD_PPP:
		return "PPP"
	case unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_IP6GRE:
		return "tunnel"
	case unix.ARPHRD_INFINIBAND:
		return "InfiniBand"
	case unix.ARPHRD_IEEE80211, unix.ARPHRD_IEEE80211_PRISM, unix.ARPHRD_IEEE80211_RADIOTAP:
		return "Wi-Fi monitor"
	case unix.ARPHRD_CAN:
		return "CAN"
	case unix.ARPHRD_NETLINK:
		return "netlink monitor"
	}
	return ""
}

// linkOf returns how frames begin that a raw packet socket reads from a
// device of that hardware type: what the device's driver puts in front of
// the network layer. Devices that carry bare IP have nothing there; frames
// of theirs that are not IP, and types whose header is not ours to know, get
// a cooked header (LINUX_SLL) from their packet's address.
func linkOf(hatype, proto uint16) LinkType {
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return LinkEthernet
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_PPP, unix.ARPHRD_TUNNEL,
		unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_IP6GRE:
		if proto == unix.ETH_P_IP || proto == unix.ETH_P_IPV6 {
			return LinkRaw
		}
	case unix.ARPHRD_CISCO:
		return LinkCHDLC
	case unix.ARPHRD_IEEE80211:
		return Link80211
	case unix.ARPHRD_IEEE80211_PRISM:
		return LinkPrism
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return LinkRadiotap
	}
	return LinkSLL
}
