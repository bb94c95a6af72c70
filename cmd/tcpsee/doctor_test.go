package main

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestNetcatDiagnosis(t *testing.T) {
	have := func(names ...string) func(string) (string, error) {
		return func(name string) (string, error) {
			for _, n := range names {
				if n == name {
					return "/usr/bin/" + n, nil
				}
			}
			return "", errors.New("not found")
		}
	}
	for _, c := range []struct {
		name    string
		look    func(string) (string, error)
		help    string
		ability ability
		text    string
	}{
		{"openbsd", have("nc"), "OpenBSD netcat (Debian patchlevel 1.219-1)\nusage: nc [-46CDdFhklNnrStUuvZz]", abilityOK, "OpenBSD"},
		{"traditional", have("nc"), "[v1.10-47]\nconnect to somewhere:	nc [-options] hostname port[s]", abilityLimited, "nc -l -p 3000"},
		{"ncat", have("nc", "ncat"), "Ncat 7.93 ( https://nmap.org/ncat )", abilityOK, "ncat"},
		{"busybox", have("nc"), "BusyBox v1.36.1 multi-call binary.\n\nUsage: nc [OPTIONS]", abilityLimited, "BusyBox"},
		{"strange", have("nc"), "hello", abilityOK, "/usr/bin/nc"},
		{"ncat only", have("ncat"), "", abilityLimited, "ncat"},
		{"none", have("apt"), "", abilityMissing, "not installed"},
	} {
		d := netcatDiagnosis(c.look, func(string) string { return c.help })
		if d.ability != c.ability || !strings.Contains(d.text, c.text) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// TestInstallNetcat: where there is no nc, the package manager that is there
// installs one.
func TestInstallNetcat(t *testing.T) {
	for manager, want := range map[string]string{
		"apt": "sudo apt install netcat-openbsd", "dnf": "sudo dnf install nmap-ncat", "pacman": "sudo pacman -S openbsd-netcat",
		"zypper": "sudo zypper install netcat-openbsd", "apk": "sudo apk add netcat-openbsd", "brew": "",
	} {
		got := installNetcat(func(name string) (string, error) {
			if name != manager {
				return "", errors.New("not found")
			}
			return "/usr/bin/" + name, nil
		})
		if got != want {
			t.Errorf("%s: %q, want %q", manager, got, want)
		}
	}
}

func TestDisplayDiagnosis(t *testing.T) {
	for _, c := range []struct {
		display
		ability      ability
		text, remedy string
	}{
		{display{true, 80, false, true}, abilityOK, "80 columns, UTF-8, colour", ""},
		{display{true, 120, false, false}, abilityOK, "120 columns, UTF-8, no colour (NO_COLOR or TERM says so)", ""},
		{display{true, 80, true, true}, abilityLimited, "80 columns, no UTF-8 by the locale: drawn with ASCII, colour", "export LC_ALL=C.UTF-8"},
		{display{true, 60, false, true}, abilityLimited, "60 columns, UTF-8, colour", "make the window 80 columns wide"},
		{display{false, 100, false, false}, abilityOK, "standard output is none: 100 columns, no colour", ""},
	} {
		if d := c.diagnosis(); d.ability != c.ability || d.text != c.text || d.remedy != c.remedy {
			t.Errorf("%+v: %+v", c.display, d)
		}
	}
}

func TestCanCapture(t *testing.T) {
	missing := diagnosis{subject: subjectCapture, ability: abilityMissing}
	if canCapture([]diagnosis{missing, {subject: "nc"}}) {
		t.Error("nothing can be captured")
	}
	if !canCapture([]diagnosis{missing, {subject: subjectIsolated}}) {
		t.Error("namespaces allow to capture")
	}
}

func TestWriteDiagnoses(t *testing.T) {
	var b strings.Builder
	err := writeDiagnoses(&b, []diagnosis{
		{subject: "capture", ability: abilityMissing, text: "not allowed", remedy: "sudo setcap"},
		{subject: "nc", text: "OpenBSD's\x1b[2J"},
	}, 0)
	want := "" +
		"missing  capture  not allowed\n" +
		"                  try: sudo setcap\n" +
		"ok       nc       OpenBSD's\\x1b[2J\n"
	if err != nil || b.String() != want {
		t.Errorf("got\n%s%v", b.String(), err)
	}
	b.Reset()
	_ = writeDiagnoses(&b, []diagnosis{{subject: "capture", ability: abilityMissing, text: "it takes root or the capability", remedy: "sudo setcap cap_net_raw+ep tcpsee"}}, 40)
	want = "" +
		"missing  capture  it takes root or the\n" +
		"                  capability\n" +
		"                  try: sudo setcap cap_net_raw+ep tcpsee\n"
	if b.String() != want {
		t.Errorf("folded\n%s", b.String())
	}
}

func TestQuoted(t *testing.T) {
	for word, want := range map[string]string{
		"port":     "port",
		"":         "''",
		"a b":      "'a b'",
		"it's":     `'it'\''s'`,
		"$(boom)":  "'$(boom)'",
		"/opt/t-1": "/opt/t-1",
	} {
		if got := quoted(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

func TestAdviceForOtherErrors(t *testing.T) {
	if got := adviceFor(os.ErrNotExist); got != "" {
		t.Errorf("got %q", got)
	}
}
