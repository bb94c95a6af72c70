package conn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fileFacts say in which files places are, and how these are called. The zero
// value is one file without a name.
type fileFacts struct {
	places *places
	names  []string
	spread bool // what the verdict may name lies in several files, and so files are named
}

// call gives a file as the text of a verdict names it.
func (l *fileFacts) call(file int) string {
	if file >= 0 && file < len(l.names) && l.names[file] != "" {
		return l.names[file]
	}
	return "file " + strconv.Itoa(file+1)
}

// located is a frame in a sentence: its number, "?" where that is not known any
// more, and its file where it is named.
type located struct {
	number int64
	file   string
}

// Format implements fmt.Formatter, so that the verbs of numbers write it.
func (l located) Format(w fmt.State, _ rune) {
	b := make([]byte, 0, 64)
	if l.number == 0 {
		b = append(b, '?')
	} else {
		b = strconv.AppendInt(b, l.number, 10)
	}
	if l.file != "" {
		b = append(append(b, " in "...), l.file...)
	}
	_, _ = w.Write(b) // fmt's own buffer takes all
}

// locate says where a place is.
func (j *judgement) locate(p place) located {
	file, number := j.f.files.places.frame(p)
	if !j.f.files.spread || number == 0 {
		return located{number: number}
	}
	return located{number, j.f.files.call(file)}
}

// name puts frames in the stead of places.
func (j *judgement) name(args []any) {
	for i, a := range args {
		if p, ok := a.(place); ok {
			args[i] = j.locate(p)
		}
	}
}

// list writes frames in the order of time: "(8 9 10)", and with several files
// "(8 9 in a.pcap, 1 in b.pcap)".
func (j *judgement) list(frames ...place) string {
	if j.brief {
		return ""
	}
	var b strings.Builder
	b.WriteByte('(')
	before := located{}
	for i, p := range tidy(slices.Clone(frames)) {
		l := j.locate(p)
		if i > 0 && l.file != before.file {
			b.WriteString(" in " + before.file + ",")
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d", located{number: l.number})
		before = l
	}
	if before.file != "" {
		b.WriteString(" in " + before.file)
	}
	b.WriteByte(')')
	return b.String()
}

// among is locate for a frame after a list that has it: where that is all in one
// file, it has been named.
func (j *judgement) among(p place, list []place) located {
	l := j.locate(p)
	for _, x := range list {
		if x != 0 && j.locate(x).file != l.file {
			return l
		}
	}
	return located{number: l.number}
}

// giveEvidence gives the frames that show the verdict, in the order of time.
func (j *judgement) giveEvidence() {
	l, v := &j.f.files, &j.v
	for _, p := range tidy(j.evidence) {
		file, number := l.places.frame(p)
		if number == 0 {
			continue
		}
		v.Evidence = append(v.Evidence, number)
		if l.spread {
			v.EvidenceFiles = append(v.EvidenceFiles, file)
			v.EvidenceNames = append(v.EvidenceNames, l.call(file))
		}
	}
}

// tidy sorts places and leaves out zeros and repeats.
func tidy(frames []place) []place {
	frames = slices.DeleteFunc(frames, func(p place) bool { return p == 0 })
	slices.Sort(frames)
	return slices.Compact(frames)
}
