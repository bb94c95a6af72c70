package main

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// saveFlags are the flags of every command that can save what it sees.
type saveFlags struct {
	file   string
	size   int64
	count  int
	every  time.Duration
	notes  bool // --comments
	isWait bool // nc's -w is a time-out: a number deserves a hint
}

func (s *saveFlags) register(cmd *cobra.Command, likeNC bool) {
	s.isWait = likeNC
	f := cmd.Flags()
	f.StringVarP(&s.file, "write", "w", "", "save the packets in `FILE` as pcapng (- is standard output)")
	f.Int64Var(&s.size, "rotate-size", 0, "begin the next file after `BYTES`")
	f.IntVar(&s.count, "rotate-count", 0, "keep at most `N` files")
	f.BoolVar(&s.notes, "comments", false, "with -w: what each segment is and means as a packet comment, for Wireshark")
	f.Var((*timeValue)(&s.every), "rotate-every", "begin the next file after this `TIME` (10m)")
}

// check refuses what cannot be meant. The commands that have a conversation
// keep standard output for it. In the others, packets take it in place of the
// picture.
func (s *saveFlags) check(p *pictureFlags, conversation bool) error {
	if _, err := strconv.Atoi(s.file); err == nil && s.isWait {
		return withHint(usagef("-w names a file here, and %q is a number", s.file), "nc's time-out is --wait "+s.file+"s; a file of that name: -w ./"+s.file)
	}
	if s.file == "-" {
		switch {
		case conversation:
			return withHint(usagef("-w -: standard output is the conversation's here"), "save the packets in a file: -w FILE.pcapng")
		case p.takesStdout():
			return usagef("-w - and -o FORMAT cannot both have standard output")
		case !p.quiet && (p.view != "" || p.plain):
			return usagef("-w - and a picture cannot both have standard output")
		}
		p.quiet = true
	}
	if s.file == "" && (s.size != 0 || s.count != 0 || s.every != 0) {
		return usagef("the rotate flags need -w FILE")
	}
	if s.file == "" && s.notes {
		return usagef("--comments needs -w FILE")
	}
	return s.checkRotation()
}

func (s *saveFlags) checkRotation() error {
	switch {
	case s.size < 0 || s.count < 0 || s.every < 0:
		return usagef("sizes, times and counts of rotation cannot be negative")
	case s.file == "-" && (s.size > 0 || s.every > 0):
		return withHint(usagef("-w -: standard output cannot rotate"), "give a file name: -w FILE.pcapng")
	case s.count > 0 && s.size == 0 && s.every == 0:
		return withHint(usagef("a count of files needs a size or a time to begin the next at"), "--rotate-size 10000000, or --rotate-every 1h")
	}
	return nil
}

// saver writes what the loop sees.
type saver struct {
	out capture.FrameWriter
	src capture.Source

	notes bool  // each frame with a comment
	conn  int64 // with notes: the one connection that is wanted; 0 is all
	names nameKeeper
	had   struct{ names, secrets, sections int } // of src's Aside that were taken
}

// openSavers begins the files of packets: that of -w, as they are, and those
// of -o, annotated, which openOutputs has opened.
func openSavers(p *pictureFlags, s *saveFlags, src capture.Source) ([]*saver, error) {
	options := capture.WriterOptions{Application: "tcpsee " + version(), Comment: p.says()}
	list, err := p.annotated(src, options)
	if s.file == "" || err != nil {
		return list, err
	}
	raw, err := s.open(src, p.inUse, options)
	if err != nil {
		return list, err
	}
	raw.names.on = !p.anonymize
	return append(list, raw), nil
}

// annotated makes the savers of -o.
func (p *pictureFlags) annotated(src capture.Source, options capture.WriterOptions) (list []*saver, err error) {
	files := p.opened
	for _, o := range p.outputs {
		if _, ok := wordFormat(o); ok {
			continue
		}
		if f, _ := fileFormat(o); f.name == packetFormat {
			list = append(list, &saver{out: capture.NewWriter(files[0], options), src: src, notes: true, conn: p.conn,
				names: nameKeeper{on: !p.anonymize}})
		}
		files = files[1:]
	}
	return list, nil
}

// open begins the file of -w, which must be none of those in use.
func (s *saveFlags) open(src capture.Source, inUse []os.FileInfo, options capture.WriterOptions) (*saver, error) {
	out, err := capture.NewRotatingWriter(s.file, capture.RotateOptions{
		Size: s.size, Count: s.count, Every: s.every, Owner: invokingUser(),
		InUse: inUse, Writer: options,
	})
	if err != nil {
		return nil, outputError(err)
	}
	return &saver{out: out, src: src, notes: s.notes}, nil
}

// directories are those where the next files of a rotation will be made.
func (s *saveFlags) directories() []string {
	if s.file == "" || s.file == "-" || s.size == 0 && s.every == 0 && !strings.Contains(s.file, "%") {
		return nil
	}
	return []string{filepath.Dir(s.file)}
}

// invokingUser is who called sudo; nil where nobody did, and in a user
// namespace that has no such user.
func invokingUser() *capture.Owner {
	u, err := sudoAccount()
	if err != nil || os.Geteuid() != 0 || !mapsAccount(u) {
		return nil
	}
	return &capture.Owner{UID: u.uid, GID: u.gid}
}

// beside writes what the capture says beside packets, as far as it has been
// read. A disguised one says nothing.
func (s *saver) beside() error {
	src, ok := s.src.(capture.Original)
	if !ok {
		return nil
	}
	a := src.Aside()
	if s.had.sections == 0 {
		s.out.SetOrigin(originOf(a.Sections))
	}
	for _, n := range a.Names[s.had.names:] {
		s.names.take(n.Addr, n.Name)
	}
	for _, x := range a.Secrets[s.had.secrets:] {
		if err := s.out.WriteSecrets(x); err != nil {
			return err
		}
	}
	s.had.names, s.had.secrets, s.had.sections = len(a.Names), len(a.Secrets), len(a.Sections)
	return nil
}

// originOf joins what sections say of their origin: all comments, each once,
// and the words in which they agree.
func originOf(list []capture.Section) (all capture.Section) {
	said := make(map[string]bool)
	for i, s := range list {
		if i == 0 {
			all.Hardware, all.OS, all.Application = s.Hardware, s.OS, s.Application
		}
		for _, w := range []struct{ all, one *string }{{&all.Hardware, &s.Hardware}, {&all.OS, &s.OS}, {&all.Application, &s.Application}} {
			if *w.all != *w.one {
				*w.all = ""
			}
		}
		for _, c := range s.Comments {
			if !said[c] {
				said[c] = true
				all.Comments = append(all.Comments, c)
			}
		}
	}
	return all
}

func (s *saver) frame(f *capture.Frame) error {
	if err := s.names.write(s.out); err != nil {
		return err
	}
	return s.out.WriteFrame(f, s.src.Interfaces())
}

// wants reports whether a frame that led to these events belongs into the
// file.
func (s *saver) wants(events []conn.Event) bool {
	if s.conn == 0 {
		return true
	}
	return slices.ContainsFunc(events, func(e conn.Event) bool { return e.Conn == s.conn })
}

// savedCall is a socket call as it is kept in a pcapng file.
type savedCall struct {
	Time   int64  `json:"time"` // nanoseconds since 1970
	Name   string `json:"name"`
	Phase  string `json:"phase"`
	From   string `json:"from"`
	Args   string `json:"args,omitempty"`
	Result string `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
	Data   []byte `json:"data,omitempty"`
	Local  string `json:"local,omitempty"`
	Remote string `json:"remote,omitempty"`
	Remark string `json:"remark,omitempty"` // in place of a call: what nc -v says

	Linger0 bool   `json:"linger0,omitempty"` // of a close: conn.Closing
	Unread  uint32 `json:"unread,omitempty"`
	Shared  bool   `json:"shared,omitempty"`
}

// phaseNames are the phases' names in saved calls.
var phaseNames = [...]string{conn.PhaseWhole: "whole", conn.PhaseEntry: "entry", conn.PhaseReturn: "return"}

// savedData is how many bytes of a call's data are kept.
const savedData = 4096

func (s *saver) call(c *timedCall) error {
	s.names.resolved(&c.call)
	return s.out.WriteCustom(encodeCall(c))
}

// savedCallOf is the same for an event, for files that are part of a page.
func savedCallOf(e *conn.Event) []byte { return encodeCall(&timedCall{at: e.Time, call: *e.Call}) }

func encodeCall(c *timedCall) []byte {
	data := c.call.Data
	if len(data) > savedData {
		data = data[:savedData]
	}
	b, _ := json.Marshal(savedCall{ // strings, numbers and bytes: that cannot fail
		Time: int64(c.at), Name: c.call.Name, Phase: phaseNames[c.call.Phase], From: c.call.From.String(),
		Args: c.call.Args, Result: c.call.Result, Error: c.call.Error, Data: data,
		Local: addrText(c.call.Local), Remote: addrText(c.call.Remote), Remark: c.call.Remark,
		Linger0: c.call.Closing.Linger0, Unread: c.call.Closing.Unread, Shared: c.call.Shared,
	})
	return b
}

func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// loadCall reads what call has saved; false where it is something else.
func loadCall(b []byte) (timedCall, bool) {
	var s savedCall
	if json.Unmarshal(b, &s) != nil || s.Name == "" && s.Remark == "" {
		return timedCall{}, false
	}
	c := timedCall{at: capture.Stamp(s.Time), call: conn.Call{Name: s.Name, Args: s.Args, Result: s.Result, Error: s.Error, Data: s.Data, Remark: s.Remark,
		Closing: conn.Closing{Linger0: s.Linger0, Unread: s.Unread}, Shared: s.Shared}}
	for p, name := range phaseNames {
		if name == s.Phase {
			c.call.Phase = conn.Phase(p)
		}
	}
	if s.From == conn.Server.String() {
		c.call.From = conn.Server
	}
	c.call.Local, _ = netip.ParseAddrPort(s.Local)
	c.call.Remote, _ = netip.ParseAddrPort(s.Remote)
	return c, true
}

// finish writes the statistics and closes.
func (s *saver) finish() error {
	if err := errors.Join(s.beside(), s.names.write(s.out)); err != nil {
		return err
	}
	if src, ok := s.src.(capture.Original); ok {
		if err := s.out.SetCounts(src.Counts(), s.src.Interfaces()); err != nil {
			return err
		}
	}
	if err := s.out.WriteStatistics(s.src.Stats()); err != nil {
		return err
	}
	return s.out.Close()
}
