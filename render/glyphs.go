package render

// glyphs are the characters that rows are drawn with.
type glyphs struct {
	ascii    bool
	dash     string // one column of an arrow
	right    string // arrowheads
	left     string
	bar      string // "as before" in the column of a state
	gap      string // silence
	ellipsis string // left out
	none     string // nothing in this layer
	micro    string
	rule     string // under the head of a table
}

func newGlyphs(ascii bool) glyphs {
	if ascii {
		return glyphs{ascii: true, dash: "-", right: ">", left: "<", bar: "|", gap: ". . .", ellipsis: "...", none: "-", micro: "u", rule: "-"}
	}
	return glyphs{dash: "─", right: "►", left: "◄", bar: "│", gap: "· · ·", ellipsis: "…", none: "–", micro: "µ", rule: "─"}
}
