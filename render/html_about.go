package render

import (
	"fmt"
	"strings"

	"tcpsee/dissect/conn"
)

// maxPageSentences is how many rows of a connection are explained without
// script. The script explains every one.
const maxPageSentences = 200

// legend says how the page's pictures are read.
var legend = [...][2]string{
	{"Lanes", "The client is on the left, the server on the right, and time runs downwards. A lane has the colour of its end's state: grey for closed or not known, blue while the connection is opened, green while it is established, yellow while it is closed. The state's name (RFC 9293, section 3.3.2) stands where it changes; ? where nobody who only watches can know it."},
	{"Arrows", "Each arrow is a segment, and begins with what it is: SYN and SYN-ACK open (green), DATA carries bytes of the programs (blue), ACK says what has arrived (dark), FIN closes (yellow), RST breaks off (red). A dashed arrow was sent again. Dotted arrows are not TCP: ARP asks for a neighbour, ICMP reports that a packet could not be delivered."},
	{"Numbers", "seq= is the number of a segment's first byte, ack= the byte that its sender expects next, both counted from the first number of that end: SYN is 0, the first byte 1. win= is how many bytes the sender of the segment has room for."},
	{"Time", "· · · with a time stands for a silence that is folded."},
	{"Layers", "7 application: what the programs say; 6 presentation: encryption; 5 session: the programs' socket calls; 4 transport: TCP; 3 network: IP; 2 data link: Ethernet; 1 physical: the interface."},
}

// timeLegend says how times are read.
var timeLegend = [...]string{
	TimeStart: "Seconds count from the connection's first row.",
	TimeDelta: "Seconds count from the row before.",
	TimeClock: "Times are of the day, in UTC.",
}

// about says what was captured and how the page is read. The script shows the
// same element.
func (p *page) about(records []*conn.Record, terms []string) {
	p.put(`<section id="about"><h2>What was captured</h2>`)
	for _, s := range append(p.captured(), p.remarks()...) {
		p.put("<p>%s</p>", svgText(s))
	}
	p.embed(records)
	p.put("<h2>How to read it</h2><dl>")
	for _, l := range legend {
		times := ""
		if l[0] == "Time" { // which the script changes with them
			times = `<span class="times">` + svgText(timeLegend[min(p.o.Time, TimeClock)]) + "</span> "
		}
		p.put("<dt>%s</dt><dd>%s%s</dd>", l[0], times, svgText(l[1]))
	}
	p.put("</dl>")
	seen := map[string]bool{}
	for _, t := range terms {
		e, ok := conn.Explain(t)
		if !ok || seen[e.Term] {
			continue
		}
		if len(seen) == 0 {
			p.put("<h2>Words</h2><dl>")
		}
		seen[e.Term] = true
		text := opening(e.Title) + ". " + e.Text
		if e.RFC != "" {
			text += " (" + e.RFC + ")"
		}
		p.put("<dt>%s</dt><dd>%s</dd>", svgText(e.Term), svgText(text))
	}
	if len(seen) > 0 {
		p.put("</dl>")
	}
	p.put("</section>")
}

// captured says where the packets are from.
func (p *page) captured() []string {
	var out []string
	var files []string
	for i, f := range p.o.Files {
		if i == maxChoices {
			files = append(files, count(uint64(len(p.o.Files)-i))+" more")
			break
		}
		files = append(files, safeName(f, maxName, &p.g))
	}
	c := p.rec.Capture()
	if c == nil || c.Frames == 0 {
		if len(files) > 0 {
			out = append(out, "From "+strings.Join(files, ", ")+".")
		}
		return out
	}
	s := plural(uint64(c.Frames), "packet") + " (" + bytesText(uint64(c.Bytes)) + ")"
	if len(files) > 0 {
		s += " in " + strings.Join(files, ", ")
	}
	if c.First.Known() && c.Last.Known() {
		s += fmt.Sprintf(", from %s to %s UTC", c.First.Time().Format("2006-01-02 15:04:05"), c.Last.Time().Format("2006-01-02 15:04:05"))
	}
	s += "; " + plural(uint64(c.Segments), "TCP segment") + " of " + plural(uint64(c.Connections), "connection") + "."
	out = append(out, s)
	var names []string
	for i, f := range c.Interfaces {
		if f.Name != "" && i < maxChoices {
			names = append(names, safeName(f.Name, maxName, &p.g))
		}
	}
	if len(names) > 0 {
		out = append(out, "Captured on "+strings.Join(names, ", ")+".")
	}
	return out
}

// sentences explains a connection's rows without script.
func (p *page) sentences(r *conn.Record, strokes []stroke) {
	if len(strokes) == 0 {
		return
	}
	when := newRowTimes(&p.o)
	p.put(`<div class="wide" tabindex="0" role="region" aria-label="Connection %d, row by row"><table class="rows"><caption>Row by row</caption>`, r.Number)
	p.put("<thead><tr><th scope=col>#<th scope=col>%s<th scope=col>From<th scope=col>What<th scope=col>What it means</tr></thead><tbody>", opening(when.head()))
	for i := range strokes {
		if i == maxPageSentences {
			p.put("<tr><td><td><td><td><td>%s more rows are explained with script only.</tr>", count(uint64(len(strokes)-i)))
			break
		}
		p.sentence(&strokes[i])
	}
	p.put("</tbody></table></div>")
}

func (p *page) sentence(s *stroke) {
	from, means := "", ""
	switch s.kind {
	case strokeSegment:
		from, means = s.event.From.String(), s.event.Sentence()
	case strokeCall:
		from = s.side.String()
	}
	if s.event != nil {
		othersComments(s.event.Packet, func(c string) bool {
			means += " Comment: " + cutMiddle(clipBytes(c, 4*maxCommentWidth), maxCommentWidth, &p.g)
			return true
		})
	}
	what := strings.TrimSpace(s.text() + " " + s.payload)
	p.put("<tr><td>%s<td>%s<td>%s<td>%s<td>%s</tr>", s.numbered(), s.time(wideTime), from, svgText(what), svgText(safeText(strings.TrimSpace(means), &p.g)))
}
