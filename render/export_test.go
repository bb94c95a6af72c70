package render

import "tcpsee/dissect/conn"

// ScenePage is a scene whose page is looked at in a browser.
type ScenePage struct {
	Events []conn.Event
	Options
}

// SegmentWithOptions is a segment with these options, of which the capture lacks
// some bytes.
func SegmentWithOptions(options []byte, missing int) []conn.Event {
	s := newScene("2025-11-20 16:39:16.442830")
	l := s.link(1, "10.9.0.1:50000", "10.9.0.2:80", 0xfffffff0, 1000)
	l.timestamps = false
	l.send(0, conn.Client, segment{flags: ack, seq: 17, ack: 5, win: 7, options: options})
	t := &s.events[0].Packet.TCP
	t.Header = int32(20 + len(t.Options))
	t.Options = t.Options[:max(0, len(t.Options)-missing)]
	return s.events
}

// ScenePages are scenes that no capture of testdata has.
func ScenePages() map[string]ScenePage {
	bad, o := hostile()
	c := chat()
	two, files := halves()
	c.events[1].Packet.Frame.Comments = []string{"look here", CommentMark + "not this", "and <b>here</b>"}
	return map[string]ScenePage{
		"hostile":   {bad.events, o},
		"distant":   {distant().events, Options{}},
		"ticks":     {ticks().events, Options{}},
		"clock":     {distant().events, Options{Time: TimeClock}},
		"delta":     {distant().events, Options{Time: TimeDelta}},
		"halves":    {two.events, files},
		"calls":     {calls().events, Options{}},
		"several":   {several().events, Options{Files: []string{"a.pcap", "b.pcap"}}},
		"labels":    {labels().events, Options{}},
		"sizes":     {carried().events, Options{}},
		"ipv6":      {ipv6().events, Options{Notes: true}},
		"commented": {c.events, Options{}},
		"hundred":   {long(100).events, Options{}},
		"large":     {long(10_000).events, Options{}},
	}
}
