package filter

import (
	"os"
	"path/filepath"
	"testing"
)

// TestServiceName reads a table as /etc/services: the first name of a port of
// TCP counts, and no comment, other protocol or unfinished line.
func TestServiceName(t *testing.T) {
	table := filepath.Join(t.TempDir(), "services")
	text := "# services\nhttp\t80/tcp\t\twww\nweb 80/tcp\nhttp 8080/tcp-alt\ndomain 53/udp\nhttp-alt 8080/tcp # 80/tcp\n3000/tcp\n"
	if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[uint16]string{80: "http", 8080: "http-alt", 53: "", 3000: "", 0: ""} {
		if got := serviceName(table, port); got != want {
			t.Errorf("port %d is %q, want %q", port, got, want)
		}
	}
	if got := serviceName(filepath.Join(t.TempDir(), "absent"), 80); got != "" {
		t.Errorf("without a table port 80 is %q", got)
	}
}
