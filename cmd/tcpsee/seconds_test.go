package main

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestTimesThatPeopleType(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.5": 500 * time.Millisecond, "30s": 30 * time.Second, "2m": 2 * time.Minute, "0": 0,
	} {
		var d time.Duration
		f := (&cobra.Command{}).Flags()
		f.Var((*timeValue)(&d), "wait", "")
		if err := f.Parse([]string{"--wait", text}); err != nil || d != want {
			t.Errorf("%s is %v, %v; want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "NaN", "Inf", "1e300", "5 s", "2 minutes"} {
		var d time.Duration
		f := (&cobra.Command{}).Flags()
		f.Var((*timeValue)(&d), "wait", "")
		if err := f.Parse([]string{"--wait", text}); err == nil {
			t.Errorf("%q is taken as %v", text, d)
		}
	}
}
