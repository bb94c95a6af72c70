package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// app is one run of the command.
type app struct {
	std   stdio
	words []string // of the command line, as they were typed
}

const rootLong = `tcpsee shows a TCP connection as it happens, packet by packet: who sent what,
which layer carries it, what state each end is in, and why.`

const rootExample = `  tcpsee demo                          a real connection on this machine
  sudo tcpsee watch port 3000          beside nc: draw what passes on port 3000
  sudo tcpsee connect 10.0.0.2 3000    like nc 10.0.0.2 3000, and drawn
  tcpsee replay lesson.pcap            draw a saved capture`

// root builds the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tcpsee",
		Short:         "See TCP connections packet by packet, on an OSI-layered timeline",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return withHint(usagef("unknown command %q", args[0]), suggestion(cmd, args[0]))
			}
			return nil
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return roomForFiles(cmd, openFiles) },
		RunE:              func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withHint(&usageError{flagError(err)}, flagHint(cmd, err))
	})
	root.AddCommand(a.demoCommand(), a.connectCommand(), a.listenCommand(), a.runCommand(), a.watchCommand(),
		a.replayCommand(), a.explainCommand(), a.interfacesCommand(), a.doctorCommand(), a.versionCommand(),
		a.namesCommand(), a.probeCommand(), anonymizeTopic(), csvTopic())
	completes(root)
	a.foldUsage(root)
	return root
}

// foldUsage makes what is said of flags fit the terminal.
func (a *app) foldUsage(root *cobra.Command) {
	usage := root.UsageFunc()
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		out := cmd.OutOrStderr()
		if !isTerminal(a.std.out) {
			return usage(cmd)
		}
		var text strings.Builder
		cmd.SetOut(&text)
		err := usage(cmd)
		cmd.SetOut(out)
		if err != nil {
			return err
		}
		flags := cmd.LocalFlags()
		_, err = io.WriteString(out, strings.Replace(text.String(),
			strings.TrimRight(flags.FlagUsages(), " \n"), strings.TrimRight(flags.FlagUsagesWrapped(widthOf(a.std.out)), " \n"), 1))
		return err
	})
}

// suggestion names the command that word may have meant.
func suggestion(cmd *cobra.Command, word string) string {
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf("did you mean tcpsee %s?", s[0])
	}
	return "tcpsee help lists the commands; a saved capture is drawn by: tcpsee replay FILE"
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  tcpsee version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.std.out, "tcpsee %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// version is the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// noArgs is cobra.NoArgs with our exit status.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
