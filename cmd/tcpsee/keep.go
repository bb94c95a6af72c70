package main

import "tcpsee/capture"

// What a live capture keeps of each frame. Whatever goes over a wire in one
// piece is drawn whole; longer are only those that segmentation offload made or
// glued together, of 64 KiB on loopback, at gigabytes a second. To copy all of
// that would cost packets, and no view shows more of it. What is saved is saved
// whole, from a larger buffer.
const (
	drawnBytes  = 9216 // a jumbo frame with room for tags
	drawnBuffer = 32 << 20
	savedBuffer = 64 << 20
)

// keeping fills in how much of each frame o keeps, where nobody says, and how
// much the kernel keeps for us meanwhile.
func keeping(o capture.LiveOptions, p *pictureFlags, s *saveFlags) capture.LiveOptions {
	if s.file != "" || p.savesPackets() {
		o.BufferBytes = savedBuffer
		return o
	}
	o.BufferBytes = drawnBuffer
	if o.SnapLen == 0 {
		o.SnapLen = drawnBytes
	}
	return o
}

// savesPackets reports whether one of -o is a file of packets.
func (p *pictureFlags) savesPackets() bool {
	for _, o := range p.outputs {
		if _, word := wordFormat(o); word {
			continue
		}
		if f, _ := fileFormat(o); f.name == packetFormat {
			return true
		}
	}
	return false
}
