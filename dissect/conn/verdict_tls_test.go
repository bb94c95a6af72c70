package conn

import (
	"fmt"
	"strings"
	"testing"
)

// serverHelloBytes is a ServerHello of TLS 1.2, certificateBytes an empty
// Certificate.
const (
	serverHelloBytes = `x"16 0303 002a 02 000026 0303 0000000000000000000000000000000000000000000000000000000000000000 00 c02f 00"`
	certificateBytes = `x"16 0303 0007 0b 000003 000000"`
)

// TestAlerts: each alert that breaks a handshake off is explained, for whoever
// sent it.
func TestAlerts(t *testing.T) {
	for code, name := range alertNames {
		if code == closeNotify {
			continue
		}
		alert := fmt.Sprintf(`x"15 0303 0002 02 %02x"`, code)
		for by, script := range map[string]string{
			"server": talk3("S", "> "+helloBytes, "< "+alert),
			"client": talk3("C", "> "+helloBytes, "< "+serverHelloBytes, "< "+certificateBytes, "> "+alert),
		} {
			v, _ := verdictOf(t, name, script)
			if v.Detail != detailTLSAlert || !strings.HasSuffix(v.Text, ": "+name+".") || !strings.HasPrefix(v.Text, "closed by the "+by+": it broke off") {
				t.Errorf("%s by the %s: %q, %q", name, by, v.Detail, v.Text)
			}
			if strings.ContainsAny(v.Meaning+v.NextStep, "{}%") || !strings.HasSuffix(v.Meaning, " The connection itself worked.") {
				t.Errorf("%s by the %s: %q\n%q", name, by, v.Meaning, v.NextStep)
			}
		}
	}
	checkTongues(t, []tongueTest{
		{"expired", talk3("C", "> "+helloBytes, "< "+serverHelloBytes, "> "+`x"15 0303 0002 02 2d"`), detailTLSAlert, "certificate expired", "To the client, the certificate of the server is over its date, or not valid yet: perhaps the clock at the client is wrong.",
			"date at the client; openssl s_client -connect 10.0.0.2:80 </dev/null | openssl x509 -noout -dates", []int64{8}, "TLS ClientHello|TLS ServerHello (TLS 1.2)|TLS alert: certificate expired"},
		{"version", talk3("S", "> "+helloBytes, "< "+alertBytes), detailTLSAlert, "protocol version", "The server takes none of the TLS versions that the client offers", "-tls1_2", []int64{6}, "TLS ClientHello|TLS alert: protocol version"},
		{"of no name", talk3("S", "> "+helloBytes, `< x"15 0303 0002 02 15"`), detailTLSAlert, "alert of another kind", "did not agree on TLS", "openssl s_client", []int64{6}, "TLS ClientHello|TLS alert: alert of another kind"},
	})
}

// TestHalfTLS: the client leaves within the handshake, without a word.
func TestHalfTLS(t *testing.T) {
	const rows = "TLS ClientHello|TLS ServerHello (TLS 1.2)|TLS Certificate"
	begun := []string{"> " + helloBytes, "< " + serverHelloBytes, "< " + certificateBytes}
	checkTongues(t, []tongueTest{
		{"FIN", talk3("C", begun...), detailTLSAlert, "closed by the client: the TLS handshake was not complete: nothing of the client came after the server's answer (6).", "does not trust the server's certificate", "-showcerts", []int64{4, 6}, rows},
		{"RST", strings.Replace(talk3("C", begun...), "+1 > F.\n< F.\n> .", "> R.", 1), detailTLSAlert, "reset by the client: the TLS handshake was not complete", "does not trust", "-showcerts", []int64{4, 6}, rows},
		{"the server leaves", talk3("S", begun...), "", "closed by the server, three segments", "", "", nil, rows},
		{"it goes on", talk3("C", append(begun, `> x"14 0303 0001 01"`)...), "", "closed by the client, three segments", "", "", nil, rows + "|TLS ChangeCipherSpec"},
		{"it goes on as TLS 1.3 may", talk3("C", append(begun, `> x"17 0303 0001 01"`)...), "", "closed by the client, three segments", "", "", nil, rows + "|TLS application data"},
	})
}

// TestAlertInPieces: the record of an alert may come in more than one segment.
func TestAlertInPieces(t *testing.T) {
	v, rows := verdictOf(t, "pieces", opened3+"> P. x\"160301000501000001aa\"\n< P. x\"15030300\"\n< P. x\"020228\"\n< F.\n> F.\n< .")
	if want := "closed by the server: it broke off the TLS handshake (6): handshake failure."; v.Text != want || rows[2] != "TLS alert: handshake failure" {
		t.Errorf("%q, %q; want %q", v.Text, rows, want)
	}
}
