package render

import (
	"bytes"
	"fmt"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// appendTable appends a table that is known as a whole. Cells are cut, padded
// and made safe before they get here: tablewriter wraps, trims and reformats
// nothing.
func appendTable(dst []byte, t *plainTable, rows [][]string, colours []string) ([]byte, error) {
	var w bytes.Buffer
	table := tablewriter.NewTable(&w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tableLook(t.g))),
		tablewriter.WithConfig(tablewriter.Config{Header: cellsAsTheyAre(len(t.columns)), Row: cellsAsTheyAre(len(t.columns))}),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithTrimSpace(tw.Off), tablewriter.WithEastAsian(tw.Off),
	)
	table.Header(t.head())
	for i, r := range rows {
		cells := t.cells(r)
		last := len(cells) - 1
		cells[last] = painted(trimRight(cells[last]), colours[i])
		if err := table.Append(cells); err != nil {
			return dst, fmt.Errorf("table row %d: %w", i+1, err)
		}
	}
	if err := table.Render(); err != nil {
		return dst, fmt.Errorf("table: %w", err)
	}
	for l := range bytes.Lines(w.Bytes()) {
		dst = append(append(dst, bytes.TrimRight(l, " \n")...), '\n')
	}
	return dst, nil
}

// tableLook is a line below the head, and nothing else.
func tableLook(g *glyphs) tw.Rendition {
	line := tw.NewSymbolCustom("line").WithRow(g.rule).WithCenter(g.rule).WithColumn("").WithMidLeft("").WithMidRight("").
		WithTopLeft("").WithTopMid("").WithTopRight("")
	return tw.Rendition{
		Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.Off, Bottom: tw.Off},
		Symbols: line,
		Settings: tw.Settings{
			Separators: tw.Separators{ShowHeader: tw.On, ShowFooter: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.Off},
			Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
		},
	}
}

// cellsAsTheyAre pads n columns by the gap between them, and the last by
// nothing.
func cellsAsTheyAre(n int) tw.CellConfig {
	padding := make([]tw.Padding, n)
	for i := range padding {
		padding[i] = tw.Padding{Right: columnGap, Overwrite: true}
	}
	padding[n-1].Right = ""
	return tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{PerColumn: padding},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
	}
}
