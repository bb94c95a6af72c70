package main

import (
	"errors"
	"net"
	"slices"
	"testing"
)

func TestNear(t *testing.T) {
	words := []string{"view", "verbose", "width", "time", "SYN", "FIN", "RST"}
	for _, tt := range []struct {
		word string
		want []string
	}{
		{"veiw", []string{"view"}},
		{"Widht", []string{"width"}},
		{"SIN", []string{"FIN", "SYN"}},
		{"syn", []string{"SYN"}},
		{"x", nil},
		{"", nil},
		{"quiz", nil},
		{"a\x1b[31m", nil},
	} {
		got := near(tt.word, words)
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestParted(t *testing.T) {
	for _, tt := range []struct{ args, want []string }{
		{[]string{"10.0.0.2:3000"}, []string{"10.0.0.2", "3000"}},
		{[]string{"[::1]:http"}, []string{"::1", "http"}},
		{[]string{"::1"}, []string{"::1"}},
		{[]string{"[::1]", "http"}, []string{"::1", "http"}},
		{[]string{"[fe80::1%eth0]", "80"}, []string{"fe80::1%eth0", "80"}},
		{[]string{"[127.0.0.1]", "80"}, []string{"[127.0.0.1]", "80"}},
		{[]string{"[::1", "80"}, []string{"[::1", "80"}},
		{[]string{"3000"}, []string{"3000"}},
		{[]string{"http://a"}, []string{"http://a"}},
		{[]string{"a:1", "b"}, []string{"a:1", "b"}},
		{nil, nil},
	} {
		if got := parted(tt.args); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.args, got, tt.want)
		}
	}
}

func TestInsteadOf(t *testing.T) {
	for word, want := range map[string]string{
		"10.0.0.2":            "tcpsee connect 10.0.0.2 3000",
		"http://a":            "tcpsee connect a 80 --http /",
		"https://a/b?c":       "tcpsee connect a 443 --tls --http /b",
		"http://[::1]:8080/x": "tcpsee connect ::1 8080 --http /x",
		"http://%zz":          "tcpsee connect http://%zz 3000",
		"8080":                "tcpsee connect 127.0.0.1 8080",
		"::1":                 "tcpsee connect ::1 3000",
		"[::1]":               "tcpsee connect ::1 3000",
		"::1:8080":            "tcpsee connect ::1 8080",
		"[::1]8080":           "tcpsee connect ::1 8080",
		"2001:db8::beef":      "tcpsee connect 2001:db8::beef 3000",
		"fe80::1%eth0":        "tcpsee connect fe80::1%eth0 3000",
	} {
		if got := insteadOf(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// TestWatchOfInterface holds that who names an interface as a filter is told of
// -i, and who names anything else is not.
func TestWatchOfInterface(t *testing.T) {
	list, err := net.Interfaces()
	if err != nil || len(list) == 0 {
		t.Skipf("this machine has no interfaces: %v", err)
	}
	wrong := errors.New("wrong")
	for _, tt := range []struct {
		words []string
		hint  string // "" where the error stays
	}{
		{[]string{list[0].Name, "port", "3000"}, "tcpsee watch -i " + list[0].Name + " port 3000"},
		{[]string{list[0].Name + " port 3000"}, "tcpsee watch -i " + list[0].Name + " port 3000"},
		{[]string{list[0].Name}, "tcpsee watch -i " + list[0].Name},
		{[]string{"any"}, "tcpsee watch -i any"},
		{[]string{"nosuchinterface", "port", "3000"}, ""},
		{[]string{"port", list[0].Name}, ""},
	} {
		err := meantInterface(wrong, tt.words)
		if tt.hint == "" {
			if err != wrong {
				t.Errorf("%q: %v", tt.words, err)
			}
			continue
		}
		var h *hinted
		if !errors.As(err, &h) || h.hint != tt.hint {
			t.Errorf("%q: %v", tt.words, err)
		}
	}
}
