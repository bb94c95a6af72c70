package filter

import (
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wanLinks are the link types without IP in all packets.
var wanLinks = []string{"SUNATM", "MTP2", "MTP2_WITH_PHDR", "MTP3", "ERF", "BACNET_MS_TP"}

// TestTcpdumpText compares the text of programs for link types of wide-area
// networks, instruction for instruction.
func TestTcpdumpText(t *testing.T) {
	needTcpdump(t)
	exprs := readLines(t, "wan.txt")
	var c comparison
	each(len(exprs), func(i int) {
		for _, l := range tcpdumpLinks {
			expr := exprs[i]
			if !slices.Contains(wanLinks, l.name) || strings.HasPrefix(expr, "geneve") {
				continue
			}
			theirs := compiled(tcpdumpProgram(l.name, expr))
			c.add(t, l.name+", "+expr, compiled(compileForTest(expr, l.link)), theirs, func(_, _ []Instruction) string {
				if differs(l.link, expr) != "" {
					return ""
				}
				return otherText
			})
		}
	})
	t.Log(c.String())
}

// TestTcpdumpSelectsWAN compares which frames are selected of files of such link
// types, with frames that some of the expressions are about.
func TestTcpdumpSelectsWAN(t *testing.T) {
	needTcpdump(t)
	exprs := readLines(t, "wan.txt")
	dir := t.TempDir()
	var mu sync.Mutex
	agreed, selected := 0, 0
	for _, l := range tcpdumpLinks {
		if !slices.Contains(wanLinks, l.name) {
			continue
		}
		r := rand.New(rand.NewSource(int64(l.link)))
		var list []frame
		for _, expr := range exprs {
			if prog, err := compileForTest(expr, l.link); err == nil && !live(expr) {
				pkt := append(aim(prog, r), 0)
				list = append(list, frame{l.name, int64(len(list)), pkt, len(pkt) + r.Intn(3)})
			}
		}
		file := filepath.Join(dir, l.name)
		writeNumbered(t, file, int(l.link), list)
		each(len(exprs), func(i int) {
			got, ourErr := selects(l.link, exprs[i], list)
			if ourErr != nil && i%8 > 0 {
				return // TestTcpdumpText has all of these
			}
			want, theirErr := tcpdumpSelects(file, exprs[i])
			mu.Lock()
			defer mu.Unlock()
			if (theirErr == nil) != (ourErr == nil) || !slices.Equal(got, want) {
				t.Errorf("%s, %s: ours %v %v, tcpdump %v %v", l.name, exprs[i], got, ourErr, want, theirErr)
			} else if ourErr == nil {
				agreed++
				selected += len(got)
			}
		})
	}
	t.Logf("%d selections agree, of %d frames", agreed, selected)
}
