package render

import (
	"strings"

	"tcpsee/dissect"
)

// CommentMark begins the packet comments that tcpsee itself writes. Its own
// picture leaves them out, for it says the same.
const CommentMark = "tcpsee: "

// Limits of a row's comments in a picture.
const (
	maxComments     = 8    // that are drawn
	maxCommentWidth = 1000 // columns of one
)

// othersComments calls f for the comments on a packet that are not tcpsee's,
// until f returns false.
func othersComments(p *dissect.Packet, f func(string) bool) {
	if p == nil || p.Frame == nil {
		return
	}
	for _, c := range p.Frame.Comments {
		if c != "" && !strings.HasPrefix(c, CommentMark) && !f(c) {
			return
		}
	}
}

// commented reports whether somebody has commented on a packet.
func commented(p *dissect.Packet) (yes bool) {
	othersComments(p, func(string) bool { yes = true; return false })
	return yes
}

// comments draws under a row what others say of its packet.
func (t *timeline) comments(p *dissect.Packet) {
	n := 0
	othersComments(p, func(c string) bool {
		if n++; n > maxComments {
			t.note(t.lay.client, dot(&t.g)+" more comments", sgrGrey)
			return false
		}
		t.note(t.lay.client, dot(&t.g)+" comment: "+cutMiddle(safeText(clipBytes(c, 4*maxCommentWidth), &t.g), maxCommentWidth, &t.g), sgrGrey)
		return true
	})
}

// clipBytes cuts s to n bytes; what is left of a character is escaped later.
func clipBytes(s string, n int) string { return s[:min(len(s), n)] }

func dot(g *glyphs) string {
	if g.ascii {
		return "*"
	}
	return "·"
}

// appendComments appends a packet's comments as an array, where it has any.
func appendComments(b []byte, p *dissect.Packet) []byte {
	if p.Frame == nil || len(p.Frame.Comments) == 0 {
		return b
	}
	return appendStrings(appendKey(b, "comments"), p.Frame.Comments)
}
