//go:build profile

package main

import (
	"fmt"
	"os"
	"runtime/pprof"
)

// profileTo names the file that a profiling build writes its processor profile
// to: see `make profile`.
const profileTo = "TCPSEE_PROFILE"

// profiled runs a command line, and writes where its time went.
func profiled(run func() int) int {
	f, err := os.Create(os.Getenv(profileTo))
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "tcpsee: profile: %v (this is a profiling build: name a file in %s)\n", err, profileTo)
		return 1
	}
	status := run()
	pprof.StopCPUProfile()
	if err := f.Close(); err != nil {
		fmt.Fprintf(os.Stderr, "tcpsee: profile: %v\n", err)
		return 1
	}
	return status
}
