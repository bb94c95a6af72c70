//go:build !linux

package main

import (
	"errors"
	"runtime"

	"tcpsee/capture"
)

// systemDiagnoses tries to capture; the rest of what Linux has does not exist
// here.
func systemDiagnoses() []diagnosis {
	d := diagnosis{subject: subjectCapture}
	list, err := capture.Interfaces()
	name := ""
	for _, i := range list {
		if i.Loopback {
			name = i.Name
		}
	}
	var live *capture.Live
	if err == nil {
		live, err = capture.OpenLive(capture.LiveOptions{Interface: name})
	}
	switch {
	case err == nil:
		d.text = "allowed: " + live.Method()
		_ = live.Close()
	default:
		d.ability, d.text, d.remedy = abilityMissing, err.Error(), adviceFor(err)
	}
	return []diagnosis{
		{subject: "system", text: runtime.GOOS + " on " + runtime.GOARCH},
		d,
		{subject: "confinement", ability: abilityMissing, text: "the process that parses packets keeps its rights on this system"},
		{subject: "names", ability: abilityMissing, text: "processes are named on Linux only"},
	}
}

// captureAdvice leaves the advice to the error.
func captureAdvice() string { return "" }

func probeInside() error { return probe() }

func probe() error { return errors.New("namespaces are a thing of Linux") }
