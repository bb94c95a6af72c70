package render

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"tcpsee/dissect/conn"
)

//go:embed page/style.css
var pageStyle string

// The parts of the page's script, which share one scope, in their order.
var (
	//go:embed page/times.js
	scriptTimes string
	//go:embed page/model.js
	scriptModel string
	//go:embed page/controls.js
	scriptControls string
	//go:embed page/ladder.js
	scriptLadder string
	//go:embed page/play.js
	scriptPlay string
	//go:embed page/detail.js
	scriptDetail string
	//go:embed page/measured.js
	scriptMeasured string
	//go:embed page/plots.js
	scriptPlots string
	//go:embed page/start.js
	scriptStart string

	pageScript = "'use strict';\n(function () {\n" + scriptTimes + scriptModel + scriptControls + scriptLadder + scriptPlay + scriptDetail + scriptMeasured + scriptPlots + scriptStart + "})();\n"
)

// Limits of a page. What is left out is said on it.
const (
	maxPageConnections = 1000
	maxPageEvents      = 20_000
	maxPageBytes       = 16 << 20 // captured bytes in all connections together
	maxPageFrame       = 16 << 10 // captured bytes of one frame; an embedded file has all of them
	maxPagePictures    = 12       // connections that are drawn without script
)

// page gathers connections and writes them as one HTML file.
type page struct {
	out output
	o   Options
	g   glyphs
	rec *conn.Recorder
}

// NewHTML returns a Renderer that writes one self-contained HTML page to w,
// when it is closed: a picture and the text of each connection, which need no
// script, and with script the same to explore. The page asks for nothing from
// any network. It holds o.Conn, else all connections, up to limits that it
// names.
func NewHTML(w io.Writer, o Options) Renderer {
	o.ASCII, o.Color, o.Full, o.Width = false, false, false, DefaultWidth
	o.Files = shortNames(o.Files) // where they lie says more about their owner
	limits := conn.RecordLimits{Conn: o.Conn, Connections: maxPageConnections, Events: maxPageEvents, Bytes: maxPageBytes, FrameBytes: maxPageFrame}
	if o.Embed {
		limits.FrameBytes = 0
	}
	return &page{out: newOutput(w), o: o, g: newGlyphs(false), rec: conn.NewRecorder(limits)}
}

func (p *page) Event(e *conn.Event) error {
	p.rec.Add(e)
	return p.out.err
}

func (p *page) needs() Needs { return NeedsAll | NeedsMeasures }

// Flush writes nothing: the page is written when all is known.
func (p *page) Flush() error { return p.out.err }

func (p *page) Close() error {
	records := p.rec.Connections()
	switch rest := p.rec.Rest(); {
	case len(records) == 0 && (len(rest.Events) > 0 || p.o.Conn == 0):
		records = append(records, rest)
	case len(records) == 1 && len(rest.Events) > 0:
		records = []*conn.Record{withRest(records[0], rest)}
	}
	if len(records) == 0 {
		return fmt.Errorf("draw connection %d: there is none", p.o.Conn)
	}
	data := pageData{o: &p.o, g: &p.g, more: int(p.rec.Left().Connections), put: p.script}
	data.gather(records)
	p.head(records)
	p.static(records, data.ordered)
	p.put(`<script type="application/json" id="data">`)
	data.encode(records)
	p.put("</script>\n<script>%s</script>\n</body>\n</html>", pageScript)
	return p.out.flush()
}

// script writes a piece of what stands in a script element.
func (p *page) script(data []byte) {
	p.out.buf = appendForScript(p.out.buf, data)
	p.out.settle()
}

// withRest gives the only connection what belongs to none, by time: it is the
// server's listen(), or a question for an address, and belongs to its story.
func withRest(r, rest *conn.Record) *conn.Record {
	all, more := *r, rest.Events
	all.Events = make([]conn.Event, 0, len(r.Events)+len(more))
	for i := range r.Events {
		e := &r.Events[i]
		for len(more) > 0 && e.Time.Known() && more[0].Time < e.Time {
			all.Events, more = append(all.Events, more[0]), more[1:]
		}
		all.Events = append(all.Events, *e)
	}
	all.Events = append(all.Events, more...)
	return &all
}

func (p *page) put(format string, args ...any) {
	p.out.buf = fmt.Appendf(p.out.buf, format+"\n", args...)
	p.out.settle()
}

// policy forbids everything but the page's own style and script, by their
// hashes (Content Security Policy Level 3, section 2.3.1). What is written to
// the page as markup is refused as well.
func policy() string {
	return "default-src 'none'; script-src '" + sourceHash(pageScript) + "'; style-src '" + sourceHash(pageStyle) +
		"'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func sourceHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p *page) head(records []*conn.Record) {
	title := recordTitle(records[0], &p.o, &p.g)
	if n := len(records); n > 1 {
		title = fmt.Sprintf("%s connections%s", count(uint64(n)), p.where())
	}
	p.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")
	p.put(`<meta http-equiv="Content-Security-Policy" content="%s">`, policy())
	p.put(`<meta name="viewport" content="width=device-width, initial-scale=1">`)
	p.put(`<meta name="referrer" content="no-referrer">` + "\n" + `<meta name="generator" content="tcpsee">`)
	p.put("<title>%s – tcpsee</title>", svgText(title))
	p.put("<style>%s</style>\n</head>\n<body>", pageStyle)
}

func (p *page) where() string {
	if len(p.o.Files) == 0 {
		return ""
	}
	if n := len(p.o.Files); n > 1 {
		return fmt.Sprintf(" in %s files", count(uint64(n)))
	}
	return " in " + safeName(p.o.Files[0], maxName, &p.g)
}

// remarks says what the page leaves out.
func (p *page) remarks() []string {
	var out []string
	left := p.rec.Left()
	if left.Connections > 0 {
		out = append(out, fmt.Sprintf("The page holds the first %s connections; %s more were seen.", count(maxPageConnections), count(uint64(left.Connections))))
	}
	if left.Events > 0 {
		out = append(out, fmt.Sprintf("The page holds the first %s rows; %s more were seen.", count(maxPageEvents), count(uint64(left.Events))))
	}
	if left.Bytes > 0 {
		out = append(out, fmt.Sprintf("%s of frames are left out: the page holds %s of a frame and %s in all.", bytesText(uint64(left.Bytes)),
			bytesText(maxPageFrame), bytesText(maxPageBytes)))
	}
	if p.o.NoPayload {
		out = append(out, "Payloads are left out.")
	}
	if c := p.rec.Capture(); c != nil {
		out = append(out, captureNotes(c, &p.g)...)
	}
	return out
}

// static writes what is seen without script, and on paper.
func (p *page) static(records []*conn.Record, terms []string) {
	p.put(`<div id="app" hidden></div>`)
	p.put(`<main id="static">`)
	if len(records) > 1 {
		p.put("<h1>%s connections%s</h1>", count(uint64(len(records))), svgText(p.where()))
		p.table(records)
	}
	for i, r := range records {
		if i >= maxPagePictures {
			p.put("<p>Without script the first %d connections are drawn.</p>", maxPagePictures)
			break
		}
		p.connection(r, len(records) == 1)
	}
	p.about(records, terms)
	p.put("</main>")
}

func (p *page) table(records []*conn.Record) {
	p.put(`<div class="wide" tabindex="0" role="region" aria-label="Connections"><table class="conns">`)
	p.put("<thead><tr><th scope=col>#<th scope=col>Client<th scope=col>Server<th scope=col>What<th scope=col>Bytes<th scope=col>Verdict</tr></thead><tbody>")
	for i, r := range records {
		number := count(uint64(r.Number))
		if i < maxPagePictures {
			number = fmt.Sprintf(`<a href="#t%d">%s</a>`, r.Number, number)
		}
		app, bytes, verdict := "", "", ""
		if c := r.End; c != nil {
			app, bytes, verdict = safeName(c.App, maxName, &p.g), bytesText(c.Bytes[0]+c.Bytes[1]), safeName(string(c.Verdict.Outcome), maxName, &p.g)
		}
		p.put("<tr><td>%s<td class=address>%s<td class=address>%s<td>%s<td>%s<td>%s</tr>", number, svgText(endAddress(r, conn.Client, &p.g)), svgText(endAddress(r, conn.Server, &p.g)),
			svgText(app), bytes, svgText(verdict))
	}
	p.put("</tbody></table></div>")
}

// connection writes the picture and the text of one.
func (p *page) connection(r *conn.Record, alone bool) {
	level := 2
	if alone {
		level = 1
	}
	p.put(`<section id="t%d"><h%d>%s</h%d>`, r.Number, level, svgText(opening(recordTitle(r, &p.o, &p.g))), level)
	for _, s := range verdictLines(r, &p.g) {
		p.put(`<p class="verdict">%s</p>`, svgText(s))
	}
	if files := recordFiles(r, &p.o, &p.g); files != "" {
		p.put(`<p class="remark">Files: %s.</p>`, svgText(files))
	}
	strokes := foldedStrokesOf(r, &p.o, &p.g, ladderPreview)
	picture := svgPicture{o: &p.o, g: &p.g, id: fmt.Sprintf("p%d", r.Number), inline: true}
	p.out.buf = append(p.out.buf, `<figure class="wide" tabindex="0" role="group" aria-label="Picture">`...)
	p.out.buf = picture.draw(p.out.buf, r, strokes, nil)
	p.put(`</figure>`)
	p.sentences(r, strokes)
	p.measured(r)
	l := ladder{whole: whole{o: p.o, Kept: &Kept{rec: p.rec}}, g: p.g}
	l.o.Conn = r.Number // no word about the others
	l.draw(r, strokes)
	p.put(`<details><summary>The same as text</summary><pre id="text%d" tabindex="0">%s</pre></details></section>`, r.Number, svgText(strings.TrimRight(string(l.out.buf), "\n")))
}

// appendForScript appends JSON so that it can stand in a script element: what
// could end the element or begin a comment in it is escaped.
func appendForScript(dst, data []byte) []byte {
	for _, c := range data {
		switch c {
		case '<', '>', '&':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
