package capture_test

import (
	"bytes"
	"fmt"
	"io"

	"tcpsee/capture"
)

func ExampleNewReader() {
	// A file in memory, with one frame of four bytes.
	var file bytes.Buffer
	w := capture.NewWriter(&file, capture.WriterOptions{})
	ifaces := []capture.Interface{{Name: "lo", Link: capture.LinkRaw}}
	frame := capture.Frame{Time: 1700000000e9, Data: []byte{0x45, 0, 0, 40}, OrigLen: 40, Link: capture.LinkRaw}
	if err := w.WriteFrame(&frame, ifaces); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}

	s, err := capture.NewReader("memory", &file)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for {
		frames, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			break
		}
		for _, f := range frames {
			name := s.Interfaces()[f.Interface].Name
			fmt.Printf("%d %s %s %d of %d bytes\n", f.Number, f.Time.Time().Format("15:04:05"), name, len(f.Data), f.OrigLen)
		}
	}
	// Output: 1 22:13:20 lo 4 of 40 bytes
}
