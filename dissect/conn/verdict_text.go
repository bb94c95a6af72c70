package conn

import (
	"fmt"
	"strconv"
	"time"
)

// words writes what a format says, and nothing where the verdict is to be brief.
// A place among args is written as the frame's number, with its file where the
// connection's frames lie in several.
func (j *judgement) words(format string, args ...any) string {
	if j.brief {
		return ""
	}
	j.name(args)
	return fmt.Sprintf(format, args...)
}

func (j *judgement) duration(d time.Duration) string {
	if j.brief {
		return ""
	}
	return duration(d)
}

// bytes writes "1 byte" or "1,448 bytes".
func (j *judgement) bytes(n int64) string {
	if j.brief {
		return ""
	}
	return bytesCount(uint64(n))
}

const day = 24 * time.Hour

// duration writes d with a unit that suits it: "16 µs", "1.2 ms", "2.0 s",
// "3 min 5 s", "2 d 1 h".
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond: // begun ones do not count, as in the rows' seconds
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 9950*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 99950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 2*day:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	d = d.Round(time.Hour)
	return count(uint64(d/day)) + fmt.Sprintf(" d %d h", d%day/time.Hour)
}

// count writes n with commas: "65,483".
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes "1 SYN" or "4 SYNs".
func plural(n uint32, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(uint64(n)) + " " + what + "s"
}

// opened makes the first word of a meaning fit what is drawn before it: alone
// it begins with a capital, behind "It means:" it does not, unless the word is
// a name or in capitals.
func opened(s string, alone bool) string {
	if s == "" {
		return ""
	}
	c := s[0]
	switch {
	case alone && c >= 'a' && c <= 'z':
		return string(c-'a'+'A') + s[1:]
	case !alone && c >= 'A' && c <= 'Z' && len(s) > 1 && (s[1] == ' ' || s[1] >= 'a' && s[1] <= 'z'):
		return string(c-'A'+'a') + s[1:]
	}
	return s
}
