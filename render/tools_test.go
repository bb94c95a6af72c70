package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/dissect/conn"
)

// These tests give diagrams to the programs that they are for.

// mermaidDirectory is the variable that names a directory in whose
// node_modules mermaid and jsdom are: npm install --prefix DIRECTORY mermaid
// jsdom.
const mermaidDirectory = "TCPSEE_MERMAID"

// needTool skips where a program is absent.
func needTool(t *testing.T, name string) {
	t.Helper()
	if testing.Short() {
		t.Skip("other programs take their time")
	}
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no %s here: %v", name, err)
	}
}

func toolOutput(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// drawnScene is a scene in a file.
type drawnScene struct {
	name, file string
	segments   int // that the diagram has an arrow for
}

// drawScenes draws every scene, and the one of an attacker, into files.
func drawScenes(t *testing.T, ending string, make func(io.Writer, Options) Renderer) (list []drawnScene) {
	t.Helper()
	dir := t.TempDir()
	add := func(name string, s *scene, o Options) {
		o.Full = true
		text := draw(t, s, func(w *bytes.Buffer) Renderer { return make(w, o) })
		d := drawnScene{name, filepath.Join(dir, name+ending), 0}
		if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, e := range s.events {
			if e.Type == conn.TypeSegment && e.Conn == 1 {
				d.segments++
			}
		}
		list = append(list, d)
	}
	for _, sc := range scenes {
		add(sc.name, sc.make(), drawn(Options{}, sc.name))
	}
	s, o := hostile()
	add("hostile", s, o)
	return list
}

func filesOf(list []drawnScene) (files []string) {
	for _, d := range list {
		files = append(files, d.file)
	}
	return files
}

// TestMermaidReads gives diagrams to mermaid, which must find our two ends and
// our arrows in them and nothing that a payload made up.
func TestMermaidReads(t *testing.T) {
	needTool(t, "node")
	dir := os.Getenv(mermaidDirectory)
	if dir == "" {
		t.Skipf("%s names no directory with mermaid", mermaidDirectory)
	}
	list := drawScenes(t, ".mmd", NewMermaid)
	out := toolOutput(t, "node", append([]string{"testdata/mermaid/parse.mjs", dir}, filesOf(list)...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(list) {
		t.Fatalf("%d answers for %d diagrams", len(lines), len(list))
	}
	for i, d := range list {
		var read struct {
			DiagramType string
			Actors      []string
			Messages    []struct{ From, To, Text string }
		}
		if err := json.Unmarshal([]byte(lines[i]), &read); err != nil {
			t.Fatal(err)
		}
		if read.DiagramType != "sequence" || fmt.Sprint(read.Actors) != "[C S]" {
			t.Errorf("%s: mermaid reads a %s diagram of %v", d.name, read.DiagramType, read.Actors)
		}
		segments := 0
		for _, m := range read.Messages {
			_, what, numbered := strings.Cut(m.Text, ": ") // behind the frame's number
			if !numbered {
				continue
			}
			kind, _, _ := strings.Cut(what, " ")
			switch kind {
			case "SYN", "SYN-ACK", "ACK", "DATA", "FIN", "RST", "OTHER":
				if m.From != m.To {
					segments++
				}
			}
		}
		if segments != d.segments {
			t.Errorf("%s: mermaid reads %d segments of %d", d.name, segments, d.segments)
		}
	}
}

// TestPlantUMLReads gives diagrams to PlantUML, which must draw them.
func TestPlantUMLReads(t *testing.T) {
	needTool(t, "plantuml")
	list := drawScenes(t, ".puml", NewPlantUML)
	toolOutput(t, "plantuml", append([]string{"-tsvg", "-failfast2", "-charset", "UTF-8"}, filesOf(list)...)...)
	for _, d := range list {
		b, err := os.ReadFile(strings.TrimSuffix(d.file, ".puml") + ".svg")
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		text := strings.ReplaceAll(xmlText(t, d.name, b), "\u00a0", " ")
		if got := strings.Count(text, "DATA") + strings.Count(text, "SYN") + strings.Count(text, "ACK") + strings.Count(text, "RST") + strings.Count(text, "FIN"); got < d.segments {
			t.Errorf("%s: PlantUML draws %d segments of %d", d.name, got, d.segments)
		}
		if d.name == "hostile" && !strings.Contains(text, "!include /etc/passwd") {
			t.Errorf("%s: the payload !include /etc/passwd is not drawn as it is", d.name)
		}
		if strings.Contains(text, "root:") || bytes.Contains(b, []byte("<a ")) || bytes.Contains(b, []byte("<image")) {
			t.Errorf("%s: PlantUML obeys a payload", d.name)
		}
	}
}

// TestSVGRasterises gives pictures to a validating parser and to a program
// that makes pixels of them.
func TestSVGRasterises(t *testing.T) {
	needTool(t, "xmllint")
	needTool(t, "rsvg-convert")
	list := drawScenes(t, ".svg", NewSVG)
	toolOutput(t, "xmllint", append([]string{"--noout", "--nonet"}, filesOf(list)...)...)
	for _, d := range list {
		if d.name == "hostile" {
			continue // longer than a picture of pixels can be
		}
		png := d.file + ".png"
		toolOutput(t, "rsvg-convert", "--background-color", "white", "-o", png, d.file)
		f, err := os.Open(png)
		if err != nil {
			t.Fatal(err)
		}
		picture, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		if r := picture.Bounds(); r.Dx() < 600 || r.Dy() < 100 || inked(picture) < 2000 {
			t.Errorf("%s: %v with %d pixels that are not white", d.name, r, inked(picture))
		}
	}
}

// inked counts the pixels that something was drawn on.
func inked(p image.Image) (n int) {
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y++ {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
			if r, g, b, _ := p.At(x, y).RGBA(); r+g+b < 3*0xf000 {
				n++
			}
		}
	}
	return n
}

// TestLaTeXCompiles gives documents to LaTeX where it is installed; the
// structure is checked everywhere.
func TestLaTeXCompiles(t *testing.T) {
	list := drawScenes(t, ".tex", NewLaTeX)
	for _, d := range list {
		b, err := os.ReadFile(d.file)
		if err != nil {
			t.Fatal(err)
		}
		checkLaTeX(t, d.name, string(b))
	}
	if _, err := exec.LookPath("pdflatex"); err != nil || testing.Short() {
		t.Logf("not compiled: short, or %v", err)
		return
	}
	for _, d := range list {
		toolOutput(t, "pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "-output-directory", filepath.Dir(d.file), d.file)
	}
}

// checkLaTeX holds braces, environments and cells against each other, and
// looks for characters that LaTeX cannot read.
func checkLaTeX(t *testing.T, name, doc string) {
	t.Helper()
	_, body, ok := strings.Cut(doc, `\begin{document}`)
	if !ok || !strings.HasSuffix(doc, "\\end{document}\n") {
		t.Errorf("%s: no document", name)
	}
	depth, rows := 0, 0
	for line := range strings.Lines(body) {
		cells := 1
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '\\':
				i++
			case c == '{':
				depth++
			case c == '}':
				depth--
			case c == '&':
				cells++
			case c == '%' || c == '#' || c == '~' || c == '^' || c == '_':
				t.Errorf("%s: a bare %c in %q", name, c, line)
			case c < 0x20 && c != '\n':
				t.Errorf("%s: control character %x", name, c)
			}
		}
		if strings.HasSuffix(line, "\\\\\n") {
			if rows++; cells != 5 {
				t.Errorf("%s: %d cells in %q", name, cells, line)
			}
		}
		if depth < 0 {
			t.Fatalf("%s: a brace too many in %q", name, line)
		}
	}
	if depth != 0 || rows < 2 || strings.Count(body, `\begin{`) != strings.Count(body, `\end{`)-1 {
		t.Errorf("%s: depth %d, %d rows", name, depth, rows)
	}
}

// xmlText gathers the character data of a document.
func xmlText(t *testing.T, name string, doc []byte) string {
	t.Helper()
	var b strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c, ok := tok.(xml.CharData); ok {
			b.Write(c)
			b.WriteByte('\n')
		}
	}
}
