package capture

import (
	"net/netip"
	"strings"
)

// MaxAside is how many bytes a source keeps of what its files say beside
// frames, for a copy: decryption secrets above all. What is more is passed
// over, and a finding says so. Several files share it.
const MaxAside = 8 << 20

// asideEntry is what each thing that is kept takes besides its own bytes.
const asideEntry = 64

// maxSections is how many sections' origins are kept.
const maxSections = 1 << 10

// Original is a Source whose files say more than frames can hold.
type Original interface {
	Source

	// Aside returns what they have said as far as they have been read: before
	// what follows in the file of the latest batch of Next. It must be neither
	// changed nor read while Next runs.
	Aside() Aside

	// Counts returns the latest statistics of each interface that has any,
	// with the same restriction.
	Counts() []InterfaceCounts
}

// Aside is what the files of a Source say beside frames. The lists only grow.
type Aside struct {
	Names    []Name // each address once: the first that it was given
	Secrets  []Secrets
	Sections []Section
}

// Section is what the header of a pcapng section says of its origin (section
// 4.1).
type Section struct {
	Hardware, OS, Application string
	Comments                  []string
}

// Name is a name of an address, out of a name resolution block.
type Name struct {
	Addr netip.Addr
	Name string
}

// Secrets is what a decryption secrets block holds (section 4.7): keys with
// which Wireshark decrypts the packets that follow.
type Secrets struct {
	Kind uint32 // 0x544c534b is a TLS key log
	Data []byte // as they stand in the file
}

// admits reports whether n bytes more may be kept, and counts them.
func (p *pcapng) admits(n int, what string) bool {
	if n += asideEntry; n <= p.led.asideRoom {
		p.led.asideRoom -= n
		return true
	}
	if !p.led.asideFull {
		p.led.asideFull = true
		p.led.find(*p.faultHere("with these %s it says more than %d bytes beside packets; a copy will lack what is more", what, p.led.asideLimit))
	}
	return false
}

// secrets keeps a decryption secrets block (section 4.7).
func (p *pcapng) secrets(b []byte) {
	if len(b) < secretsSize-minBlock {
		p.note(p.faultHere("a block of decryption secrets of %d bytes is less than the least, %d", len(b)+minBlock, secretsSize))
		return
	}
	n := p.u32(b[4:])
	if int64(n) > int64(len(b)-8) {
		p.note(p.faultHere("decryption secrets of %d bytes in a block that has room for %d", n, len(b)-8))
		return
	}
	if p.admits(int(n), "decryption secrets") {
		p.led.aside.Secrets = append(p.led.aside.Secrets, Secrets{Kind: p.u32(b), Data: append([]byte(nil), b[8:8+n]...)})
	}
}

// mayBeLarge reports whether a block that exceeds maxWhole is kept in memory
// all the same: key logs become long.
func (p *pcapng) mayBeLarge(kind uint32, size int) bool {
	return kind == blockSecrets && size <= p.led.asideRoom
}

// origin keeps what the options of a section header say, and reports whether
// all lie within it.
func (p *pcapng) origin(options []byte) bool {
	var s Section
	whole := p.options(options, func(code uint16, v []byte) {
		if code > optApplication || !p.admits(len(v), "words of a section") {
			return
		}
		text := strings.ToValidUTF8(string(v), "\ufffd")
		switch code {
		case optComment:
			s.Comments = append(s.Comments, text)
		case optHardware:
			s.Hardware = text
		case optOS:
			s.OS = text
		case optApplication:
			s.Application = text
		}
	})
	if p.section < maxSections {
		p.led.aside.Sections = append(p.led.aside.Sections, s)
	}
	return whole
}

// Aside implements Original.
func (s *fileSource) Aside() Aside { return s.aside }

// Counts implements Original.
func (s *fileSource) Counts() []InterfaceCounts { return s.counts }

// takeAside adds what f's file has said since the last time.
func (m *merger) takeAside(f *mergeFile) {
	o, ok := f.source.(Original)
	if !ok {
		return
	}
	a := o.Aside()
	for _, n := range a.Names[f.names:] {
		if !m.named[n.Addr] {
			if m.named == nil {
				m.named = make(map[netip.Addr]bool)
			}
			m.named[n.Addr] = true
			m.aside.Names = append(m.aside.Names, n)
		}
	}
	m.aside.Secrets = append(m.aside.Secrets, a.Secrets[f.secrets:]...)
	m.aside.Sections = append(m.aside.Sections, a.Sections[f.sections:]...)
	f.names, f.secrets, f.sections = len(a.Names), len(a.Secrets), len(a.Sections)
}

// Counts implements Original.
func (m *merger) Counts() (all []InterfaceCounts) {
	for _, f := range m.files {
		if o, ok := f.source.(Original); ok {
			for _, c := range o.Counts() {
				if c.Interface < len(f.interfaces) {
					c.Interface = f.interfaces[c.Interface]
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// Aside implements Original. Of several names of an address the one that was
// read first counts.
func (m *merger) Aside() Aside { return m.aside }

var (
	_ Original = (*fileSource)(nil)
	_ Original = (*merger)(nil)
)
