package render

import "strings"

// The arrows of the ladder, and what stands on them.

// contents breaks what stands on an arrow into lines of at most width columns,
// and fills the last with what may be left out.
func (l *ladder) contents(s *stroke, width int) []string {
	var lines []string
	cur := s.word
	add := func(t string) {
		if textWidth(cur)+1+textWidth(t) <= width {
			cur += " " + t
			return
		}
		lines = append(lines, cur)
		cur = t
	}
	for _, t := range s.tokens {
		add(t)
	}
	payload := s.payload
	room := width - textWidth(cur) - 1
	if textWidth(payload) > room && !s.readable {
		payload = ""
	}
	if pw := textWidth(payload); pw > 0 {
		room -= pw + 1
		if room < 0 {
			room = width - textWidth(cur) - 1
		}
	}
	if l.o.Width >= ladderOptions {
		for _, t := range s.extra {
			if textWidth(t)+1 > room {
				break
			}
			cur += " " + t
			room -= textWidth(t) + 1
		}
	}
	if p := payload; p != "" {
		if textWidth(p) > width {
			p = cutColumns(p, width-textWidth(l.g.ellipsis)) + l.g.ellipsis
		}
		add(p)
	}
	for i, t := range append(lines, cur) { // a label or an address can be wider than the lanes are apart
		if i == 0 {
			lines = lines[:0:0]
		}
		lines = append(lines, wrapText(t, width, 0)...)
	}
	return lines
}

// arrow draws a stroke from lane to lane.
func (l *ladder) arrow(s *stroke) {
	slanted := s.kind == strokeSegment && s.known && l.path.Known
	if !slanted {
		if lines := l.contents(s, l.inner-8); len(lines) == 1 {
			l.flat(s, lines[0])
			return
		}
	}
	lines := l.contents(s, l.inner-2*ladderMargin)
	if len(lines) > 3 {
		lines = l.contents(s, l.inner-2*ladderMargin-len(lines)+3)
	}
	for i, t := range lines {
		part := partMiddle
		if i == 0 && slanted {
			part = partFirst
		}
		l.begin(s, part)
		if slanted {
			l.slope(s, i)
		}
		if s.dir == pointsLeft {
			l.row.to(l.lane + ladderMargin)
		} else if slanted {
			l.row.to(l.lane + 1 + max(ladderMargin-1, i+2))
		} else {
			l.row.to(l.lane + ladderMargin)
		}
		l.coloured(s, t, i == 0)
		if slanted && s.dir == pointsLeft {
			l.row.to(l.lane + l.inner - i)
			l.row.repeat(l.corner("╱", "/"), 1)
		}
		l.finish(s, part)
	}
	part := partOnly
	if slanted {
		part = partLast
	}
	l.begin(s, part)
	l.shaft(s, len(lines), slanted)
	l.finish(s, part)
}

// slope draws the beginning of an arrow to the right on its i-th line.
func (l *ladder) slope(s *stroke, i int) {
	if s.dir == pointsLeft {
		return
	}
	l.row.to(l.lane + 1 + i)
	l.row.repeat(l.corner("╲", "\\"), 1)
}

// coloured writes the text of an arrow, with its first word in colour.
func (l *ladder) coloured(s *stroke, text string, first bool) {
	if rest, ok := strings.CutPrefix(text, s.word); ok && first {
		l.paint(s.word, s.colour())
		text = rest
	}
	l.row.text(text)
}

func (s *stroke) colour() string {
	if s.kind == strokeSegment {
		return kindColour(s.event.Kind)
	}
	return sgrViolet
}

// dash is what the stroke's line is made of: two lines for what is sent again,
// dashes for what is no segment.
func (l *ladder) dash(s *stroke) string {
	switch {
	case s.again:
		return l.corner("═", "=")
	case s.kind != strokeSegment:
		return l.corner("╌", ".")
	}
	return l.g.dash
}

// flat draws an arrow with its text on it.
func (l *ladder) flat(s *stroke, text string) {
	l.begin(s, partOnly)
	end := l.lane + 1 + l.inner
	dash := l.dash(s)
	if s.dir == pointsLeft {
		l.row.text(l.g.left)
		l.row.repeat(dash, 1)
	} else {
		l.row.text(l.from(s, dash))
		l.row.repeat(dash, 1)
	}
	l.row.ascii(" ")
	l.coloured(s, text, true)
	l.row.ascii(" ")
	if s.dir == pointsLeft {
		l.row.repeat(dash, end-1-l.row.col)
		l.row.text(l.from(s, dash))
	} else {
		l.row.repeat(dash, end-1-l.row.col)
		l.row.text(l.g.right)
	}
	l.finish(s, partOnly)
}

// from is what an arrow begins with: a cross where it does not come from the
// lane's end.
func (l *ladder) from(s *stroke, dash string) string {
	if s.kind == strokeICMP {
		return l.corner("×", "x")
	}
	return dash
}

// shaft draws the last line of an arrow whose text stands above it.
func (l *ladder) shaft(s *stroke, lines int, slanted bool) {
	dash := l.dash(s)
	if !slanted {
		lines = 0
	}
	end := l.lane + 1 + l.inner
	if s.dir == pointsLeft {
		l.row.text(l.g.left)
		if slanted {
			end -= lines + 1
			l.row.repeat(dash, end-l.row.col)
			l.row.repeat(l.corner("╱", "/"), 1)
			return
		}
		l.row.repeat(dash, end-1-l.row.col)
		l.row.text(l.from(s, dash))
		return
	}
	l.row.to(l.lane + 1 + lines)
	if slanted {
		l.row.repeat(l.corner("╲", "\\"), 1)
	} else {
		l.row.text(l.from(s, dash))
	}
	l.row.repeat(dash, end-1-l.row.col)
	l.row.text(l.g.right)
}
