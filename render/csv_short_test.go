package render

import "testing"

func TestShortNumbers(t *testing.T) {
	for _, x := range []struct {
		number   float64
		decimals int
		want     string
	}{
		{0, 1, "0.0"},
		{3125, 1, "3125.0"},
		{33333.333, 1, "33333.3"},
		{1.4164, 1, "1.42"},
		{200. / 777600, 1, "0.000257"},
		{2. / 65535, 4, "0.0000305"},
		{.5, 4, "0.5000"},
		{.75, 1, "0.75"},
		{1e-30, 1, "0.000000000000"},
	} {
		if got := string(appendShort(nil, x.number, x.decimals)); got != x.want {
			t.Errorf("%v: %s, want %s", x.number, got, x.want)
		}
	}
}
