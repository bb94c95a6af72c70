package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// anonymizeFlags are the flags that take out of all output whose the packets
// are.
type anonymizeFlags struct {
	anonymize      bool
	anonymizeKey   string
	anonymizePorts bool
}

func (h *anonymizeFlags) registerAnonymize(f *pflag.FlagSet) {
	f.BoolVar(&h.anonymize, "anonymize", false, "change addresses, blank payloads and drop names in the picture and in every file; tcpsee help anonymize says what that hides and what not")
	f.StringVar(&h.anonymizeKey, "anonymize-key", "", "anonymize with `KEY`: the same new addresses in every capture that is given the same one (default: new ones each time)")
	f.BoolVar(&h.anonymizePorts, "anonymize-ports", false, "anonymize, and change ports from 1024 on as well")
}

// anonymizeHelp is the text of `tcpsee help anonymize`.
const anonymizeHelp = `With --anonymize nothing that tcpsee draws or writes shows whose packets they
were, as far as this goes. The structure stays, so the lesson does.

Changed, the same address always to the same new one:
  IP addresses     prefixes kept: two that were in one network are in one network
                   still. Private, link-local, loopback, multicast and broadcast
                   addresses stay what they are (0.0.0.0, 127.0.0.1, ::1, groups
                   and 255.255.255.255 to the letter)
  link addresses   the maker's prefix is gone: all begin with 02, made up locally;
                   broadcast and well-known groups stay
  ports            only with --anonymize-ports, and only from 1024 on: those
                   below 32768 with each other, those above with each other;
                   those of tunnels stay, or what is inside could not be read
also where they stand in ARP, neighbour discovery, ICMP errors, in routes among
IP's options, and inside of tunnels.

Replaced by one byte over and over, lengths kept: payloads of every kind (HTTP,
TLS, DNS and DHCP with all that is in them), cookies, keys and signatures in
options, unknown options, padding, radio headers. What cannot be read is blank
from the link header on. Left out: names of hosts, programs and files, comments,
descriptions and names of interfaces. Layer 7 says nothing any more.

Put right: checksums. A good one is good again, a bad one still bad.

NOT hidden: times, lengths, sequence numbers, timestamps and other numbers of
TCP, TTL, IP identification, VLAN and tunnel numbers, ports below 1024, how many
hosts there are and who talks to whom how much. Who knows some of the traffic
can find it again. Prefixes kept mean that who recognises one host learns
something of its neighbours. A fragment's checksum shows in two of its bytes.
The new addresses are made up; some belong to somebody who has nothing to do
with it.

The key is made up anew each time and forgotten. --anonymize-key KEY gives the
same new addresses every time: keep it as secret as a password, and take one
that nobody guesses. FILTER, --conn and -i work on the packets as they came.
`

// anonymizeTopic is no command: help has a text of that name.
func anonymizeTopic() *cobra.Command {
	return &cobra.Command{Use: "anonymize", Short: "What --anonymize hides, and what not", Long: anonymizeHelp}
}

// anonymized is said in every file that was made so.
const (
	anonymized      = "Anonymized: addresses are made up (prefixes kept), payloads and names are gone; times, lengths, sequence numbers and ports are as they were."
	anonymizedPorts = "Anonymized: addresses (prefixes kept) and ports from 1024 on are made up, payloads and names are gone; times, lengths and sequence numbers are as they were."
)

// disguise makes packets, socket calls and what a source says of itself
// anonymous. A nil one changes nothing.
type disguise struct {
	a     *dissect.Anonymizer
	notes string          // what to tell of it
	plain map[string]bool // words of calls that name nobody
}

// callWords are the words that calls are described with, beside what the system
// says of errors.
const callWords = "(name) up to byte bytes kB MB backlog reading writing both on off s disconnect interrupted " +
	"at exit exec the listening socket still open elsewhere unread"

// maxErrno is above every error number of the systems that have calls.
const maxErrno = 134

func plainWords() map[string]bool {
	plain := make(map[string]bool)
	texts := []string{callWords}
	for n := range maxErrno {
		texts = append(texts, syscall.Errno(n).Error())
	}
	for _, text := range texts {
		for _, w := range strings.Fields(text) {
			plain[strings.TrimRight(w, ",:;")] = true
		}
	}
	return plain
}

func (h *anonymizeFlags) disguise() (*disguise, error) {
	if !h.anonymize {
		return nil, nil
	}
	a, err := dissect.NewAnonymizer(dissect.AnonymizeOptions{Key: h.anonymizeKey, Ports: h.anonymizePorts})
	if err != nil {
		return nil, err
	}
	return &disguise{a: a, notes: h.says(), plain: plainWords()}, nil
}

// says is what to tell of what was changed; "" where nothing was.
func (h *anonymizeFlags) says() string {
	switch {
	case !h.anonymize:
		return ""
	case h.anonymizePorts:
		return anonymizedPorts
	}
	return anonymized
}

// says is what to tell of it.
func (d *disguise) says() string {
	if d == nil {
		return ""
	}
	return d.notes
}

func (d *disguise) frame(f *capture.Frame) *capture.Frame {
	if d == nil {
		return f
	}
	return d.a.Frame(f)
}

// call changes the addresses of a socket call, and leaves out whose it was and
// what it said.
func (d *disguise) call(c timedCall) timedCall {
	if d == nil {
		return c
	}
	m := &c.call
	m.Local, m.Remote = d.addrPort(m.Local), d.addrPort(m.Remote)
	m.PID, m.Program = 0, ""
	if m.Name == "resolve" { // "host: address, address"
		if _, list, ok := strings.Cut(m.Args, ": "); ok {
			m.Args = "(name): " + list
		} else {
			m.Args = "(name)"
		}
	}
	m.Args, m.Result, m.Error = d.words(m.Args), d.words(m.Result), d.words(m.Error)
	if m.Remark != "" { // it names the host that was asked for
		m.Remark = "(remark)"
	}
	data := make([]byte, len(m.Data))
	for i := range data {
		data[i] = 'x'
	}
	m.Data = data
	return c
}

func (d *disguise) addrPort(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return d.a.AddrPort(a)
}

// words changes the addresses in what was said of a call, and leaves out what
// may be a name: what is neither a number, nor in capitals, nor one of the
// words that calls and errors are described with.
func (d *disguise) words(s string) string {
	var out []string
	for _, w := range strings.Fields(s) {
		core := strings.TrimRight(w, ",:;")
		tail := w[len(core):]
		switch {
		case core == "":
		case d.plain[core] || isConstant(core):
		default:
			if ap, err := netip.ParseAddrPort(core); err == nil {
				core = d.a.AddrPort(ap).String()
			} else if a, err := netip.ParseAddr(strings.Trim(core, "[]")); err == nil {
				core = d.a.Addr(a).String()
			} else {
				core = "(name)"
			}
		}
		out = append(out, core+tail)
	}
	return strings.Join(out, " ")
}

// isConstant reports whether a word of a call is a number or in capitals.
func isConstant(w string) bool {
	for _, r := range w {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || strings.ContainsRune("_|=-+()", r)) {
			return false
		}
	}
	return true
}

// files gives names to what was read, in the place of theirs.
func (d *disguise) files(names []string) []string {
	if d == nil {
		return names
	}
	out := make([]string, len(names))
	for i := range names {
		out[i] = fmt.Sprintf("capture %d", i+1)
	}
	return out
}

// source is src without what it says of itself.
func (d *disguise) source(src capture.Source, files []string) capture.Source {
	if d == nil {
		return src
	}
	return &disguised{Source: src, files: files}
}

// disguised is a Source whose interfaces, findings and faults name nobody. It
// is no capture.Namer. Its frames are as they were: they are changed where the
// loop has decided which of them count.
type disguised struct {
	capture.Source
	files []string
}

// Next implements capture.Source.
func (s *disguised) Next() ([]capture.Frame, error) {
	frames, err := s.Source.Next()
	var fault *capture.Fault
	if errors.As(err, &fault) {
		err = s.fault(*fault)
	}
	return frames, err
}

// fault gives a fault's file its new name.
func (s *disguised) fault(f capture.Fault) *capture.Fault {
	name := "capture"
	for i, n := range s.files {
		if n == f.File {
			name = fmt.Sprintf("capture %d", i+1)
		}
	}
	f.File = name
	return &f
}

// Interfaces implements capture.Source. Those names stay that every machine
// has.
func (s *disguised) Interfaces() []capture.Interface {
	list := append([]capture.Interface(nil), s.Source.Interfaces()...)
	for i := range list {
		if !oneOf(list[i].Name, "", "lo", "lo0", capture.AnyInterface) {
			list[i].Name = fmt.Sprintf("if%d", i+1)
		}
		list[i].Description, list[i].Options = "", ""
		list[i].FCSLen = 0 // frame check sequences are blank
	}
	return list
}

// Findings implements capture.Source.
func (s *disguised) Findings() []capture.Fault {
	list := append([]capture.Fault(nil), s.Source.Findings()...)
	for i := range list {
		list[i] = *s.fault(list[i])
	}
	return list
}
