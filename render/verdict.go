package render

import (
	"strconv"
	"strings"

	"tcpsee/dissect/conn"
)

// maxEvidence is how many frame numbers of a verdict are written.
const maxEvidence = 8

// verdict draws what became of a connection that has just closed.
func (t *timeline) verdict(e *conn.Event) {
	c := e.Connection
	if c == nil {
		return
	}
	v := t.view(e)
	t.endRun(v)
	t.nameLate(v, e)
	if said := t.said(&c.Verdict); said != v.told {
		v.told = said
		t.drawVerdict(c)
	}
}

// said is what makes a verdict new to who has read one: its first sentence.
// Where every further SYN gets its ICMP error, only the count is new.
func (t *timeline) said(v *conn.Verdict) string {
	if v.Outcome == conn.OutcomeUnreachable {
		return string(v.Outcome) + v.Detail + v.Meaning + v.NextStep
	}
	return verdictHead(v, &t.g)
}

// end draws what became of a connection that leaves, unless that stands there
// already.
func (t *timeline) end(e *conn.Event) {
	c := e.Connection
	if c == nil {
		return
	}
	told := ""
	if v := t.views[c.Number]; v != nil {
		t.endRun(v)
		t.nameLate(v, e)
		told = v.told
		delete(t.views, c.Number)
	}
	if t.said(&c.Verdict) != told {
		t.drawVerdict(c)
	}
}

func (t *timeline) drawVerdict(c *conn.Connection) {
	head := verdictHead(&c.Verdict, &t.g)
	if head == "" {
		return
	}
	if t.multi {
		head = tagText(c.Number, t.lay.tag-1, &t.g) + "  " + head
	}
	t.note(0, head, outcomeColour(c.Verdict.Outcome))
	if s := safeText(c.Verdict.Meaning, &t.g); s != "" {
		if failed(c.Verdict.Outcome) {
			s = "It means: " + s
		}
		t.note(0, "  "+s, "")
	}
	if s := safeText(c.Verdict.NextStep, &t.g); s != "" {
		t.note(0, "  Try: "+s, "")
	}
}

// failed reports whether an outcome is one that asks for its meaning.
func failed(o conn.Outcome) bool {
	return o != conn.OutcomeClosed && o != conn.OutcomeOpen
}

// verdictHead gives a verdict's first sentence, with the frames that show it
// in parentheses: "closed by the client, three segments (8 9 10): …".
func verdictHead(v *conn.Verdict, g *glyphs) string {
	text := safeText(v.Text, g)
	outcome := safeText(string(v.Outcome), g)
	frames := evidenceText(v, g)
	switch {
	case text == "" && outcome == "":
		return ""
	case text == "":
		return outcome + frames + "."
	case !strings.HasPrefix(text, outcome):
		return outcome + frames + ": " + text
	case frames == "" || namesAll(text, v, g):
		return text
	}
	if i := strings.Index(text, ": "); i >= 0 {
		return text[:i] + frames + text[i:]
	}
	if strings.HasSuffix(text, ".") {
		return text[:len(text)-1] + frames + "."
	}
	return text + frames
}

// evidenceText gives a verdict's frames as " (8 9 10)", with several files as
// " (8 9 in a.pcap, 3 in b.pcap)", "" for none.
func evidenceText(v *conn.Verdict, g *glyphs) string {
	frames := v.Evidence
	if len(frames) == 0 {
		return ""
	}
	b, in := []byte(" ("), ""
	for i, f := range frames {
		last := i == maxEvidence && len(frames) > maxEvidence+1
		at := i
		if last {
			at = len(frames) - 1
			f = frames[at]
		}
		name := evidenceFile(v, at, g)
		if i > 0 {
			if in != name {
				b = append(append(append(b, " in "...), in...), ',')
			}
			b = append(b, ' ')
		}
		in = name
		if last {
			b = append(b, g.ellipsis...)
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, f, 10)
		if last {
			break
		}
	}
	if in != "" {
		b = append(append(b, " in "...), in...)
	}
	return string(append(b, ')'))
}

// evidenceFile is what the file of a verdict's frame i is called, "" where it is
// not named.
func evidenceFile(v *conn.Verdict, i int, g *glyphs) string {
	if i >= len(v.EvidenceNames) {
		return ""
	}
	return safeText(v.EvidenceNames[i], g)
}

// namesAll reports whether text has all of a verdict's frames in parentheses
// already, with their files where these are named.
func namesAll(text string, v *conn.Verdict, g *glyphs) bool {
	type frame struct{ number, file string }
	named := map[frame]bool{}
	for rest := text; ; {
		_, inside, ok := strings.Cut(rest, "(")
		if !ok {
			break
		}
		inside, rest, _ = strings.Cut(inside, ")")
		for part := range strings.SplitSeq(inside, ", ") {
			numbers, file, _ := strings.Cut(part, " in ")
			for w := range strings.FieldsSeq(numbers) {
				named[frame{w, file}] = true
			}
		}
	}
	for i, f := range v.Evidence {
		if !named[frame{strconv.FormatInt(f, 10), evidenceFile(v, i, g)}] {
			return false
		}
	}
	return true
}
