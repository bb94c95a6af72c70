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
	frames := evidenceText(v.Evidence, g)
	switch {
	case text == "" && outcome == "":
		return ""
	case text == "":
		return outcome + frames + "."
	case !strings.HasPrefix(text, outcome):
		return outcome + frames + ": " + text
	case frames == "" || namesAll(text, v.Evidence):
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

// evidenceText gives frame numbers as " (8 9 10)", "" for none.
func evidenceText(frames []int64, g *glyphs) string {
	if len(frames) == 0 {
		return ""
	}
	b := []byte(" (")
	for i, f := range frames {
		if i > 0 {
			b = append(b, ' ')
		}
		if i == maxEvidence && len(frames) > maxEvidence+1 {
			b = append(b, g.ellipsis...)
			b = append(b, ' ')
			b = strconv.AppendInt(b, frames[len(frames)-1], 10)
			break
		}
		b = strconv.AppendInt(b, f, 10)
	}
	return string(append(b, ')'))
}

// namesAll reports whether text has all frame numbers in parentheses already.
func namesAll(text string, frames []int64) bool {
	named := map[string]bool{}
	for rest := text; ; {
		_, inside, ok := strings.Cut(rest, "(")
		if !ok {
			break
		}
		inside, rest, _ = strings.Cut(inside, ")")
		for w := range strings.FieldsSeq(inside) {
			named[w] = true
		}
	}
	for _, f := range frames {
		if !named[strconv.FormatInt(f, 10)] {
			return false
		}
	}
	return true
}
