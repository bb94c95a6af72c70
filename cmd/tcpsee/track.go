package main

import (
	"time"

	"github.com/spf13/pflag"

	"tcpsee/dissect/conn"
)

// trackFlags say how connections are told apart, and how much is remembered of
// them.
type trackFlags struct {
	split       bool
	connections int
	linger      time.Duration
	kept        int
	layer7      int // MiB
}

func (t *trackFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&t.split, "split", false, "the same addresses and ports in another VLAN, VXLAN, Geneve, GRE key or PPPoE session are another connection")
	f.IntVar(&t.connections, "max-connections", conn.DefaultConnections, "follow `N` connections at once, and 65536 with anything amiss (or half of N, where that is more); beyond, the one closed or silent for longest is written out early")
	t.linger = conn.DefaultLinger
	f.Var((*timeValue)(&t.linger), "linger", "keep a closed connection for this `TIME`, for late segments")
	f.IntVar(&t.kept, "keep-closed", conn.DefaultKept, "in files, keep `N` closed connections for longer than that")
	f.IntVar(&t.layer7, "layer7-memory", conn.DefaultAppMemory>>20, "`MiB` that layer 7 may put aside while segments are missing")
}

func (t *trackFlags) check() error {
	switch {
	case t.connections < 1:
		return usagef("--max-connections %d: one at least is needed", t.connections)
	case t.linger <= 0:
		return usagef("--linger %v: it must be longer than 0", t.linger)
	case t.kept < 0:
		return usagef("--keep-closed %d: say 0 or more", t.kept)
	case t.layer7 < 1 || t.layer7 > maxLayer7:
		return usagef("--layer7-memory %d: say 1 to %d (MiB)", t.layer7, maxLayer7)
	}
	return nil
}

const maxLayer7 = 1 << 16 // MiB

// options are the flags' part of conn.Options.
func (t *trackFlags) options() conn.Options {
	l := conn.Limits{Connections: t.connections, Linger: t.linger, Kept: t.kept, AppMemory: t.layer7 << 20}
	switch l.Kept {
	case conn.DefaultKept:
		l.Kept = 0 // of files
	case 0:
		l.Kept = -1
	}
	return conn.Options{Split: t.split, Limits: l}
}
