package dissect

import "testing"

func TestIdentifierOf(t *testing.T) {
	tests := []struct {
		name string
		kind LayerKind
		b    []byte
		want uint32
		ok   bool
	}{
		{"VLAN without priority and DEI", LayerVLAN, []byte{0xf0, 7, 8, 0}, 7, true},
		{"VLAN cut off", LayerVLAN, []byte{0}, 0, false},
		{"PPPoE session", LayerPPPoE, []byte{0x11, 0, 0x12, 0x34, 0, 8}, 0x1234, true},
		{"VXLAN", LayerVXLAN, []byte{vxlanHasVNI, 0, 0, 0, 1, 2, 3, 0}, 0x010203, true},
		{"VXLAN whose identifier does not hold", LayerVXLAN, []byte{0, 0, 0, 0, 1, 2, 3, 0}, 0x010203, false},
		{"Geneve", LayerGeneve, []byte{0, 0, 0x65, 0x58, 0, 0, 9, 0}, 9, true},
		{"GRE without key", LayerGRE, []byte{0, 0, 8, 0}, 0, false},
		{"GRE with key", LayerGRE, []byte{0x20, 0, 8, 0, 0, 0, 1, 2}, 0x102, true},
		{"GRE with checksum and key", LayerGRE, []byte{0xa0, 0, 8, 0, 0xab, 0xcd, 0, 0, 0, 0, 1, 3}, 0x103, true},
		{"GRE with checksum, its key cut off", LayerGRE, []byte{0xa0, 0, 8, 0, 0xab, 0xcd, 0, 0}, 0, false},
		{"PPTP's key is the receiver's", LayerGRE, []byte{0x20, 1, 0x88, 0x0b, 0, 0, 1, 2}, 0, false},
		{"MPLS labels are the receiver's", LayerMPLS, []byte{0, 0, 0x11, 0xff}, 0, false},
	}
	for _, tt := range tests {
		if got, ok := identifierOf(tt.kind, tt.b); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
