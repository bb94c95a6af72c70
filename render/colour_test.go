package render

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// colourOf gives the red, green and blue of one of our colours, linear, from
// the usual palette of 256.
func colourOf(t *testing.T, sgr string) [3]float64 {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(sgr[strings.LastIndexByte(sgr, ';')+1:], "m"))
	if err != nil {
		t.Fatal(err)
	}
	level := [...]float64{0, 95, 135, 175, 215, 255}
	c := [3]float64{8 + 10*float64(n-232), 8 + 10*float64(n-232), 8 + 10*float64(n-232)}
	if n < 232 {
		c = [3]float64{level[(n-16)/36%6], level[(n-16)/6%6], level[(n-16)%6]}
	}
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

// sights are how people see linear colours (Machado, Oliveira and Fernandes
// 2009, the full extent).
var sights = map[string][3][3]float64{
	"usual":        {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// labOf places a linear colour where distances are those that people see (CIE
// 1976 L*a*b*, white D65).
func labOf(c [3]float64) [3]float64 {
	f := func(v float64) float64 {
		if v > 0.008856 {
			return math.Cbrt(v)
		}
		return 7.787*v + 16.0/116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.9505)
	y := f(0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2])
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// TestColoursCanBeToldApart sees the colours of kinds and of connections as
// people do, colour-blind ones included. Whoever sees no colour at all has the
// words, and is not asked for here.
func TestColoursCanBeToldApart(t *testing.T) {
	const apart = 15 // 2 is just seen by the keen, side by side
	colours := map[string]string{"green": sgrGreen, "red": sgrRed, "yellow": sgrYellow, "cyan": sgrCyan, "violet": sgrViolet}
	for sight, m := range sights {
		seen := map[string][3]float64{}
		for name, sgr := range colours {
			c := colourOf(t, sgr)
			var s [3]float64
			for i := range s {
				s[i] = min(1, max(0, m[i][0]*c[0]+m[i][1]*c[1]+m[i][2]*c[2]))
			}
			seen[name] = labOf(s)
		}
		for a, x := range seen {
			for b, y := range seen {
				if d := math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2]); a < b && d < apart {
					t.Errorf("%s: %s and %s are only %.0f apart", sight, a, b, d)
				}
			}
		}
	}
}
