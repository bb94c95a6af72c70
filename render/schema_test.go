package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// validator checks values against the part of JSON Schema, draft 2020-12, that
// our schema uses. Names that the schema does not know are errors too, so that
// it says all that is written.
type validator struct {
	root map[string]any
}

func newValidator(t testing.TB) *validator {
	var root map[string]any
	if err := json.Unmarshal([]byte(Schema()), &root); err != nil {
		t.Fatal(err)
	}
	return &validator{root}
}

func (v *validator) check(s map[string]any, x any, at string) error {
	if ref, ok := s["$ref"].(string); ok {
		return v.check(v.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), x, at)
	}
	if all, ok := s["oneOf"].([]any); ok {
		var errs []string
		for _, one := range all {
			if err := v.check(one.(map[string]any), x, at); err == nil {
				return nil
			} else {
				errs = append(errs, err.Error())
			}
		}
		return fmt.Errorf("%s: none of: %s", at, strings.Join(errs, "; "))
	}
	if c, ok := s["const"]; ok && !reflect.DeepEqual(c, x) {
		return fmt.Errorf("%s is %v, want %v", at, x, c)
	}
	if e, ok := s["enum"].([]any); ok && !contains(e, x) {
		return fmt.Errorf("%s is %v, none of %v", at, x, e)
	}
	if t, ok := s["type"]; ok && !hasType(t, x) {
		return fmt.Errorf("%s is %T %v, want %v", at, x, x, t)
	}
	switch x := x.(type) {
	case map[string]any:
		return v.object(s, x, at)
	case []any:
		return v.array(s, x, at)
	case string:
		if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(x) {
			return fmt.Errorf("%s is %q, not %s", at, x, p)
		}
	case float64:
		if m, ok := s["minimum"].(float64); ok && x < m {
			return fmt.Errorf("%s is %v, below %v", at, x, m)
		}
		if m, ok := s["maximum"].(float64); ok && x > m {
			return fmt.Errorf("%s is %v, above %v", at, x, m)
		}
	}
	return nil
}

func contains(list []any, x any) bool {
	for _, e := range list {
		if reflect.DeepEqual(e, x) {
			return true
		}
	}
	return false
}

func hasType(t, x any) bool {
	if list, ok := t.([]any); ok {
		for _, one := range list {
			if hasType(one, x) {
				return true
			}
		}
		return false
	}
	switch x := x.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && x == float64(int64(x))
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return false
}

func (v *validator) object(s map[string]any, x map[string]any, at string) error {
	required, _ := s["required"].([]any)
	for _, r := range required {
		if _, ok := x[r.(string)]; !ok {
			return fmt.Errorf("%s lacks %s", at, r)
		}
	}
	props, _ := s["properties"].(map[string]any)
	for k, val := range x {
		sub, ok := props[k].(map[string]any)
		if !ok {
			sub, ok = s["additionalProperties"].(map[string]any)
		}
		if !ok {
			return fmt.Errorf("%s.%s is not in the schema", at, k)
		}
		if names, ok := s["propertyNames"].(map[string]any); ok {
			if err := v.check(names, k, at+": name"); err != nil {
				return err
			}
		}
		if err := v.check(sub, val, at+"."+k); err != nil {
			return err
		}
	}
	return nil
}

func (v *validator) array(s map[string]any, x []any, at string) error {
	if m, ok := s["minItems"].(float64); ok && float64(len(x)) < m {
		return fmt.Errorf("%s has %d items", at, len(x))
	}
	if m, ok := s["maxItems"].(float64); ok && float64(len(x)) > m {
		return fmt.Errorf("%s has %d items", at, len(x))
	}
	items, ok := s["items"].(map[string]any)
	for i := 0; ok && i < len(x); i++ {
		if err := v.check(items, x[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

// captures are the project's own and those of a corpus beside it.
func captures(t testing.TB) []string {
	ours, _ := filepath.Glob("../testdata/*.pcap")
	corpus, _ := filepath.Glob("../../shared/corpus/dev/*.pcap*")
	if len(corpus) == 0 {
		t.Log("no corpus beside the project: only its own captures are read")
	}
	return append(ours, corpus...)
}

func TestOutputFitsTheSchema(t *testing.T) {
	v := newValidator(t)
	check := func(name string, text []byte) {
		var all []any
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, x := range all {
			kind, _ := x.(map[string]any)["type"].(string)
			def, ok := v.root["$defs"].(map[string]any)[kind].(map[string]any)
			if !ok {
				t.Fatalf("%s: object %d is of type %q", name, i, kind)
			}
			if err := v.check(def, x, kind); err != nil {
				t.Fatalf("%s: object %d: %v", name, i, err)
			}
		}
	}
	for _, s := range scenes {
		check(s.name, []byte(draw(t, s.make(), func(w *bytes.Buffer) Renderer { return NewJSON(w, Options{Notes: true, Files: []string{"a", "b"}}) })))
	}
	for _, name := range captures(t) {
		if strings.Contains(name, "mqtt-limit") { // as the others, and many times as long
			continue
		}
		var b bytes.Buffer
		recorded(t, name, NewJSON(&b, Options{Full: true}))
		check(name, b.Bytes())
	}
}

// TestSchemaNamesEverything holds the lists of words in the schema to those of
// the model.
func TestSchemaNamesEverything(t *testing.T) {
	v := newValidator(t)
	defs := v.root["$defs"].(map[string]any)
	labels := defs["segment"].(map[string]any)["properties"].(map[string]any)["labels"].(map[string]any)["items"].(map[string]any)["enum"].([]any)
	if n := int(conn.TimeWait) + 1; len(labels) != n {
		t.Errorf("%d labels, want %d", len(labels), n)
	}
	for l := conn.Label(0); l <= conn.TimeWait; l++ {
		if !contains(labels, l.String()) {
			t.Errorf("no label %s", l)
		}
	}
	for s := conn.StateUnknown; s <= conn.StateTimeWait; s++ {
		if !contains(defs["state"].(map[string]any)["enum"].([]any), s.String()) {
			t.Errorf("no state %s", s)
		}
	}
	for _, o := range outcomes {
		if !contains(defs["connection"].(map[string]any)["properties"].(map[string]any)["verdict"].(map[string]any)["enum"].([]any), string(o)) {
			t.Errorf("no verdict %s", o)
		}
	}
	if v.root["$id"] != fmt.Sprintf("urn:tcpsee:schema:%d", SchemaVersion) || v.root["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("the schema is %v of %v", v.root["$id"], v.root["$schema"])
	}
}

func TestJSONIsTheLinesOfNDJSON(t *testing.T) {
	for _, s := range scenes {
		var all []json.RawMessage
		text := draw(t, s.make(), func(w *bytes.Buffer) Renderer { return NewJSON(w, Options{}) })
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatalf("%s: %v\n%s", s.name, err, text)
		}
		var lines bytes.Buffer
		for _, x := range all {
			lines.Write(x)
			lines.WriteByte('\n')
		}
		if want := ndjsonOf(t, s.make(), Options{}); lines.String() != want {
			t.Errorf("%s: the array is\n%s\nthe lines are\n%s", s.name, lines.String(), want)
		}
	}
	if got := draw(t, &scene{}, func(w *bytes.Buffer) Renderer { return NewJSON(w, Options{}) }); got != "[\n]\n" {
		t.Errorf("nothing is %q", got)
	}
}

func csvOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewCSV(w, o) })
}

func TestCSV(t *testing.T) {
	golden(t, "csv/chat.csv", csvOf(t, chat(), Options{}))
	golden(t, "csv/labels.csv", csvOf(t, labels(), Options{Files: []string{"a,b.pcap", "c.pcap"}}))
	for _, s := range scenes {
		rows, err := csv.NewReader(strings.NewReader(csvOf(t, s.make(), Options{}))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		segments := 0
		for _, e := range s.make().events {
			if e.Type == conn.TypeSegment {
				segments++
			}
		}
		if len(rows) != segments+1 {
			t.Errorf("%s: %d rows of %d segments", s.name, len(rows), segments)
		}
	}
}

func TestDataHostile(t *testing.T) {
	for _, p := range hostilePayloads() {
		s, o := hostileScene(p, 80)
		text := csvOf(t, s, o)
		checkTerminal(t, strings.ReplaceAll(text, "\r\n", "\n"), 1<<22)
		if rows, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil || len(rows) != 7 {
			t.Fatalf("%q: %d rows, %v", p[:min(len(p), 40)], len(rows), err)
		}
		o.Full = true
		text = draw(t, s, func(w *bytes.Buffer) Renderer { return NewJSON(w, o) })
		if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
			t.Fatalf("%q gives no JSON", p[:min(len(p), 40)])
		}
		for _, c := range text {
			if c < 0x20 && c != '\n' || c >= 0x7f && c < 0xa0 {
				t.Fatalf("%q: control character %#x", p[:min(len(p), 40)], c)
			}
		}
	}
}

func BenchmarkCSV(b *testing.B) { benchmarkSegments(b, download(), NewCSV(io.Discard, Options{})) }
