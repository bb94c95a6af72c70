package render

import "slices"

// columnGap is what stands between two columns.
const columnGap = "  "

// plainTable is the layout of a table, and writes it row by row.
type plainTable struct {
	g       *glyphs
	columns []int // which of summaryColumns are shown
	widths  []int // of those
	cell    []byte
	blank   []byte // a line of spaces up to the last column
	octets  *octets
}

// newPlainTable fits a table to rows and to width: long addresses are cut as
// far as to the length of the usual ones, then columns that matter less are
// left out, and what room is left over goes back to the addresses.
func newPlainTable(rows [][]string, width int, g *glyphs) *plainTable {
	t := &plainTable{g: g}
	natural := make([]int, len(summaryColumns))
	for i := range summaryColumns {
		for _, r := range rows {
			natural[i] = max(natural[i], textWidth(r[i]))
		}
		if i != fileColumn || natural[i] > 0 {
			natural[i] = max(natural[i], textWidth(summaryColumns[i].name))
		}
	}
	t.fit(natural, width)
	return t
}

// reserve widens the columns to what rows to come may need.
func (t *plainTable) reserve(width int) {
	natural := make([]int, len(summaryColumns))
	for i, c := range summaryColumns {
		if i != fileColumn {
			natural[i] = c.least
		}
	}
	for k, i := range t.columns {
		natural[i] = max(natural[i], t.widths[k])
	}
	t.fit(natural, width)
}

// fit chooses columns and their widths, given those that they would like, 0 for
// a column that is not there.
func (t *plainTable) fit(natural []int, width int) {
	t.columns, t.widths = nil, nil
	for i, c := range summaryColumns {
		w := natural[i]
		if w == 0 {
			continue
		}
		if c.address {
			w = min(w, c.least)
		}
		t.columns = append(t.columns, i)
		t.widths = append(t.widths, w)
	}
	for t.total() > width && t.dropColumn() {
	}
	for t.total() > width {
		t.widths[t.widest()]--
	}
	for grown := true; grown; {
		grown = false
		for k, i := range t.columns {
			if summaryColumns[i].address && t.widths[k] < natural[i] && t.total() < width {
				t.widths[k]++
				grown = true
			}
		}
	}
}

// dropColumn leaves out the column that matters least, and reports whether
// there was one that may go.
func (t *plainTable) dropColumn() bool {
	least := 0
	for k, i := range t.columns {
		if summaryColumns[i].keep < summaryColumns[t.columns[least]].keep {
			least = k
		}
	}
	if summaryColumns[t.columns[least]].keep == keepAlways {
		return false
	}
	t.columns = slices.Delete(t.columns, least, least+1)
	t.widths = slices.Delete(t.widths, least, least+1)
	return true
}

func (t *plainTable) widest() int {
	widest := 0
	for k := range t.widths {
		if t.widths[k] > t.widths[widest] {
			widest = k
		}
	}
	return widest
}

func (t *plainTable) total() int {
	n := (len(t.widths) - 1) * len(columnGap)
	for _, w := range t.widths {
		n += w
	}
	return n
}

// cells gives a row's visible cells, each exactly as wide as its column.
func (t *plainTable) cells(row []string) []string {
	out := make([]string, len(t.columns))
	for k, i := range t.columns {
		s := cutMiddle(row[i], t.widths[k], t.g)
		pad := spacesOf(t.widths[k] - textWidth(s))
		if summaryColumns[i].right {
			out[k] = pad + s
		} else {
			out[k] = s + pad
		}
	}
	return out
}

func (t *plainTable) head() []string {
	names := make([]string, len(summaryColumns))
	for i, c := range summaryColumns {
		names[i] = c.name
	}
	return t.cells(names)
}

func (t *plainTable) appendHead(dst []byte) []byte {
	dst = appendCells(dst, t.head(), "")
	for range t.total() {
		dst = append(dst, t.g.rule...)
	}
	return append(dst, '\n')
}

func (t *plainTable) appendRow(dst []byte, row []string, colour string) []byte {
	return appendCells(dst, t.cells(row), colour)
}

// appendCells appends one line; colour is that of the last cell.
func appendCells(dst []byte, cells []string, colour string) []byte {
	for k, s := range cells {
		if k == len(cells)-1 {
			return append(append(dst, painted(trimRight(s), colour)...), '\n')
		}
		dst = append(append(dst, s...), columnGap...)
	}
	return dst
}

func painted(s, colour string) string {
	if colour == "" {
		return s
	}
	return colour + s + sgrReset
}

func trimRight(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func spacesOf(n int) string {
	b := make([]byte, max(n, 0))
	for i := range b {
		b[i] = ' '
	}
	return string(b)
}

// cutMiddle leaves out the middle of s where it is wider than width: the
// beginning of an address says where it belongs, the end has the port.
func cutMiddle(s string, width int, g *glyphs) string {
	if textWidth(s) <= width {
		return s
	}
	room := width - textWidth(g.ellipsis)
	if room < 2 {
		return cutColumns(s, max(width, 1))
	}
	r := []rune(s)
	tail := len(r)
	for w := 0; tail > 0; tail-- {
		c := textWidth(string(r[tail-1]))
		if w+c > room/2 {
			break
		}
		w += c
	}
	return cutColumns(s, room-room/2) + g.ellipsis + string(r[tail:])
}
