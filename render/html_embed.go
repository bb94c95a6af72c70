package render

import (
	"cmp"
	"encoding/base64"
	"io"
	"slices"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// embed writes the captured packets of the page's connections as a link to a
// pcapng file that is part of the page. It works without script, and the
// script finds the file there.
func (p *page) embed(records []*conn.Record) {
	if !p.o.Embed {
		return
	}
	list := p.embeddings(records)
	if !slices.ContainsFunc(list, func(x embedded) bool { return x.frame != nil }) {
		p.put("<p>No packet could be embedded.</p>")
		return
	}
	p.out.buf = append(p.out.buf, `<p><a id="capture" download="tcpsee.pcapng" href="data:application/octet-stream;base64,`...)
	text := base64.NewEncoder(base64.StdEncoding, &p.out)
	file := &counted{w: text}
	frames, err := p.writeFrames(file, list)
	text.Close()
	p.put(`">Save the packets as pcapng</a> (%s, %s), for tcpsee, Wireshark and others.</p>`, plural(uint64(frames), "packet"), bytesText(uint64(file.n)))
	if err != nil {
		p.put("<p>The packets after these could not be embedded.</p>")
	}
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += n
	return n, err
}

// embedded is a packet or a socket call on its way into the file. A call has
// the place of the packet before it.
type embedded struct {
	file   int
	number int64
	frame  *capture.Frame
	call   []byte
}

// writeFrames writes packets and calls in the order of their capture, each once,
// and returns how many packets.
func (p *page) writeFrames(w io.Writer, list []embedded) (int, error) {
	slices.SortStableFunc(list, func(a, b embedded) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.number, b.number))
	})
	var ifaces []capture.Interface
	var o capture.WriterOptions
	if c := p.rec.Capture(); c != nil {
		ifaces, o.Comment = c.Interfaces, c.Anonymized
	}
	out, frames := capture.NewWriter(w, o), 0
	var last *embedded
	for i := range list {
		x := &list[i]
		if x.frame == nil {
			if err := out.WriteCustom(x.call); err != nil {
				return frames, err
			}
			continue
		}
		if last != nil && last.file == x.file && last.number == x.number {
			continue // two connections have it, an ICMP error
		}
		last = x
		if err := out.WriteFrame(x.frame, ifaces); err != nil {
			return frames, err
		}
		frames++
	}
	return frames, out.Close()
}

func (p *page) embeddings(records []*conn.Record) []embedded {
	var list []embedded
	for _, r := range records {
		var here embedded
		for i := range r.Events {
			e := &r.Events[i]
			switch {
			case e.Packet != nil && e.Packet.Frame != nil:
				f := *e.Packet.Frame
				f.Data, _ = framePart(e.Packet, p.o.NoPayload)
				here = embedded{file: f.File, number: f.Number}
				list = append(list, embedded{here.file, here.number, &f, nil})
			case e.Call != nil && p.o.SavedCall != nil:
				list = append(list, embedded{here.file, here.number, nil, p.o.SavedCall(e)})
			}
		}
	}
	return list
}
