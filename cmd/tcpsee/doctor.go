package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/capture"
)

// probeWord is the hidden command that tries to capture and ends, with
// probeInsideWord in namespaces that it makes for that.
const (
	probeWord       = "__probe"
	probeInsideWord = "isolated"
)

// ability is how much of something this machine allows.
type ability uint8

const (
	abilityOK ability = iota
	abilityLimited
	abilityMissing
)

var abilityNames = [...]string{"ok", "limited", "missing"}

func (s ability) String() string { return abilityNames[s] }

// diagnosis is one line of the doctor's.
type diagnosis struct {
	ability
	subject string
	text    string
	remedy  string // one command, or what to do; empty where nothing is to be done
	remark  string // on the remedy; may be empty
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine allows, what is missing, and what grants it",
		Long: `Try what tcpsee needs on this machine, and say in plain words what works, what
is missing, and the one command that grants it. Nothing is changed. The exit
status is 1 where no packet can be captured in any way; saved captures can be
drawn even then.`,
		Example: "  tcpsee doctor\n  sudo tcpsee doctor     what root may",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			list := append(systemDiagnoses(), a.display().diagnosis(), netcatDiagnosis(exec.LookPath, netcatHelp))
			columns := 0
			if isTerminal(a.std.out) {
				columns = widthOf(a.std.out)
			}
			if err := writeDiagnoses(a.std.out, list, columns); err != nil {
				return err
			}
			if !canCapture(list) {
				return errReported
			}
			return nil
		},
	}
}

// Subjects that others look for.
const (
	subjectCapture  = "capture"
	subjectIsolated = "namespaces"
)

// canCapture reports whether packets can be captured in some way.
func canCapture(list []diagnosis) bool {
	for _, d := range list {
		if (d.subject == subjectCapture || d.subject == subjectIsolated) && d.ability != abilityMissing {
			return true
		}
	}
	return false
}

// writeDiagnoses writes a line each, and under those where there is a way out,
// the way out, whose command stays in one line, to be copied. Words stay whole
// in so many columns; 0 is any number.
func writeDiagnoses(w interface{ Write([]byte) (int, error) }, list []diagnosis, columns int) error {
	var b strings.Builder
	width := 0
	for _, d := range list {
		width = max(width, len(d.subject))
	}
	for _, d := range list {
		b.WriteString(folded(fmt.Sprintf("%-7s  %-*s  ", d.ability, width, d.subject), printable(d.text), columns))
		if d.remedy == "" {
			continue
		}
		lead := fmt.Sprintf("%-7s  %-*s  try: ", "", width, "")
		line, remark := lead+printable(d.remedy), ""
		if d.remark != "" {
			remark = "(" + printable(d.remark) + ")"
		}
		switch {
		case remark != "" && columns > 0 && len([]rune(line+"   "+remark)) > columns:
			b.WriteString(line + "\n" + folded(strings.Repeat(" ", len(lead)), remark, columns))
		case remark != "":
			b.WriteString(line + "   " + remark + "\n")
		default:
			b.WriteString(line + "\n")
		}
	}
	_, err := w.Write([]byte(b.String()))
	return err
}

// display is what the picture is drawn on.
type display struct {
	terminal bool
	columns  int
	ascii    bool // the locale has no UTF-8
	color    bool
}

func (a *app) display() display {
	return display{isTerminal(a.std.out), widthOf(a.std.out), asciiLocale(), wantsColor(a.std.out)}
}

func (p display) diagnosis() diagnosis {
	d := diagnosis{subject: "terminal"}
	if !p.terminal {
		d.text = fmt.Sprintf("standard output is none: %d columns, no colour", p.columns)
		return d
	}
	words := []string{fmt.Sprintf("%d columns", p.columns), "UTF-8", "colour"}
	if p.ascii {
		d.ability, words[1] = abilityLimited, "no UTF-8 by the locale: drawn with ASCII"
		d.remedy = "export LC_ALL=C.UTF-8"
	}
	if !p.color {
		words[2] = "no colour (NO_COLOR or TERM says so)"
	}
	if p.columns < comfortable {
		d.ability = abilityLimited
		d.remedy = fmt.Sprintf("make the window %d columns wide", comfortable)
	}
	d.text = strings.Join(words, ", ")
	return d
}

// comfortable is the width in columns for which the picture is made.
const comfortable = 80

// netcatHelp returns what a netcat says of itself.
func netcatHelp(path string) string {
	out, _ := exec.Command(path, "-h").CombinedOutput() // all of them end at once with -h, some with a status
	return string(out)
}

// netcatDiagnosis is about which nc is there: they listen in different ways.
func netcatDiagnosis(look func(string) (string, error), help func(string) string) diagnosis {
	d := diagnosis{subject: "nc"}
	path, err := look("nc")
	if err != nil {
		d.ability, d.text = abilityMissing, "not installed; tcpsee listen and tcpsee connect do its work"
		if _, err := look("ncat"); err == nil {
			d.ability, d.text = abilityLimited, "ncat is there: type ncat where the exercise says nc"
			return d
		}
		if runtime.GOOS == "linux" {
			d.remedy = installNetcat(look)
		}
		return d
	}
	text := help(path)
	switch {
	case strings.Contains(text, "OpenBSD"):
		d.text = "OpenBSD's: nc -l 3000 listens, nc 127.0.0.1 3000 connects"
	case strings.Contains(text, "Ncat"):
		d.text = "nmap's ncat: nc -l 3000 listens, nc 127.0.0.1 3000 connects"
	case strings.Contains(text, "BusyBox"):
		d.ability, d.text = abilityLimited, "BusyBox's, with few options: nc -l -p 3000 listens"
	case strings.Contains(text, "[v1.1"), strings.Contains(text, "-e filename"), strings.Contains(text, "-c shell commands"):
		d.ability, d.text = abilityLimited, "the traditional one: nc -l -p 3000 listens; nc -l 3000 takes a port at random"
	default:
		d.text = "of a kind that is not known here: " + path
	}
	return d
}

// installNetcat is how to install OpenBSD's nc with the package manager that
// is there.
func installNetcat(look func(string) (string, error)) string {
	for _, m := range []struct{ manager, command string }{
		{"apt", "sudo apt install netcat-openbsd"}, {"dnf", "sudo dnf install nmap-ncat"},
		{"pacman", "sudo pacman -S openbsd-netcat"}, {"zypper", "sudo zypper install netcat-openbsd"},
		{"apk", "sudo apk add netcat-openbsd"},
	} {
		if _, err := look(m.manager); err == nil {
			return m.command
		}
	}
	return ""
}

// adviceFor says what the user can do about a right that was refused, and
// nothing about other errors.
func adviceFor(err error) string {
	var denied *capture.PermissionError
	switch {
	case errors.As(err, &denied):
		if s := captureAdvice(); s != "" {
			return s
		}
		return denied.Hint
	case errors.Is(err, capture.ErrInterfaceGone):
		return "tcpsee watch without -i goes on when interfaces come and go"
	case errors.Is(err, capture.ErrNoLiveCapture):
		return "tcpsee replay FILE draws what another program has captured; tcpsee demo draws a recorded connection"
	}
	return ""
}

// sudoCommand is this command line with sudo before it. sudo looks for
// commands in places of its own, so that one from elsewhere is named in full.
func sudoCommand(args []string) string {
	words := []string{"sudo", ownCommand()}
	for _, a := range args {
		words = append(words, quoted(a))
	}
	return strings.Join(words, " ")
}

// securePath is where sudo looks, unless its configuration says otherwise.
var securePath = [...]string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// ownCommand is how this program is called from anywhere.
func ownCommand() string {
	exe, err := os.Executable()
	if err != nil {
		return "tcpsee"
	}
	for _, dir := range securePath {
		if filepath.Dir(exe) == dir {
			return filepath.Base(exe)
		}
	}
	return quoted(exe)
}

// plainWord are the characters that mean nothing to a shell.
const plainWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

// quoted is a word as a POSIX shell takes it.
func quoted(word string) string {
	if word != "" && strings.Trim(word, plainWord) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// probeCommand tries to capture on loopback and ends, hidden: the doctor has
// it run in namespaces of its own.
func (a *app) probeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    probeWord,
		Hidden: true,
		Args:   cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return probeInside()
			}
			return probe()
		},
	}
}
