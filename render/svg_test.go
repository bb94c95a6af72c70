package render

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkXML parses a document strictly and reports elements and attributes that
// a picture must not have.
func checkXML(t *testing.T, name, doc string) (text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	var b strings.Builder
	open := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			open++
			switch x.Name.Local {
			case "svg", "title", "desc", "text", "tspan", "line", "path", "rect", "g":
			default:
				t.Errorf("%s: element %s", name, x.Name.Local)
			}
			for _, a := range x.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Errorf("%s: attribute %s", name, a.Name.Local)
				}
			}
		case xml.EndElement:
			open--
		case xml.CharData:
			b.Write(x)
		}
	}
	if open != 0 {
		t.Errorf("%s: %d elements are not closed", name, open)
	}
	return b.String()
}

func TestSVG(t *testing.T) {
	for _, sc := range scenes {
		out := draw(t, sc.make(), func(w *bytes.Buffer) Renderer { return NewSVG(w, drawn(Options{}, sc.name)) })
		text := checkXML(t, sc.name, out)
		for _, want := range []string{"client", "server", "SYN", "connection 1"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing", sc.name, want)
			}
		}
		if sc.name == "chat" {
			golden(t, "chat.svg", out)
		}
		if strings.Count(out, "<title") != 1 || strings.Count(out, "<desc") != 1 {
			t.Errorf("%s: title and description", sc.name)
		}
	}
}

func TestDiagramsOfHostileText(t *testing.T) {
	s, o := hostile()
	for ext, make := range map[string]func(io.Writer, Options) Renderer{"svg": NewSVG, "mmd": NewMermaid, "puml": NewPlantUML, "md": NewMarkdown, "txt": NewLadder} {
		out := draw(t, s, func(w *bytes.Buffer) Renderer { return make(w, o) })
		for _, r := range out {
			if r < 0x20 && r != '\n' || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%s: character %U", ext, r)
			}
		}
		if dir := os.Getenv("TCPSEE_PICTURES"); dir != "" {
			os.WriteFile(filepath.Join(dir, "hostile."+ext), []byte(out), 0o644)
		}
		switch ext {
		case "svg":
			checkXML(t, "hostile", out)
		case "mmd":
			checkMermaid(t, out)
		case "puml":
			checkPlant(t, out)
		case "md":
			checkMarkdown(t, out)
		}
	}
}

// checkMermaid makes sure that every line is a statement of ours.
func checkMermaid(t *testing.T, out string) {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i, l := range lines[1:] {
		l = strings.TrimPrefix(l, "    ")
		head, text, _ := strings.Cut(l, ": ")
		switch {
		case strings.HasPrefix(l, "accTitle: "), strings.HasPrefix(l, "participant C as "), strings.HasPrefix(l, "participant S as "), strings.HasPrefix(l, "%% "):
			text = strings.ReplaceAll(l, "<br/>", "")
		case strings.HasPrefix(head, "Note "):
			text = strings.ReplaceAll(text, "<br/>", "")
		case strings.HasPrefix(head, "C-"), strings.HasPrefix(head, "S-"):
		default:
			t.Errorf("line %d is no statement of ours: %s", i+2, l)
		}
		if strings.ContainsAny(text, "<>\"`[]{}") || strings.Contains(text, "%%{") {
			t.Errorf("line %d: %s", i+2, l)
		}
	}
}

func checkPlant(t *testing.T, out string) {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if lines[0] != "@startuml" || lines[len(lines)-1] != "@enduml" || strings.Count(out, "@") != 2 {
		t.Error("more begins or ends than the diagram")
	}
	for i, l := range lines {
		if strings.HasPrefix(l, "!") || strings.Contains(l, "[[") || strings.Contains(l, "<b>") || strings.Contains(l, "<&") {
			t.Errorf("line %d: %s", i+1, l)
		}
	}
}

func checkMarkdown(t *testing.T, out string) {
	body, fenced, ok := strings.Cut(out, "```text\n")
	if !ok || strings.Count(out, "```") != 2 {
		t.Fatalf("%d fences", strings.Count(out, "```"))
	}
	_ = fenced
	for i, l := range strings.Split(body, "\n") {
		if strings.ContainsAny(l, "<>") || strings.Contains(l, "](") || strings.Contains(l, "://") {
			t.Errorf("line %d: %s", i+1, l)
		}
		if strings.HasPrefix(l, "|") {
			if n := strings.Count(strings.ReplaceAll(strings.ReplaceAll(l, `\\`, ""), `\|`, ""), "|"); n != 8 {
				t.Errorf("line %d has %d bars: %s", i+1, n, l)
			}
		}
	}
}

func TestChoices(t *testing.T) {
	s := several()
	out := draw(t, s, func(w *bytes.Buffer) Renderer { return NewLadder(w, Options{Conn: 2}) })
	if !strings.HasPrefix(out, "connection 2") {
		t.Errorf("%.60s", out)
	}
	r := NewLadder(io.Discard, Options{Conn: 99})
	for i := range s.events {
		r.Event(&s.events[i])
	}
	err := r.Close()
	if err == nil || !strings.Contains(err.Error(), "draw connection 99: there is none; there are 1 (") {
		t.Errorf("%v", err)
	}
	out = draw(t, s, func(w *bytes.Buffer) Renderer { return NewLadder(w, Options{}) })
	if !strings.Contains(out, "--conn N draws another") {
		t.Error("that there are other connections is not said")
	}
	out = draw(t, &scene{}, func(w *bytes.Buffer) Renderer { return NewMermaid(w, Options{}) })
	if !strings.Contains(out, "no connection") {
		t.Error(out)
	}
}

// TestDiagramsNumberFrames holds that each row of a diagram has the number that
// its verdict calls it by.
func TestDiagramsNumberFrames(t *testing.T) {
	for name, make := range map[string]func(io.Writer, Options) Renderer{"mermaid": NewMermaid, "plantuml": NewPlantUML} {
		out := draw(t, refused(), func(w *bytes.Buffer) Renderer { return make(w, Options{}) })
		if !strings.Contains(out, ": 3: SYN seq=0\n") || !strings.Contains(out, ": 4: RST ack=1\n") || !strings.Contains(out, "refused (4)") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}
