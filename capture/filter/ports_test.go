package filter

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPorts(t *testing.T) {
	for expr, want := range map[string][]uint16{
		"":                           nil,
		"tcp":                        nil,
		"port 3000":                  {3000},
		"tcp port 3000 or 4000":      {3000, 4000},
		"dst port http or port 80":   {80},
		"host 10.0.0.1 and port 53":  {53},
		"(port 1 or (src port 2))":   {1, 2},
		"not port 22 and port 80":    {80},
		"portrange 1-9":              nil,
		"tcp[13] & 2 != 0":           nil,
		"host 10.0.0.1":              nil,
		"not (port 22 or port 3000)": nil,
	} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Ports(); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", expr, got, want)
		}
	}
	var many []string
	for p := range 100 {
		many = append(many, fmt.Sprintf("port %d", p+1))
	}
	e, err := Parse(strings.Join(many, " or "))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(e.Ports()); n != maxPorts {
		t.Errorf("%d ports", n)
	}
	if (*Expr)(nil).Ports() != nil {
		t.Error("ports of no expression")
	}
}
