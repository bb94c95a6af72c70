package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpsee/dissect/conn"
)

// near returns those of the words that word may be a slip of the hand for, a few
// at most: cobra, which finds commands in that way, does the comparing.
func near(word string, words []string) []string {
	const most = 3
	c := new(cobra.Command)
	for _, w := range words {
		c.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	for slips := 1; slips <= min(2, len(word)/2); slips++ {
		c.SuggestionsMinimumDistance = slips
		if s := c.SuggestionsFor(word); len(s) > 0 {
			return s[:min(most, len(s))]
		}
	}
	return nil
}

// nearTerms returns the words of the glossary that are near a word.
func nearTerms(word string) []string {
	var terms []string
	for _, e := range conn.Terms() {
		if !strings.Contains(e.Term, " ") {
			terms = append(terms, e.Term)
		}
	}
	return near(word, terms)
}

// flagError says what a flag takes whose value was read as a number and is none,
// in place of what the reader of numbers says of it.
func flagError(err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &value) || !errors.As(err, &number) {
		return err
	}
	f, given := value.GetFlag(), value.GetValue()
	flag := "--" + f.Name
	if f.Shorthand != "" {
		flag = "-" + f.Shorthand + ", " + flag
	}
	name, _ := pflag.UnquoteUsage(f)
	switch {
	case name == "" || f.NoOptDefVal != "":
		return fmt.Errorf("%s takes no value such as %q", flag, given)
	case errors.Is(number.Err, strconv.ErrRange):
		return fmt.Errorf("%s %q: %s cannot be that large", flag, given, name)
	case f.Value.Type() == "float64":
		return fmt.Errorf("%s %q: %s has to be a number, such as 0.5", flag, given, name)
	case strings.TrimRight(given, "kKmMgGiIbB") != given:
		return fmt.Errorf("%s %q: %s has to be a whole number, without a unit", flag, given, name)
	}
	return fmt.Errorf("%s %q: %s has to be a whole number", flag, given, name)
}

// flagHint says what to do about a flag that is wrong.
func flagHint(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if s := near(unknown.GetSpecifiedName(), names); len(s) > 0 {
			return "did you mean --" + strings.Join(s, " or --") + "? " + cmd.CommandPath() + " --help lists the flags"
		}
	}
	if unknown != nil && unknown.GetSpecifiedName() == "l" {
		switch cmd.Name() { // nc's habit: -l, -lp, -lvp
		case "listen":
			return "listen needs no -l: tcpsee listen 3000"
		case "connect":
			return "what waits for a connection is listen: tcpsee listen 3000"
		}
	}
	return cmd.CommandPath() + " --help lists the flags"
}

// ncQuit is the error about nc's -q N, whose number, the first of args, our -q
// leaves to be taken for something else; nil where that number does not stand
// behind -q among the words that were typed.
func ncQuit(words, args []string) error {
	if len(args) == 0 || !behindQuiet(words, args[0]) {
		return nil
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return nil
	}
	hint := "-N sends a FIN at the end of input"
	if n > 0 {
		hint += fmt.Sprintf("; --wait %ds ends after %d s without a byte", n, n)
	}
	return withHint(usagef("-q takes no number here: it leaves out the picture"), "in the place of nc's -q "+strconv.Itoa(n)+": "+hint)
}

// behindQuiet reports whether word stands behind -q, or behind flags such as
// -vq that end with it, among the words that were typed.
func behindQuiet(words []string, word string) bool {
	for i := 1; i < len(words); i++ {
		before := words[i-1]
		if words[i] == word && strings.HasPrefix(before, "-") && !strings.HasPrefix(before, "--") && strings.HasSuffix(before, "q") {
			return true
		}
	}
	return false
}

// parted takes HOST:PORT apart, as browsers and other programs write the two,
// and the brackets off an address that stands before its port; other arguments
// stay as they are.
func parted(args []string) []string {
	switch {
	case len(args) == 2:
		return []string{unbracketed(args[0]), args[1]}
	case len(args) != 1 || strings.Contains(args[0], "://"):
		return args
	}
	if host, port, err := net.SplitHostPort(args[0]); err == nil {
		return []string{host, port}
	}
	return args
}

// unbracketed is an IPv6 address without the brackets that it has beside a port
// or in the address of a page (RFC 3986, section 3.2.2); other words stay as they
// are.
func unbracketed(word string) string {
	inner, ok := strings.CutPrefix(word, "[")
	if ok {
		inner, ok = strings.CutSuffix(inner, "]")
	}
	if a, err := netip.ParseAddr(inner); !ok || err != nil || !a.Is6() {
		return word
	}
	return inner
}

// onlyAddress is the two arguments that are meant by a word that is an IPv6
// address or begins with one: the last group of ::1:3000 is most likely a port.
// Other words are taken for a host.
func onlyAddress(word string) string {
	host := unbracketed(word)
	if before, after, ok := strings.Cut(word, "]"); ok && after != "" && unbracketed(before+"]") != before+"]" {
		return before[1:] + " " + strings.TrimLeft(after, ":.")
	}
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 {
		return host + " 3000"
	}
	before, after := host[:colon], host[colon+1:]
	_, isPort := strconv.ParseUint(after, 10, 16)
	if a, err := netip.ParseAddr(before); err != nil || !a.Is6() || isPort != nil {
		return host + " 3000"
	}
	return before + " " + after
}

// isPort reports whether a word is a port in figures.
func isPort(word string) bool {
	n, err := strconv.ParseUint(word, 10, 16)
	return err == nil && n > 0
}

// noHost says what is wrong with two arguments of which the first cannot be a host,
// nil where it can: a page's address, a port, which would be taken for an address
// (inet_aton(3): 3000 is 0.0.11.184), or a host that has a port already.
func noHost(command, host, port string) error {
	switch at, own, err := net.SplitHostPort(host); {
	case strings.Contains(host, "://") && command == "connect":
		return withHint(usagef("connect takes a host and a port, and no address of a page"), insteadOf(host))
	case isPort(host) && command == "listen":
		return withHint(usagef("listen takes one port, and got %s and %s", host, port), "tcpsee listen "+port)
	case isPort(host):
		return withHint(usagef("%s takes one port, and got %s and %s", command, host, port), "tcpsee "+command+" 127.0.0.1 "+port)
	case err == nil && isPort(own):
		return withHint(usagef("%s takes one port, and got %s and %s", command, own, port), "tcpsee "+command+" "+at+" "+own)
	}
	return nil
}

// insteadOf is the connect command that is meant by an argument which stands
// alone: the address of a page, a host, or a port.
func insteadOf(word string) string {
	if _, err := strconv.ParseUint(word, 10, 16); err == nil {
		return "tcpsee connect 127.0.0.1 " + word
	}
	u, err := url.Parse(word)
	if err != nil || u.Host == "" {
		return "tcpsee connect " + onlyAddress(word)
	}
	port, rest := cmp.Or(u.Port(), "80"), " --http "+cmp.Or(u.EscapedPath(), "/")
	if u.Scheme == "https" {
		port, rest = cmp.Or(u.Port(), "443"), " --tls"+rest
	}
	return "tcpsee connect " + u.Hostname() + " " + port + rest
}
