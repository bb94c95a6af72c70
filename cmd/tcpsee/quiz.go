package main

import (
	"fmt"
	"io"
	"strings"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// score is what a quiz counts.
type score struct{ right, asked int }

// tell prints the score, where anything was asked.
func (s score) tell(g *gate) {
	if s.asked > 0 {
		g.say("score: %d of %d right", s.right, s.asked)
	}
}

// ask lets the user guess what the next segment is, and explains the answer.
func (g *gate) ask(e *conn.Event) error {
	fmt.Fprintf(g.prompt, "\nsegment %d · the %s sends to the %s · client %s, server %s\n", g.segment, e.From, e.From.Other(),
		e.Before[conn.Client], e.Before[conn.Server])
	for {
		io.WriteString(g.prompt, "what is it? (syn, syn-ack, ack, data, fin, rst; ? helps, q quits) > ")
		line, err := g.answer()
		if err != nil {
			return err
		}
		if g.lines == nil {
			g.say("\nno more answers: the rows go on without questions")
			return nil
		}
		switch word := strings.ToLower(strings.TrimSpace(line)); word {
		case "q", "quit":
			return errQuit
		case "?", "help":
			g.say("%s", kindsHelp())
		default:
			g.judge(e, word)
			return nil
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
	select {
	case r := <-got:
		if r.err != nil && r.line == "" {
			g.lines = nil
		}
		return r.line, nil
	case <-g.ctx.Done():
		return "", errQuit
	}
}

// judge says whether the guess is right, why, and how the score stands.
func (g *gate) judge(e *conn.Event, guess string) {
	g.quizzed.asked++
	verdict := "it is"
	switch {
	case guess == "":
	case rightGuess(guess, e):
		g.quizzed.right++
		verdict = "right:"
	default:
		verdict = "no, it is"
	}
	g.say("%s %s. %s", verdict, e.Kind, printable(e.Sentence()))
	if verdict == "no, it is" {
		if entry, ok := conn.Explain(e.Kind.String()); ok {
			g.say("  %s: %s", e.Kind, entry.Text)
		}
	}
	g.say("  %d of %d right\n", g.quizzed.right, g.quizzed.asked)
}

// rightGuess accepts a kind ("syn-ack", "SYNACK", "syn ack"), tcpdump's
// letters ("S.") and the segment's exact control bits ("psh ack").
func rightGuess(guess string, e *conn.Event) bool {
	if dotted, ok := tcpdumpKinds[strings.Trim(guess, "[]")]; ok {
		return dotted == e.Kind
	}
	words := strings.FieldsFunc(guess, func(r rune) bool { return strings.ContainsRune(" ,+-_/&[]", r) })
	if kind := strings.Join(words, ""); kind == strings.ReplaceAll(strings.ToLower(e.Kind.String()), "-", "") {
		return true
	}
	var flags dissect.Flags
	for _, w := range words {
		f, ok := flagWords[w]
		if !ok {
			return false
		}
		flags |= f
	}
	const shown = dissect.SYN | dissect.ACK | dissect.FIN | dissect.RST | dissect.PSH
	return flags != 0 && e.Packet != nil && flags == e.Packet.TCP.Flags&shown
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
			fmt.Fprintf(&b, "  %-8s %s\n", k, e.Text)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
