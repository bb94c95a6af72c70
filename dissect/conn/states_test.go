package conn

import (
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// rowsOf runs a script through a tracker and returns a line a segment: who
// sent what, both ends' states after it, its labels.
func rowsOf(t *testing.T, o segtest.Options, script string) []string {
	t.Helper()
	frames, err := segtest.Frames(o, script)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	tracker := New(Options{})
	var d dissect.Decoder
	var p dissect.Packet
	for i := range frames {
		d.Decode(&frames[i], &p)
		for _, e := range tracker.Add(&p) {
			if e.Type != TypeSegment {
				continue
			}
			row := []string{e.From.String(), e.Kind.String(), e.States[Client].String(), e.States[Server].String()}
			if e.Handshake {
				row = append(row, "handshake")
			}
			e.Labels.Each(func(l Label) { row = append(row, l.String()) })
			rows = append(rows, strings.Join(row, " "))
		}
	}
	return rows
}

// lines splits a text into its lines, without indentation and empty ones.
func lines(text string) []string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

const opening = `
	> S 0:0(0) <mss 1460>
	< S. 0:0(0) ack 1 <mss 1460>
	> . ack 1
`

const openingRows = `
	client SYN SYN-SENT ?
	server SYN-ACK ESTABLISHED SYN-RECEIVED
	client ACK ESTABLISHED ESTABLISHED handshake
`

func TestStates(t *testing.T) {
	tests := []struct {
		name, script, want string
		at                 string // where it was captured
	}{
		{"closed by the client with three segments", opening + `
			> F. 1:1(0) ack 1
			< F. 1:1(0) ack 2
			> . ack 2`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT CLOSED`, ""},
		{"closed by the server with four", opening + `
			< F. 1:1(0) ack 1
			> . ack 2
			> F. 1:1(0) ack 2
			< . ack 2`, openingRows + `
			server FIN CLOSE-WAIT FIN-WAIT-1
			client ACK CLOSE-WAIT FIN-WAIT-2
			client FIN LAST-ACK TIME-WAIT time-wait
			server ACK CLOSED TIME-WAIT`, ""},
		{"both close at once", opening + `
			> F. 1:1(0) ack 1
			< F. 1:1(0) ack 1
			> . ack 2
			< . ack 2`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			server FIN CLOSING CLOSING
			client ACK CLOSING TIME-WAIT time-wait
			server ACK TIME-WAIT TIME-WAIT time-wait`, ""},
		{"half-close", opening + `
			> F. 1:1(0) ack 1
			< . ack 2
			< P. 1:11(10) ack 2
			> . ack 11
			< P. 11:21(10) ack 2
			> . ack 21
			< F. 21:21(0) ack 2
			> . ack 22`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			server ACK FIN-WAIT-2 CLOSE-WAIT
			server DATA FIN-WAIT-2 CLOSE-WAIT half-close
			client ACK FIN-WAIT-2 CLOSE-WAIT
			server DATA FIN-WAIT-2 CLOSE-WAIT
			client ACK FIN-WAIT-2 CLOSE-WAIT
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT CLOSED`, ""},
		{"a FIN sent again", opening + `
			> F. 1:1(0) ack 1
			+.3 > F. 1:1(0) ack 1
			< . ack 2`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			client FIN FIN-WAIT-1 CLOSE-WAIT retransmission
			server ACK FIN-WAIT-2 CLOSE-WAIT`, ""},
		{"refused", `
			> S 0:0(0)
			< R. 0:0(0) ack 1`, `
			client SYN SYN-SENT ?
			server RST CLOSED CLOSED refused`, ""},
		{"an RST that does not answer the SYN", `
			> S 0:0(0)
			< R. 0:0(0) ack 77
			< S. 0:0(0) ack 1`, `
			client SYN SYN-SENT ?
			server RST SYN-SENT CLOSED ack-lost-segment
			server SYN-ACK ESTABLISHED SYN-RECEIVED port-reuse`, ""},
		{"reset", opening + `
			> R. 1:1(0) ack 1`, openingRows + `
			client RST CLOSED CLOSED`, ""},
		{"an RST outside of the window", opening + `
			> P. 1:101(100) ack 1
			< . ack 101
			> R 90000:90000(0)
			< . ack 101`, openingRows + `
			client DATA ESTABLISHED ESTABLISHED
			server ACK ESTABLISHED ESTABLISHED
			client RST CLOSED ESTABLISHED
			server ACK CLOSED ESTABLISHED dup-ack challenge-ack`, ""},
		{"both open at once", `
			> S 0:0(0)
			< S 0:0(0)
			> S. 0:0(0) ack 1
			< S. 0:0(0) ack 1
			> . ack 1`, `
			client SYN SYN-SENT ?
			server SYN SYN-RECEIVED SYN-SENT simultaneous-open
			client SYN-ACK SYN-RECEIVED ESTABLISHED simultaneous-open
			server SYN-ACK ESTABLISHED ESTABLISHED simultaneous-open
			client ACK ESTABLISHED ESTABLISHED dup-ack`, ""},
		{"both open at once, and send at once", `
			> S 0:9(9)
			< S 0:5(5)
			> S. 0:0(0) ack 6`, `
			client SYN SYN-SENT ?
			server SYN SYN-RECEIVED SYN-SENT simultaneous-open
			client SYN-ACK SYN-RECEIVED ESTABLISHED tfo-ack simultaneous-open`, ""},
		{"an RST of an older connection", `
			0 < R 500:500(0)
			50 > S #77777:#77777(0)
			< S. #9000:#9000(0) ack #77778
			> . #77778 ack #9001`, `
			server RST CLOSED CLOSED
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED port-reuse
			client ACK ESTABLISHED ESTABLISHED handshake`, ""},
		{"an RST with a wrong number in the handshake", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			> R 500:500(0)
			> . 1:1(0) ack 1
			< R 500:500(0)
			< . 1:1(0) ack 1`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			client RST CLOSED SYN-RECEIVED
			client ACK ESTABLISHED ESTABLISHED handshake
			server RST ESTABLISHED CLOSED
			server ACK ESTABLISHED ESTABLISHED`, ""},
		{"the server's RST with a wrong number before the ACK", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			< R 500:500(0)
			> . 1:1(0) ack 1
			> P. 1:5(4) ack 1
			< . 1:1(0) ack 5`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			server RST ESTABLISHED CLOSED
			client ACK ESTABLISHED CLOSED handshake
			client DATA ESTABLISHED CLOSED
			server ACK ESTABLISHED ESTABLISHED`, ""},
		{"SYNs without an answer", `
			> S 0:0(0)
			+1 > S 0:0(0)
			+2 > S 0:0(0)`, `
			client SYN SYN-SENT ?
			client SYN SYN-SENT ? retransmission
			client SYN SYN-SENT ? retransmission`, ""},
		{"from the middle", `
			> P. 100:110(10) ack 200
			< . 200 ack 110
			< F. 200:200(0) ack 110
			> . 110 ack 201`, `
			client DATA ESTABLISHED ?
			server ACK ESTABLISHED ESTABLISHED
			server FIN CLOSE-WAIT FIN-WAIT-1
			client ACK CLOSE-WAIT FIN-WAIT-2`, ""},
		{"seen at the client: what leaves may be lost", opening + `
			< P. 1:11(10) ack 1
			> F. 1:1(0) ack 11
			< . ack 2
			< F. 11:11(0) ack 2
			> . ack 12`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			client ACK ESTABLISHED ? handshake
			server DATA ESTABLISHED ESTABLISHED
			client FIN FIN-WAIT-1 ?
			server ACK FIN-WAIT-2 CLOSE-WAIT
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT ?`, "client"},
		{"seen at the server", opening + `
			< F. 1:1(0) ack 1
			> . ack 2
			> F. 1:1(0) ack 2
			< . ack 2`, `
			client SYN SYN-SENT ?
			server SYN-ACK ? SYN-RECEIVED
			client ACK ESTABLISHED ESTABLISHED handshake
			server FIN ? FIN-WAIT-1
			client ACK CLOSE-WAIT FIN-WAIT-2
			client FIN LAST-ACK TIME-WAIT time-wait
			server ACK ? TIME-WAIT`, "server"},
		{"data with the last ACK lost on the way", `
			> S 0:0(0)
			< S. 0:0(0) ack 1
			+1 < S. 0:0(0) ack 1
			> P. 1:5(4) ack 1`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			server SYN-ACK ESTABLISHED SYN-RECEIVED retransmission
			client DATA ESTABLISHED ESTABLISHED handshake`, ""},
		{"Fast Open: the server speaks before the handshake ends", `
			> S 0:10(10) <FO 0102030405060708>
			< S. 0:0(0) ack 11
			< P. 1:6(5) ack 11
			> . 11 ack 6`, `
			client SYN SYN-SENT ? tfo-syn
			server SYN-ACK ESTABLISHED SYN-RECEIVED tfo-ack
			server DATA ESTABLISHED SYN-RECEIVED
			client ACK ESTABLISHED ESTABLISHED handshake`, ""},
		{"a connection with itself", `
			conn 127.0.0.1:4000 127.0.0.1:4000
			iss 1000 1000
			> S 0:0(0)
			> S. 0:0(0) ack 1
			> S. 0:0(0) ack 1
			> . 1 ack 1
			> F. 1:1(0) ack 1
			> . 2 ack 2`, `
			client SYN SYN-RECEIVED SYN-RECEIVED
			client SYN-ACK ESTABLISHED ESTABLISHED simultaneous-open
			client SYN-ACK ESTABLISHED ESTABLISHED retransmission
			client ACK ESTABLISHED ESTABLISHED dup-ack
			client FIN CLOSING CLOSING
			client ACK TIME-WAIT TIME-WAIT time-wait`, ""},
		{"an RST from somebody else, and both go on", opening + `
			> P. 1:101(100) ack 1
			< R 1:1(0)
			< . 1 ack 101
			> P. 101:201(100) ack 1`, openingRows + `
			client DATA ESTABLISHED ESTABLISHED
			server RST CLOSED CLOSED
			server ACK ESTABLISHED ESTABLISHED
			client DATA ESTABLISHED ESTABLISHED`, ""},
		{"an RST from somebody else while one end has closed", opening + `
			> F. 1:1(0) ack 1
			< . ack 2
			< R 1:1(0)
			< P. 1:11(10) ack 2
			> . ack 11
			< F. 11:11(0) ack 2
			> . ack 12`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			server ACK FIN-WAIT-2 CLOSE-WAIT
			server RST CLOSED CLOSED
			server DATA FIN-WAIT-2 CLOSE-WAIT
			client ACK FIN-WAIT-2 CLOSE-WAIT
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT CLOSED`, ""},
		{"data after FIN", opening + `
			> F. 1:1(0) ack 1
			> P. 2:12(10) ack 1
			< . 1 ack 2
			> P. 2:12(10) ack 1
			< F. 1:1(0) ack 2
			> . 12 ack 2`, openingRows + `
			client FIN FIN-WAIT-1 CLOSE-WAIT
			client DATA FIN-WAIT-1 CLOSE-WAIT
			server ACK FIN-WAIT-2 CLOSE-WAIT
			client DATA FIN-WAIT-2 CLOSE-WAIT retransmission
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT CLOSED`, ""},
		{"seen at the client: the last ACK is lost", opening + `
			> F. 1:1(0) ack 1
			< F. 1:1(0) ack 2
			> . 2 ack 2
			+.2 < F. 1:1(0) ack 2
			> . 2 ack 2`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			client ACK ESTABLISHED ? handshake
			client FIN FIN-WAIT-1 ?
			server FIN TIME-WAIT LAST-ACK time-wait
			client ACK TIME-WAIT ?
			server FIN TIME-WAIT LAST-ACK retransmission
			client ACK TIME-WAIT ? dup-ack`, "client"},
		{"seen at the client: both close at once", opening + `
			> F. 1:1(0) ack 1
			< F. 1:1(0) ack 1
			> . 2 ack 2
			< . 2 ack 2
			< F. 1:1(0) ack 2`, `
			client SYN SYN-SENT ?
			server SYN-ACK ESTABLISHED SYN-RECEIVED
			client ACK ESTABLISHED ? handshake
			client FIN FIN-WAIT-1 ?
			server FIN CLOSING FIN-WAIT-1
			client ACK CLOSING ?
			server ACK TIME-WAIT ? time-wait
			server FIN TIME-WAIT CLOSING retransmission`, "client"},
		{"two RSTs from somebody else, of which one fits", opening + `
			> P. 1:101(100) ack 1
			< R 0:0(0)
			< R 1:1(0)
			< . 1 ack 101`, openingRows + `
			client DATA ESTABLISHED ESTABLISHED
			server RST ESTABLISHED CLOSED
			server RST CLOSED CLOSED
			server ACK ESTABLISHED ESTABLISHED`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, want := rowsOf(t, segtest.Options{At: tt.at}, tt.script), lines(tt.want)
			for i := range max(len(got), len(want)) {
				var g, w string
				if i < len(got) {
					g = got[i]
				}
				if i < len(want) {
					w = want[i]
				}
				if g != w {
					t.Errorf("segment %d: %q, want %q", i+1, g, w)
				}
			}
		})
	}
}
