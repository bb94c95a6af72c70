package main

import (
	"fmt"
	"os"
	"path/filepath"
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
	root.InitDefaultCompletionCmd()
	completionExamples(root)
	completesAlone(root)
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
				directive := cobra.ShellCompDirectiveNoFileComp
				if f.Name == "output" { // or a file
					directive = cobra.ShellCompDirectiveDefault
				}
				before := heldBefore(f.Name, start)
				var list []string
				for _, w := range startingWith(words(), start[len(before):]) {
					list = append(list, before+w)
				}
				return list, directive
			})
		})
	}
}

// heldBefore is what stands before the word that is being typed: the words of
// --only before it, and the minus of --sort.
func heldBefore(flag, start string) string {
	switch flag {
	case "only":
		return start[:strings.LastIndexByte(start, ',')+1]
	case "sort":
		return start[:len(start)-len(strings.TrimPrefix(start, "-"))]
	}
	return ""
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

// completeCommand offers the commands of PATH; a file where a directory is
// named, and behind the command.
func completeCommand(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || strings.ContainsRune(start, os.PathSeparator) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return commandsStartingWith(start), cobra.ShellCompDirectiveDefault
}

// commandsStartingWith are the programs in the directories of PATH, in order.
func commandsStartingWith(start string) []string {
	var names []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		list, err := os.ReadDir(dir)
		if err != nil {
			continue // as a shell does
		}
		for _, f := range list {
			if !strings.HasPrefix(f.Name(), start) {
				continue
			}
			if st, err := os.Stat(filepath.Join(dir, f.Name())); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
				names = append(names, f.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// completionExamples gives the commands that cobra adds an example each, as all
// others have.
func completionExamples(root *cobra.Command) {
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

// bashAlone takes the place of what cobra's script has from the package
// bash-completion where that is not installed: TAB would print an error.
const bashAlone = `
__tcpsee_init_completion()
{
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"${line}"
    if [[ ${line} == *[[:space:]] ]]; then
        words+=("")
    fi
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword - 1]}
}
`

// What cobra says of that package, and what is so here.
const (
	cobraDepends = "This script depends on the 'bash-completion' package.\nIf it is not installed already, you can install it via your OS's package manager."
	aloneDepends = "What reads files of bash_completion.d is the package bash-completion; without it,\nthe line with source below may stand in ~/.bashrc."
)

// completesAlone adds bashAlone to the script for bash.
func completesAlone(root *cobra.Command) {
	cmd, _, err := root.Find([]string{"completion", "bash"})
	if err != nil || cmd.RunE == nil {
		return
	}
	cmd.Long = strings.Replace(cmd.Long, cobraDepends, aloneDepends, 1)
	script := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := script(cmd, args); err != nil {
			return err
		}
		_, err := fmt.Fprint(root.OutOrStdout(), bashAlone)
		return err
	}
}
