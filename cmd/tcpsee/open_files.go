package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// filesNeeded is how many files a command that captures or reads opens beside
// those that it is given: run, the most demanding, some 16 with a tracer, and
// each output one.
const filesNeeded = 20

// roomForFiles reports where the system lets this process open too few files.
// Without it the command fails anywhere, in words that help nobody: the runtime
// and the libraries below open some before us. Commands that only print do with
// what they have.
func roomForFiles(cmd *cobra.Command, open func(int) (limit, free int)) error {
	if cmd.Flags().Lookup("write") == nil {
		return nil
	}
	limit, free := open(filesNeeded)
	if free >= filesNeeded {
		return nil
	}
	err := withHint(fmt.Errorf("%s opens up to %d files, and the limit of %d open ones (ulimit -n) leaves room for %d", cmd.Name(), filesNeeded, limit, free),
		"a new terminal has the usual limit; this shell gets it by: sudo prlimit --nofile=1024 --pid $$")
	if cmd.Name() == "run" {
		return &failedRun{err, exitRun}
	}
	return err
}
