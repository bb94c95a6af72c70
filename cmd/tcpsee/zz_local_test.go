package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

func cpu() int64 {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

func TestLocal(t *testing.T) {
	name, mode := os.Getenv("F"), os.Getenv("M")
	if name == "" {
		t.Skip()
	}
	for range 3 {
		src, err := capture.OpenFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := cpu()
		n := int64(0)
		var d dissect.Decoder
		var p dissect.Packet
		tr := conn.New(conn.Options{Quiet: true})
		each := func(do func(*capture.Frame)) {
			for {
				frames, err := src.Next()
				for i := range frames {
					do(&frames[i])
				}
				n += int64(len(frames))
				if err != nil {
					return
				}
			}
		}
		switch mode {
		case "iterate":
			each(func(f *capture.Frame) {})
		case "decode":
			each(func(f *capture.Frame) { d.Decode(f, &p) })
		case "track":
			each(func(f *capture.Frame) { d.Decode(f, &p); tr.Add(&p) })
		default:
			var r render.Renderer
			switch mode {
			case "summary":
				r = render.NewSummary(io.Discard, render.Options{})
			case "ndjson":
				r = render.NewNDJSON(io.Discard, render.Options{})
			case "timeline":
				r = render.NewTimeline(io.Discard, render.Options{})
			}
			l := &loop{src: src, renderers: []render.Renderer{r}}
			l.run(context.Background())
			n = l.total.Frames
		}
		src.Close()
		fmt.Printf("%s %s: %d ns cpu/packet\n", name, mode, (cpu()-c)/max(n, 1))
	}
}
