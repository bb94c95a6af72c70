package render

import "tcpsee/dissect/conn"

// ScenePage is a scene whose page is looked at in a browser.
type ScenePage struct {
	Events []conn.Event
	Options
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
		"ipv6":      {ipv6().events, Options{Notes: true}},
		"commented": {c.events, Options{}},
		"hundred":   {long(100).events, Options{}},
		"large":     {long(10_000).events, Options{}},
	}
}
