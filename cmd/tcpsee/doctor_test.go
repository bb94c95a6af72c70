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
