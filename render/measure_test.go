package render

import (
	"bytes"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/dissect/segtest"
)

const cutScript = `
	> S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
	< S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 1 ecr 1,nop,wscale 7>
	> . ack 1 win 502 <nop,nop,TS val 2 ecr 1>
	> P. 1:72(71) win 502 <nop,nop,TS val 2 ecr 1>
	< P. 1:1001(1000) ack 72 win 502 <nop,nop,TS val 3 ecr 2>`

// What a capture cuts off is on the wire all the same: wherever it ends, the
// layers of a segment are as long as in the whole packet.
func TestSizesOfCutPackets(t *testing.T) {
	scripts := map[string]string{
		"IPv4": cutScript,
		"IPv6": "conn [fd00::1]:40000 [fd00::2]:80" + cutScript,
		"VLAN": "vlan 5 100" + cutScript,
	}
	for name, script := range scripts {
		for _, link := range []capture.LinkType{capture.LinkEthernet, capture.LinkSLL, capture.LinkSLL2, capture.LinkRaw} {
			if name == "VLAN" && link != capture.LinkEthernet {
				continue
			}
			frames, err := segtest.Frames(segtest.Options{Link: link}, script)
			if err != nil {
				t.Fatal(err)
			}
			for i := range frames {
				var d dissect.Decoder
				var p dissect.Packet
				d.Decode(&frames[i], &p)
				whole := sizesOf(&p)
				if !whole.ok || whole.l4 != int(p.TCP.Header) || whole.l7+whole.l4+whole.l3+whole.l2 != frames[i].OrigLen {
					t.Fatalf("%s, link type %v, frame %d: %+v", name, link, i+1, whole)
				}
				cuts := 0
				for n := len(frames[i].Data) - 1; n > 0; n-- {
					f := frames[i]
					f.Data = f.Data[:n]
					d.Decode(&f, &p)
					if p.Content != dissect.ContentTCP {
						break
					}
					cuts++
					if got := sizesOf(&p); got != whole {
						t.Errorf("%s, link type %v, frame %d cut to %d bytes: %+v, want %+v", name, link, i+1, n, got, whole)
					}
				}
				if cuts == 0 {
					t.Errorf("%s, link type %v, frame %d: nothing was cut", name, link, i+1)
				}
			}
		}
	}
}

// A header that says it is longer than its packet is as long as it is.
func TestSizesOfHeaderBeyondItsPacket(t *testing.T) {
	f := segtest.MustFrames(t, "> S 0:0(0)")[0]
	f.Data[14+20+12] = 0xf0
	var d dissect.Decoder
	var p dissect.Packet
	d.Decode(&f, &p)
	if got := sizesOf(&p); p.Content != dissect.ContentTCP || got.l4 != 20 || got.l2 < 14 || !got.ok {
		t.Errorf("%+v", got)
	}
}

// viewed gives what a view shows of a script.
func viewed(t *testing.T, script string, view func(*bytes.Buffer) Renderer) string {
	t.Helper()
	var b bytes.Buffer
	r := view(&b)
	tracker := conn.New(conn.Options{Detail: true})
	var d dissect.Decoder
	var p dissect.Packet
	give := func(e *conn.Event) {
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range segtest.MustFrames(t, script) {
		d.Decode(&f, &p)
		for _, e := range tracker.Add(&p) {
			give(&e)
		}
	}
	for e := range tracker.Left() {
		give(e)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCutPacketsAreToldAsSuch(t *testing.T) {
	script := "snap 64" + cutScript
	views := map[string]struct {
		view      func(*bytes.Buffer) Renderer
		want, not []string
	}{
		"timeline": {func(b *bytes.Buffer) Renderer { return NewTimeline(b, Options{Width: 120, NoPayload: true}) },
			[]string{"0+40+20+14=   74", "71+32+20+14=  137", "1000+32+20+14=1066"}, nil},
		"stack": {func(b *bytes.Buffer) Renderer { return NewStack(b, Options{Width: 100}) },
			[]string{"TCP  40 bytes: 34 to 73, 30 of them captured", "TCP  32 bytes: 34 to 65, 30 of them captured", "1,000 bytes, not captured",
				"the capture cut off the options of its SYN"},
			[]string{"handshake was not seen", "text  1,000"}},
		"graph": {func(b *bytes.Buffer) Renderer { return NewGraph(b, Options{Width: 140}) },
			[]string{"no window: its scale is not known"}, []string{"window ends"}},
	}
	for name, v := range views {
		got := viewed(t, script, v.view)
		for _, w := range v.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %q:\n%s", name, w, got)
			}
		}
		for _, w := range v.not {
			if strings.Contains(got, w) {
				t.Errorf("%s says %q", name, w)
			}
		}
	}
}

// TestLabelCount: what is no noun has no plural.
func TestLabelCount(t *testing.T) {
	for _, tt := range []struct {
		n    uint64
		l    conn.Label
		want string
	}{
		{1, conn.Retransmission, "1 retransmission"}, {1234, conn.Retransmission, "1,234 retransmissions"}, {2, conn.DupAck, "2 dup-acks"},
		{812, conn.Offloaded, "812 offloaded"}, {1, conn.OutOfOrder, "1 out-of-order"}, {2, conn.OutOfOrder, "2 out-of-order"},
	} {
		if got := labelCount(tt.n, tt.l); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
