package filter

import (
	"strings"
	"testing"

	"tcpsee/capture"
)

// FuzzParse: whatever is given, there is no panic; what parses compiles or
// gives an error; what compiles is a program that other machines take, and
// that judges packets as they do.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"accepted.txt", "refused.txt", "wan.txt"} {
		for _, expr := range readLines(f, name) {
			f.Add(expr, tcpPacket(80))
		}
	}
	links := []capture.LinkType{capture.LinkEthernet, capture.LinkSLL, capture.LinkRaw,
		capture.LinkRadiotap, capture.LinkNull, capture.LinkPPP, linkPFLog, capture.LinkSunATM,
		capture.LinkMTP2, AnyLink}
	f.Fuzz(func(t *testing.T, expr string, pkt []byte) {
		e, err := Parse(expr)
		if err != nil {
			checkError(t, expr, err)
			return
		}
		for _, link := range links {
			prog, err := e.Compile(Options{Link: link, ICMPErrors: true, Neighbours: true})
			if err != nil {
				if err != ErrTooLong {
					checkError(t, expr, err)
				}
				continue
			}
			checkProgram(t, prog)
			text := Format(prog) + FormatC(prog) + FormatDecimal(prog)
			if strings.Contains(text, "unimp") {
				t.Fatalf("%q: %s", expr, text)
			}
			if link == AnyLink {
				continue
			}
			m, err := e.Matcher(link)
			if err != nil {
				checkError(t, expr, err)
				continue
			}
			m.MatchRelated(pkt, len(pkt))
			checkMachines(t, m, expr, pkt)
		}
	})
}

func checkMachines(t *testing.T, m *Matcher, expr string, pkt []byte) {
	t.Helper()
	if len(pkt) == 0 || m.swapped.ops != nil || strings.Contains(Format(m.prog), "neg ") ||
		len(m.prog) > MaxInstructions {
		return
	}
	vm, err := virtual(m.prog)
	if err != nil {
		t.Fatalf("%q: %v\n%s", expr, err, Format(m.prog))
	}
	n, err := vm.Run(pkt)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Match(pkt, len(pkt)); got != (n > 0) {
		t.Fatalf("%q: ours %v, x/net/bpf %d for % x\n%s", expr, got, n, pkt, Format(m.prog))
	}
}

// checkError holds errors to what SyntaxError promises.
func checkError(t *testing.T, expr string, err error) {
	t.Helper()
	se, ok := err.(*SyntaxError)
	if !ok {
		if err == ErrTooLong {
			return
		}
		t.Fatalf("%q: %T %v", expr, err, err)
	}
	if se.Offset < 0 || se.Length < 0 || se.Offset+se.Length > len(expr) {
		t.Fatalf("%q: the place is %d, %d", expr, se.Offset, se.Length)
	}
	if se.Msg == "" || strings.Contains(se.Error(), "\n") ||
		strings.Count(se.Caret(), "\n") != 1 || strings.Contains(se.Caret(), "\x1b") {
		t.Fatalf("%q: %q, %q", expr, se.Error(), se.Caret())
	}
}

// checkProgram is what the kernel checks (bpf_check_classic): jumps go ahead
// and stay inside, it ends with a return, and no register of scratch memory is
// read before it was written.
func checkProgram(t *testing.T, prog []Instruction) {
	t.Helper()
	if len(prog) == 0 || len(prog) > MaxInstructions || prog[len(prog)-1].Op&7 != classRET {
		t.Fatalf("%d instructions\n%s", len(prog), Format(prog))
	}
	written := make([]uint32, len(prog)+1) // registers written on every way here
	for i := range written {
		written[i] = ^uint32(0)
	}
	written[0] = 0
	for i, in := range prog {
		have := written[i]
		follow := func(to int) {
			if to <= i || to >= len(prog) {
				t.Fatalf("instruction %d leads to %d\n%s", i, to, Format(prog))
			}
			written[to] &= have
		}
		switch {
		case in.Op&7 == classST || in.Op&7 == classSTX:
			have |= 1 << in.K
			follow(i + 1)
		case in.Op&7 == classRET:
		case in.Op == classJMP|jmpJA:
			follow(i + 1 + int(in.K))
		case in.Op&7 == classJMP:
			follow(i + 1 + int(in.Jt))
			follow(i + 1 + int(in.Jf))
		case in.Op&7 <= classLDX && in.Op&0xe0 == modeMEM:
			if in.K >= memWords || have&(1<<in.K) == 0 {
				t.Fatalf("instruction %d reads a register that may be unwritten\n%s", i,
					Format(prog))
			}
			follow(i + 1)
		case in.Op&7 == classALU && in.Op&srcX == 0 && in.K == 0 &&
			(in.Op&0xf0 == aluDiv || in.Op&0xf0 == aluMod):
			t.Fatalf("instruction %d divides by zero\n%s", i, Format(prog))
		case in.Op&7 == classALU && in.Op&srcX == 0 && in.K > 31 &&
			(in.Op&0xf0 == aluLsh || in.Op&0xf0 == aluRsh):
			t.Fatalf("instruction %d shifts too far\n%s", i, Format(prog))
		default:
			follow(i + 1)
		}
	}
}
