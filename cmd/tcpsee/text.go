package main

import (
	"tcpsee/render"
)

// printable makes a message safe for a terminal, keeping its lines.
func printable(s string) string { return render.Printable(s) }
