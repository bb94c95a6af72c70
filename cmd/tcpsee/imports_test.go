package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what `go list -json` says of a package, as far as it is needed.
type listed struct {
	ImportPath   string
	Imports      []string
	GoFiles      []string
	Dir          string
	Standard     bool
	TestGoFiles  []string
	CgoFiles     []string
	XTestGoFiles []string
}

// listPackages lists packages without regard to the profile that the command is
// compiled with: with it each would stand there once more.
func listPackages(t *testing.T, patterns ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-pgo=off", "-json"}, patterns...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ps []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}

// allowed says which packages of ours each package may import: the direction
// is cmd, render, dissect/conn, dissect, capture.
var allowed = map[string][]string{
	"tcpsee/capture":         {},
	"tcpsee/capture/filter":  {"tcpsee/capture"},
	"tcpsee/capture/drive":   {},
	"tcpsee/dissect":         {"tcpsee/capture"},
	"tcpsee/dissect/segtest": {"tcpsee/capture", "tcpsee/dissect"},
	"tcpsee/dissect/conn":    {"tcpsee/capture", "tcpsee/dissect"},
	"tcpsee/render":          {"tcpsee/capture", "tcpsee/dissect", "tcpsee/dissect/conn"},
	"tcpsee/cmd/tcpsee": {"tcpsee/capture", "tcpsee/capture/drive", "tcpsee/capture/filter",
		"tcpsee/dissect", "tcpsee/dissect/conn", "tcpsee/render"},
}

func TestImportsRunOneWay(t *testing.T) {
	seen := 0
	for _, p := range listPackages(t, "./...") {
		may, ok := allowed[p.ImportPath]
		if !ok {
			t.Errorf("package %s has no place in the design", p.ImportPath)
			continue
		}
		seen++
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "tcpsee/") && !slices.Contains(may, i) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s has cgo files %v", p.ImportPath, p.CgoFiles)
		}
	}
	if seen != len(allowed) {
		t.Errorf("saw %d packages of %d", seen, len(allowed))
	}
}

// places says where third-party modules may be imported. A value that ends in
// .go is the one file that may.
var places = map[string][]string{
	"github.com/google/gopacket":        {"tcpsee/capture", "tcpsee/dissect"},
	"github.com/spf13/cobra":            {"tcpsee/cmd/tcpsee"},
	"github.com/olekukonko/tablewriter": {"tcpsee/render"},
}

func TestThirdPartyKeepsItsPlace(t *testing.T) {
	used := make(map[string]int)
	for _, p := range listPackages(t, "./...") {
		for _, i := range p.Imports {
			for module, where := range places {
				if i != module && !strings.HasPrefix(i, module+"/") {
					continue
				}
				used[module]++
				if !slices.Contains(where, p.ImportPath) {
					t.Errorf("%s imports %s", p.ImportPath, i)
				}
			}
		}
	}
	for module := range places {
		if used[module] == 0 {
			t.Errorf("%s is not used", module)
		}
	}
}

func TestTablewriterIsInOneFile(t *testing.T) {
	var files []string
	for _, p := range listPackages(t, "./render") {
		for _, f := range p.GoFiles {
			b, err := os.ReadFile(p.Dir + "/" + f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), `"github.com/olekukonko/tablewriter`) {
				files = append(files, f)
			}
		}
	}
	if len(files) != 1 {
		t.Errorf("tablewriter is imported in %v", files)
	}
}

func TestTopLevel(t *testing.T) {
	want := []string{"LICENSE", "Makefile", "README.md", "capture", "cmd", "dissect", "go.mod", "go.sum", "render", "testdata"}
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			got = append(got, e.Name())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("top level is %v, want %v", got, want)
	}
}
