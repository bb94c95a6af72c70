package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/render"
)

// Measures of the list of columns in the help.
const (
	columnsNames = 24 // columns of a screen for names, before what they hold
	columnsWidth = 80
)

// csvTopic is no command: help has a text of that name.
func csvTopic() *cobra.Command {
	return &cobra.Command{Use: "csv", Short: "What the columns of -o csv hold", Long: csvHelp()}
}

func csvHelp() string {
	var b strings.Builder
	b.WriteString(`-o csv and -o FILE.csv have one row a segment; with --view summary, one row a
connection, with everything that was measured of it:

  tcpsee replay lesson.pcap -o csv >segments.csv
  tcpsee replay lesson.pcap --view summary -o csv >connections.csv

Durations are seconds, sizes bytes; what is not known, or was not there to be
measured, is empty, as -o ndjson leaves it out. The names are those of -o ndjson
where it has them; new columns come last.

Segments:
`)
	writeColumns(&b, render.SegmentColumns())
	b.WriteString("\nConnections (--view summary):\n")
	writeColumns(&b, render.ConnectionColumns())
	return b.String()
}

// writeColumns writes names and what they hold, beside each other where the
// names leave room.
func writeColumns(b *strings.Builder, list []render.Columns) {
	for _, c := range list {
		names := "  " + strings.ReplaceAll(c.Names, ",", " ")
		if len(names) >= columnsNames {
			fmt.Fprintf(b, "%s\n", names)
			names = ""
		}
		for _, line := range wrapWords(c.Meaning, columnsWidth-columnsNames) {
			fmt.Fprintf(b, "%-*s%s\n", columnsNames, names, line)
			names = ""
		}
	}
}
