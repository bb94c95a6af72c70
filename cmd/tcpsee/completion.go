package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// flagValues are the words that the flags of these names take, for a shell to
// offer.
var flagValues = map[string]func() []string{
	"view":      func() []string { return views },
	"color":     func() []string { return colors },
	"time":      func() []string { return times },
	"sort":      render.SortKeys,
	"only":      render.OnlyWords,
	"output":    formatWords,
	"interface": interfaceNames,
}

func interfaceNames() []string {
	list, err := capture.Interfaces()
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(list)+1)
	for _, i := range list {
		names = append(names, i.Name)
	}
	return append(names, capture.AnyInterface)
}

// completes tells the shells what may stand behind the flags and commands that
// take one of a few words.
func completes(root *cobra.Command) {
	completionExamples(root)
	asked := len(os.Args) > 1 && os.Args[1] == cobra.ShellCompRequestCmd
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if asked { // a shell shows it as it is
				f.Usage = strings.ReplaceAll(f.Usage, "`", "")
			}
			words, ok := flagValues[f.Name]
			if !ok {
				return
			}
			_ = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
				list := startingWith(words(), start)
				if f.Name == "output" { // or a file
					return list, cobra.ShellCompDirectiveDefault
				}
				return list, cobra.ShellCompDirectiveNoFileComp
			})
		})
	}
}

// startingWith keeps the words that begin with start.
func startingWith(words []string, start string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, start) })
}

// completeTerm offers the words that explain knows; a file may stand there, too.
func completeTerm(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, e := range conn.Terms() {
		if strings.HasPrefix(strings.ToLower(e.Term), strings.ToLower(start)) {
			words = append(words, e.Term)
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}

// completionExamples gives the commands that cobra adds an example each, as all
// others have.
func completionExamples(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.Example = "  source <(tcpsee completion bash)"
	for shell, example := range map[string]string{
		"bash":       "  source <(tcpsee completion bash)",
		"zsh":        "  source <(tcpsee completion zsh)",
		"fish":       "  tcpsee completion fish | source",
		"powershell": "  tcpsee completion powershell | Out-String | Invoke-Expression",
	} {
		if sub, _, err := cmd.Find([]string{shell}); err == nil && sub != cmd {
			sub.Example = example
		}
	}
}
