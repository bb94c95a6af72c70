package capture

import (
	"net"
	"slices"
	"testing"
)

// What the system says must agree with the standard library.
func TestInterfaces(t *testing.T) {
	list, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	portable, err := portableInterfaces()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(portable) {
		t.Skipf("interfaces come and go: %d, then %d", len(list), len(portable))
	}
	for i, a := range list {
		b := portable[slices.IndexFunc(portable, func(p InterfaceInfo) bool { return p.Index == a.Index })]
		if a.Name != b.Name || a.Up != b.Up || a.Loopback != b.Loopback || a.MTU != b.MTU {
			t.Errorf("%+v\n%+v", a, b)
		}
		if len(a.Addrs) != len(b.Addrs) {
			t.Errorf("%s: addresses %v, %v", a.Name, a.Addrs, b.Addrs)
		}
		for _, p := range a.Addrs {
			if !slices.Contains(b.Addrs, p) {
				t.Errorf("%s: %v is not among %v", a.Name, p, b.Addrs)
			}
		}
		if i > 0 && list[i-1].Index >= a.Index {
			t.Errorf("%s comes after %s", a.Name, list[i-1].Name)
		}
		if a.Loopback && a.Kind != "loopback" {
			t.Errorf("%s is %q", a.Name, a.Kind)
		}
		if want, err := net.InterfaceByName(a.Name); err != nil || want.Index != a.Index {
			t.Errorf("%s has number %d: %v, %v", a.Name, a.Index, want, err)
		}
	}
}
