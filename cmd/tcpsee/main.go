// Command tcpsee shows a TCP connection as it happens, packet by packet: it
// opens the connection itself, sits beside nc, or replays a saved capture.
//
// This package is wiring only: each command builds a source and renderers and
// hands them to the one loop in loop.go.
package main

import (
	"os"

	"tcpsee/capture/drive"
)

func main() {
	forgetRuntime()
	if status, ok := drive.WrapHelper(os.Args); ok { // run's tracer is this binary too
		os.Exit(status)
	}
	survivePipes()
	std := stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(profiled(func() int { return run(os.Args[1:], std) }))
}

// stdio is what a command reads and writes. Results go to out, everything
// else to err.
type stdio struct {
	in       *os.File
	out, err *os.File
}

// run executes one command line and returns its exit status.
func run(args []string, std stdio) int {
	app := &app{std: std, words: args}
	root := app.root()
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(inLocale(std.out))
	root.SetErr(inLocale(std.err))
	return app.exit(root.Execute())
}
