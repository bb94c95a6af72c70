package render

import (
	"io"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// jsonArray writes the objects of ndjson as one array.
type jsonArray struct {
	ndjson
	some  bool // an object was written
	ended bool
}

// NewJSON returns a Renderer that writes one JSON array to w, of the objects
// that NewNDJSON writes. With o.Full each packet has its whole field trees.
func NewJSON(w io.Writer, o Options) Renderer {
	return &jsonArray{ndjson: ndjson{out: newOutput(w), o: o}}
}

func (j *jsonArray) needs() Needs {
	n := j.ndjson.needs()
	if j.o.Full && !j.o.Summary {
		n |= NeedsDetail
	}
	return n
}

func (j *jsonArray) Event(e *conn.Event) error {
	if j.o.Conn != 0 && e.Conn != j.o.Conn && e.Type != conn.TypeCapture {
		return j.out.err
	}
	start := len(j.out.buf)
	b := append(j.out.buf, ",\n"...)
	if !j.some {
		b = append(j.out.buf, "[\n"...)
	}
	begun := len(b)
	b = j.object(b, e)
	if len(b) == begun {
		j.out.buf = b[:start]
		return j.out.err
	}
	j.some = true
	b = b[:len(b)-1] // the line feed
	if j.o.Full && e.Packet != nil && e.Packet.Frame != nil {
		b = append(appendFields(b[:len(b)-1], e, &j.o), '}')
	}
	j.out.buf = b
	return j.out.settle()
}

// Close ends the array.
func (j *jsonArray) Close() error {
	if !j.ended {
		j.ended = true
		if !j.some {
			j.out.buf = append(j.out.buf, '[')
		}
		j.out.buf = append(j.out.buf, "\n]\n"...)
	}
	return j.out.flush()
}

// appendFields appends the field trees of a packet.
func appendFields(b []byte, e *conn.Event, o *Options) []byte {
	b = append(b, `,"fields":[`...)
	for i, l := range fieldsOf(e, o) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"layer":"`...)
		b = append(b, layerName(l.Kind)...)
		b = appendIntValue(b, `","osi":`, l.OSI)
		b = appendIntValue(b, `,"offset":`, l.Offset)
		b = appendIntValue(b, `,"length":`, l.Length)
		if l.Joined {
			b = append(b, `,"joined":true`...)
		}
		if l.Quoted {
			b = append(b, `,"quoted":true`...)
		}
		b = append(appendFieldList(append(b, `,"fields":`...), l.Fields), '}')
	}
	return append(b, ']')
}

// appendFieldList appends fields, each with its parts.
func appendFieldList(b []byte, fields []dissect.Field) []byte {
	b = append(b, '[')
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(append(b, `{"name":`...), f.Name)
		b = appendJSONString(appendKey(b, "value"), f.Value)
		b = appendStringKey(b, "meaning", f.Meaning)
		b = appendIntValue(b, `,"bit":`, f.Bit)
		b = appendIntValue(b, `,"bits":`, f.Bits)
		if len(f.Parts) > 0 {
			b = appendFieldList(appendKey(b, "fields"), f.Parts)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
