package main

import (
	"net/netip"
	"os"
	"strings"
)

// Addresses that the internet does not carry: a client out there knows this
// machine, if at all, by another one.
var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598: between a provider and its customers
	testNets    = netip.MustParsePrefix("198.18.0.0/15") // RFC 2544
)

// inside reports whether an address has no meaning outside of its network:
// private (RFC 1918, RFC 4193), shared, link-local, loopback.
func inside(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a) || testNets.Contains(a)
}

// clouds are what the makers of virtual machines for rent call themselves in
// the DMI tables, in lower case, and what people call them.
var clouds = [...]struct{ vendor, name string }{
	{"amazon ec2", "Amazon EC2"}, {"google compute engine", "Google Cloud"},
	{"7783-7084-3265-9085-8269-3286-77", "Microsoft Azure"}, // its asset tag; the vendor is also that of laptops

	{"digitalocean", "DigitalOcean"}, {"hetzner", "Hetzner"}, {"oraclecloud", "Oracle Cloud"}, {"alibaba cloud", "Alibaba Cloud"},
	{"openstack", "OpenStack"}, {"scaleway", "Scaleway"}, {"upcloud", "UpCloud"}, {"vultr", "Vultr"}, {"akamai", "Linode"}, {"linode", "Linode"},
	{"exoscale", "Exoscale"}, {"ovh", "OVHcloud"}, {"tencent", "Tencent Cloud"},
}

// cloudVendor guesses from the DMI tables whose virtual machine this is; empty
// where they say nothing or cannot be read. It must be asked before the file
// system is out of reach.
func cloudVendor() string {
	for _, file := range [...]string{"sys_vendor", "product_name", "chassis_asset_tag", "board_vendor", "bios_vendor"} {
		b, err := os.ReadFile("/sys/class/dmi/id/" + file)
		if err != nil {
			continue
		}
		if name := cloudNamed(string(b)); name != "" {
			return name
		}
	}
	return ""
}

// cloudNamed finds a cloud in what a DMI table says.
func cloudNamed(text string) string {
	text = strings.ToLower(text)
	for _, c := range clouds {
		if strings.Contains(text, c.vendor) {
			return c.name
		}
	}
	return ""
}

// translated is the guess that clients from outside come through address
// translation, with what that does to the pictures; empty where at least one
// address is good everywhere, or all are this machine's alone, or its link's.
func translated(at []netip.AddrPort, cloud string) string {
	private := false
	for _, a := range at {
		if !inside(a.Addr()) {
			return ""
		}
		private = private || !a.Addr().IsLoopback() && !a.Addr().IsLinkLocalUnicast()
	}
	if !private {
		return ""
	}
	where := "these addresses are private"
	if cloud != "" {
		where = "this machine is " + cloud + "'s, with private addresses"
	}
	return "A guess: " + where + ". Clients from outside\n" +
		"need another one (the router's, the cloud's), which is translated on the way:\n" +
		"the pictures of the two sides then differ in addresses and ports."
}
