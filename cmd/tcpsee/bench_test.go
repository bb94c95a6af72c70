package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"tcpsee/capture"
	"tcpsee/capture/filter"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/dissect/segtest"
	"tcpsee/render"
)

// benchBytes is the size of the captures that the benchmarks make.
const benchBytes = 30e6

// benchKinds runs a stage over a capture of each kind. ns/packet is what
// counts; each stage includes those before it.
func benchKinds(b *testing.B, stage func(b *testing.B, src capture.Source)) {
	for _, kind := range segtest.Kinds() {
		var file bytes.Buffer
		made, err := segtest.Generate(&file, kind, benchBytes, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(kind), func(b *testing.B) {
			b.SetBytes(made.Bytes)
			b.ReportAllocs()
			for b.Loop() {
				src, err := capture.NewReader(string(kind), bytes.NewReader(file.Bytes()))
				if err != nil {
					b.Fatal(err)
				}
				stage(b, src)
				src.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(made.Packets), "ns/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// eachFrame hands every frame of a source to do.
func eachFrame(b *testing.B, src capture.Source, do func(*capture.Frame)) {
	for {
		frames, err := src.Next()
		for i := range frames {
			do(&frames[i])
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStage1Iterate(b *testing.B) {
	benchKinds(b, func(b *testing.B, src capture.Source) {
		eachFrame(b, src, func(*capture.Frame) {})
	})
}

func BenchmarkStage2Filter(b *testing.B) {
	e, err := filter.Parse("tcp port 443 and not host 10.0.0.1")
	if err != nil {
		b.Fatal(err)
	}
	benchKinds(b, func(b *testing.B, src capture.Source) {
		match := savedMatchers(e).test()
		eachFrame(b, src, func(f *capture.Frame) { match(f) })
	})
}

func BenchmarkStage2Decode(b *testing.B) {
	benchKinds(b, func(b *testing.B, src capture.Source) {
		var (
			d dissect.Decoder
			p dissect.Packet
		)
		eachFrame(b, src, func(f *capture.Frame) { d.Decode(f, &p) })
	})
}

func BenchmarkStage3Track(b *testing.B) {
	benchKinds(b, func(b *testing.B, src capture.Source) {
		var (
			d dissect.Decoder
			p dissect.Packet
		)
		t := conn.New(conn.Options{Quiet: true})
		eachFrame(b, src, func(f *capture.Frame) {
			d.Decode(f, &p)
			t.Add(&p)
		})
	})
}

// benchView draws whole captures through the loop.
func benchView(b *testing.B, view func(io.Writer) render.Renderer) {
	benchKinds(b, func(b *testing.B, src capture.Source) {
		l := &loop{src: src, renderers: []render.Renderer{view(io.Discard)}}
		if err := l.run(context.Background()); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkStage4Summary(b *testing.B) {
	benchView(b, func(w io.Writer) render.Renderer { return render.NewSummary(w, render.Options{}) })
}

func BenchmarkStage4NDJSON(b *testing.B) {
	benchView(b, func(w io.Writer) render.Renderer { return render.NewNDJSON(w, render.Options{}) })
}

func BenchmarkStage4Timeline(b *testing.B) {
	benchView(b, func(w io.Writer) render.Renderer { return render.NewTimeline(w, render.Options{}) })
}
