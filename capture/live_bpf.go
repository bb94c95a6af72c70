package capture

import "encoding/binary"

// bpfHeaderLen is the least that a record of /dev/bpf begins with on macOS:
// struct bpf_hdr, which is a time (seconds 4, microseconds 4), the captured
// length 4, the length on the wire 4 and its own length 2.
const bpfHeaderLen = 18

// bpfAlign is what records are aligned to on macOS: BPF_WORDALIGN goes by
// the size of an int32_t there, not by that of a long.
const bpfAlign = 4

// splitBPF appends the packets of one read from /dev/bpf to frames. What
// does not make sense, and all after it, is left out: there is no way to find
// the next record.
func splitBPF(frames []Frame, buf []byte, link LinkType) []Frame {
	for len(buf) >= bpfHeaderLen {
		sec := int32(binary.NativeEndian.Uint32(buf[0:]))
		usec := int32(binary.NativeEndian.Uint32(buf[4:]))
		captured := int(binary.NativeEndian.Uint32(buf[8:]))
		wire := int(binary.NativeEndian.Uint32(buf[12:]))
		header := int(binary.NativeEndian.Uint16(buf[16:]))
		if header < bpfHeaderLen || captured < 0 || header > len(buf) || captured > len(buf)-header {
			return frames
		}
		end := header + captured
		frames = append(frames, Frame{
			Time:    Stamp(int64(sec)*1e9 + int64(usec)*1e3),
			Data:    buf[header:end:end],
			OrigLen: max(wire, captured),
			Link:    link,
		})
		buf = buf[min(len(buf), (end+bpfAlign-1)&^(bpfAlign-1)):]
	}
	return frames
}
