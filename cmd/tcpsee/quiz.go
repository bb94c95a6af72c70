package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// score is what a quiz counts.
type score struct{ right, asked int }

// tell prints the score, where anything was asked.
func (s score) tell(g *gate) {
	if s.asked > 0 {
		g.say("score: %d of %d right", s.right, s.asked)
	}
}

// ask lets the user guess what the next segment is and which numbers it
// carries, and explains both.
func (g *gate) ask(e *conn.Event) error {
	g.say("")
	of := ""
	if g.several = g.several || e.Conn > 1; g.several {
		of = fmt.Sprintf(" of connection %d, %s to %s", e.Conn, e.Client, e.Server)
	}
	for _, l := range wrapWords(fmt.Sprintf("segment %d%s: from the %s to the %s (client %s, server %s)", e.Frame, of, e.From, e.From.Other(),
		e.Before[conn.Client], e.Before[conn.Server]), widthOf(g.out.file)) {
		g.say("%s", l)
	}
	word, err := g.guess("syn, syn-ack, ack, data, fin, rst? (? help, q quit) > ", kindsHelp, misreadKind)
	if err != nil || g.lines == nil {
		return err
	}
	g.judgeKind(e, word)
	word, err = g.guess(numbersQuestion(e), numbersHelp, func(word string) string { return misreadNumbers(word, numbersOf(e)) })
	if err != nil || g.lines == nil {
		return err
	}
	g.judgeNumbers(e, word)
	return nil
}

// guess asks until there is an answer; "" passes, and what misread has a word
// about is none. Once there are no more answers g.lines is nil.
func (g *gate) guess(question string, help func() string, misread func(word string) string) (string, error) {
	for {
		io.WriteString(g.prompt, question)
		line, err := g.answer()
		if err != nil {
			return "", err
		}
		if g.lines == nil {
			g.say("\nno more answers: the rows go on without questions")
			return "", nil
		}
		switch word := strings.ToLower(strings.TrimSpace(line)); word {
		case "q", "quit":
			return "", errQuit
		case "?", "help":
			for l := range strings.Lines(help()) {
				g.explain(l)
			}
		case "":
			return "", nil
		default:
			about := misread(word)
			if about == "" {
				return word, nil
			}
			g.explain(about)
		}
	}
}

// answer reads a line; a reader at its end leaves g.lines nil.
func (g *gate) answer() (string, error) {
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func(lines interface{ ReadString(byte) (string, error) }) {
		line, err := lines.ReadString('\n')
		got <- read{line, err}
	}(g.lines)
	for {
		select {
		case r := <-got:
			if r.err != nil && r.line == "" {
				g.lines = nil
			}
			return r.line, nil
		case <-g.window.changed():
			g.window.resize([]render.Renderer{g.next})
		case <-g.ctx.Done():
			return "", errQuit
		}
	}
}

// judgeKind says whether the guess of a kind is right.
func (g *gate) judgeKind(e *conn.Event, guess string) {
	head := g.judge(guess, rightGuess(guess, e))
	g.say("%s %s, control bits %s", head, e.Kind, controlBits(e))
	if entry, ok := conn.Explain(e.Kind.String()); ok && head == wrongGuess {
		g.explain(e.Kind.String() + ": " + entry.Text)
	}
}

// judgeNumbers says whether the guess of the numbers is right, what they mean,
// and how the score stands.
func (g *gate) judgeNumbers(e *conn.Event, guess string) {
	head := g.judge(guess, rightNumbers(guess, e))
	goesOn := "there the bytes of the " + e.From.String() + " go on"
	if e.Kind == conn.KindSYN || e.Kind == conn.KindSYNACK {
		goesOn = "there the " + e.From.String() + " begins to count"
	}
	if !hasAck(e) {
		g.say("%s seq=%d", head, e.Seq)
		g.explain(fmt.Sprintf("seq=%d: %s.", e.Seq, goesOn))
	} else {
		g.say("%s seq=%d ack=%d", head, e.Seq, e.Ack)
		g.explain(fmt.Sprintf("seq=%d: %s; ack=%d: that byte of the %s is expected next.", e.Seq, goesOn, e.Ack, e.From.Other()))
	}
	g.explain(printable(e.Sentence()))
	g.say("  %d of %d right", g.quizzed.right, g.quizzed.asked)
}

// explain says a sentence, wrapped and set in.
func (g *gate) explain(text string) {
	for _, l := range wrapWords(text, widthOf(g.out.file)-2) {
		g.say("  %s", l)
	}
}

// How an answer begins.
const (
	noGuess    = "it is"
	rightOne   = "right:"
	wrongGuess = "no, it is"
)

// judge counts a guess and returns how the answer begins.
func (g *gate) judge(guess string, right bool) string {
	g.quizzed.asked++
	switch {
	case guess == "":
		return noGuess
	case right:
		g.quizzed.right++
		return rightOne
	}
	return wrongGuess
}

// controlBits names a segment's control bits, as the header has them.
func controlBits(e *conn.Event) string {
	if e.Packet == nil || e.Packet.TCP.Flags == 0 {
		return "none"
	}
	return strings.Join(e.Packet.TCP.Flags.Names(), " ")
}

func hasAck(e *conn.Event) bool { return e.Packet != nil && e.Packet.TCP.Flags.Has(dissect.ACK) }

// numbersQuestion asks for what the segment has: without the ACK bit there is
// one number only.
func numbersQuestion(e *conn.Event) string {
	if hasAck(e) {
		return "its seq and ack, from 0? (Enter passes) > "
	}
	return "its seq, from 0? (Enter passes) > "
}

// rightNumbers accepts the numbers relative or as they are on the wire, in the
// order seq, ack, or with their names.
func rightNumbers(guess string, e *conn.Event) bool {
	want := [2]uint32{e.Seq, e.Ack}
	wire := want
	if e.Packet != nil {
		wire = [2]uint32{uint32(e.Packet.TCP.Seq), uint32(e.Packet.TCP.Ack)}
	}
	n := numbersOf(e)
	got, ok := readNumbers(guess, n)
	for i := range n {
		ok = ok && (got[i] == want[i] || got[i] == wire[i])
	}
	return ok
}

// numbersOf is how many numbers a segment has.
func numbersOf(e *conn.Event) int {
	if hasAck(e) {
		return 2
	}
	return 1
}

// readNumbers reads n numbers.
func readNumbers(guess string, n int) (got [2]uint32, ok bool) {
	words := strings.FieldsFunc(guess, func(r rune) bool { return strings.ContainsRune(" ,=:;/\t", r) })
	next, filled := 0, 0
	for _, w := range words {
		switch w {
		case "seq":
			next = 0
			continue
		case "ack":
			next = 1
			continue
		case "and":
			continue
		}
		v, err := strconv.ParseUint(w, 10, 32)
		if err != nil || next >= n {
			return got, false
		}
		got[next], next, filled = uint32(v), next+1, filled|1<<next
	}
	return got, filled == 1<<n-1
}

// misreadNumbers says of an answer that is not n numbers what is asked for.
func misreadNumbers(guess string, n int) string {
	switch _, ok := readNumbers(guess, n); {
	case ok:
		return ""
	case n == 1:
		return "one number is asked for, its seq, as 0"
	}
	return "two numbers are asked for, its seq and its ack, as 1 7"
}

// numbersHelp says what is asked for.
func numbersHelp() string {
	return "seq: the number of the first byte that this segment carries, or would carry\n" +
		"ack: the number of the next byte that the sender expects: all before it has come\n" +
		"Each end counts its own bytes from 0. SYN and FIN count as one byte each."
}

// rightGuess accepts a kind ("syn-ack", "SYNACK", "syn ack"), tcpdump's
// letters ("S.") and the segment's exact control bits ("psh ack").
func rightGuess(guess string, e *conn.Event) bool {
	if dotted, ok := tcpdumpKinds[strings.Trim(guess, "[]")]; ok {
		return dotted == e.Kind
	}
	words := guessWords(guess)
	if isKind(words, e.Kind) {
		return true
	}
	const shown = dissect.SYN | dissect.ACK | dissect.FIN | dissect.RST | dissect.PSH
	flags, ok := guessFlags(words)
	return ok && e.Packet != nil && flags == e.Packet.TCP.Flags&shown
}

// misreadKind says of an answer that names no segment what is asked for.
func misreadKind(guess string) string {
	if _, ok := tcpdumpKinds[strings.Trim(guess, "[]")]; ok {
		return ""
	}
	words := guessWords(guess)
	for k := conn.KindOther; k <= conn.KindRST; k++ {
		if isKind(words, k) {
			return ""
		}
	}
	if _, ok := guessFlags(words); ok {
		return ""
	}
	return "what is asked for is one of these kinds, or the control bits that are set, as psh ack"
}

func guessWords(guess string) []string {
	return strings.FieldsFunc(guess, func(r rune) bool { return strings.ContainsRune(" ,+-_/&[]", r) })
}

func isKind(words []string, k conn.Kind) bool {
	return strings.Join(words, "") == strings.ReplaceAll(strings.ToLower(k.String()), "-", "")
}

// guessFlags reads the names of control bits.
func guessFlags(words []string) (flags dissect.Flags, ok bool) {
	for _, w := range words {
		f, known := flagWords[w]
		if !known {
			return 0, false
		}
		flags |= f
	}
	return flags, flags != 0
}

// flagWords are the control bits that a guess may name.
var flagWords = map[string]dissect.Flags{
	"syn": dissect.SYN, "ack": dissect.ACK, "fin": dissect.FIN, "rst": dissect.RST, "psh": dissect.PSH, "push": dissect.PSH,
}

// tcpdumpKinds are the kinds as tcpdump prints their flags.
var tcpdumpKinds = map[string]conn.Kind{
	"s": conn.KindSYN, "s.": conn.KindSYNACK, ".": conn.KindACK, "a": conn.KindACK, "p.": conn.KindData, "p": conn.KindData,
	"f.": conn.KindFIN, "f": conn.KindFIN, "r": conn.KindRST, "r.": conn.KindRST,
}

// kindsHelp says in a line each what may be guessed.
func kindsHelp() string {
	var b strings.Builder
	for k := conn.KindSYN; k <= conn.KindRST; k++ {
		if e, ok := conn.Explain(k.String()); ok {
			fmt.Fprintf(&b, "%s: %s\n", k, e.Text)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
