package main

import (
	"fmt"
	"strconv"
	"time"
)

// maxSeconds is the longest time that a flag takes: as much as a Duration holds.
const maxSeconds = float64(1<<63-1) / 1e9

// timeValue is a flag's time as Go writes it, 30s or 5m, or a bare number of
// seconds, as nc and tcpdump take it.
type timeValue time.Duration

func (v *timeValue) Set(s string) error {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if !(n >= 0 && n < maxSeconds) {
			return fmt.Errorf("%q is no time", s)
		}
		*v = timeValue(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no time: 5 or 5s is five seconds, 2m two minutes", s)
	}
	*v = timeValue(d)
	return nil
}

func (v *timeValue) String() string {
	if *v == 0 {
		return "0" // what the help takes for no default
	}
	return time.Duration(*v).String()
}

func (v *timeValue) Type() string { return "duration" }
