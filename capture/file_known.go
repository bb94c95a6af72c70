package capture

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// foreign is a kind of file that tcpsee does not read.
type foreign struct {
	magic  string
	offset int
	what   string
	advice string
}

const (
	byEditcap = "convert it with: editcap -F pcapng FILE NEW"
	unpack    = "unpack it first"

	// Of these it does not know that all packets are of one kind.
	byEtherEditcap = "convert it, if it is of Ethernet, with: editcap -T ether -F pcapng FILE NEW"

	// Wireshark cannot write their packets to another kind of file.
	byNetScaler = "have the appliance write pcap: start nstrace -traceformat PCAP (older ones: nstrace -tcpdump ENABLED)"
)

// foreigners are the files that people give to a program like this, by their
// first bytes: those that Wireshark can convert, packed ones, and others. The
// longer magic comes first.
var foreigners = []foreign{
	{"TRSNIFF data    \x1a", 0, "a Sniffer capture", byEditcap},
	{"XCP\x00", 0, "a NetXRay or Windows Sniffer capture", byEditcap},
	{"VL\x00\x00", 0, "a NetXRay capture", byEditcap},
	{"\x05VNF", 0, "a Visual Networks capture", byEditcap},
	{"\x7fver\x00\x00\x00", 0, "an EtherPeek or OmniPeek capture", byEditcap},
	{"btsnoop\x00", 0, "a Bluetooth capture (btsnoop)", byEditcap},
	{"\x00\x00\x02\x00\x12\x05\x00\x10", 0, "a K12 capture", byEtherEditcap},
	{"NetScaler", 8, "a NetScaler trace before version 3.0", byNetScaler},
	{"\xaa\xaa\xaa\xaa", 0, "an InfoVista 5View capture", byEditcap},
	{"TR\x00d\x00", 0, "an HP-UX nettl trace", byEtherEditcap},
	{"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x07\xd0\x00", 0, "an HP-UX nettl trace", byEtherEditcap},
	{"ObserverPktBuffe", 0, "an Observer capture", byEditcap},
	{"cscp", 0, "a Colasoft Capsa capture", byEtherEditcap},
	{"Trace Display", 6, "a LANalyzer capture", byEditcap},
	{"\x42\xd2\x00\x34\x12\x66\x22\x88", 0, "a RADCOM capture", byEditcap},
	{"EyeSDN", 0, "an EyeSDN trace", byEditcap},
	{"+---------+---------------+----------+", 0, "a K12 text file", byEtherEditcap},
	{"Session Transcript", 0, "a Catapult DCT2000 trace", byEtherEditcap},
	{"ETHERWATCH ", 0, "a trace of DBS Etherwatch", byEditcap},
	{"T O S H I B A", 0, "a trace of a Toshiba router", byEditcap},
	{"V0208", 0, "an Aethra trace", byEditcap},
	{"LOGG", 0, "a Vector BLF log, of CAN mostly", byEditcap},
	{"\xb0\xb0\xb0\xb0", 0, "a Shomiti Surveyor capture", byEditcap},
	{"\xa1\xb2\x34\xcd", 0, "a pcap of an unusual kind (magic a1b234cd)", ""},
	{"\xcd\x34\xb2\xa1", 0, "a pcap of an unusual kind (magic a1b234cd)", ""},
	{"\xa1\x2b\x3c\x4d", 0, "a pcap of an unusual kind (Navtel, magic a12b3c4d)", ""},
	{"\x4d\x3c\x2b\xa1", 0, "a pcap of an unusual kind (Navtel, magic a12b3c4d)", ""},
	{"PK\x03\x04", 0, "a zip archive", unpack},
	{"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive", unpack},
	{"Rar!\x1a\x07", 0, "a RAR archive", unpack},
	{"ustar", 257, "a tar archive", unpack},
	{"BZh", 0, "compressed with bzip2", "expand it first: bunzip2 FILE"},
	{"\xfd7zXZ\x00", 0, "compressed with xz", "expand it first: unxz FILE"},
	{"\x1f\x9d", 0, "compressed with compress", "expand it first: uncompress FILE"},
	{"\x1f\x8b", 0, "compressed with gzip twice", "expand it first: gzip -d FILE"},
	{"\x28\xb5\x2f\xfd", 0, "compressed with zstd twice", "expand it first: zstd -d FILE"},
	{"\x04\x22\x4d\x18", 0, "compressed with lz4 twice", "expand it first: lz4 -d FILE"},
	{"\x7fELF", 0, "a program", ""},
	{"MZ", 0, "a Windows program", ""},
	{"%PDF-", 0, "a PDF document", ""},
	{"\x89PNG", 0, "a picture", ""},
	{"<?xml", 0, "XML", "give the capture that it was made from"},
	{"<!DOCTYPE", 0, "a web page", "the capture may not have been downloaded, but a page about it"},
	{"<html", 0, "a web page", "the capture may not have been downloaded, but a page about it"},
	{"version https://git-lfs", 0, "a Git LFS pointer", "fetch the file itself: git lfs pull"},
}

const readable = "tcpsee reads pcap, pcapng, snoop, ERF, iptrace, nstrace, Network Monitor and CommView captures, plain or compressed with gzip, zstd or lz4"

// foreignOf returns what a file is that begins with head, or nil.
func foreignOf(head []byte) *foreign {
	for i := range foreigners {
		if f := &foreigners[i]; len(head) >= f.offset && bytes.HasPrefix(head[f.offset:], []byte(f.magic)) {
			return f
		}
	}
	return nil
}

// describe says what a file is that begins with head and is not a capture.
// whole says that the file has no more bytes.
func describe(head []byte, whole bool) string {
	if f := foreignOf(head); f != nil {
		advice := f.advice
		if advice != "" {
			advice = ": " + advice
		}
		return fmt.Sprintf("this is %s; %s%s", f.what, readable, advice)
	}
	if whole && len(head) < minMagic {
		return fmt.Sprintf("the file is cut short: it has %d bytes (%x), and a capture begins with four that say its kind", len(head), head)
	}
	text := isText(head[:min(len(head), 512)])
	head = head[:min(len(head), headSize)]
	if text {
		return fmt.Sprintf("this is no capture: it begins with text (%q); %s: tcpdump and tshark write packets with -w -, and lines without it; text2pcap FILE NEW turns a hex dump into a capture", head, readable)
	}
	return fmt.Sprintf("this is no capture: it begins with unknown data, % x (%q); %s: Wireshark's capinfos may know what it is", head, head, readable)
}

// isText reports whether b, the beginning of a file, is readable text.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && len(b) >= utf8.UTFMax || !unicode.IsPrint(r) && !unicode.IsSpace(r) && r != utf8.RuneError {
			return false
		}
		b = b[n:]
	}
	return true
}
