//go:build race

package main

// raceDetector is whether the test binary has the race detector's C runtime,
// which makes threads with calls that the name helper's filter forbids.
const raceDetector = true
