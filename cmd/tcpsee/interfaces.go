package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tcpsee/capture"
)

func (a *app) interfacesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "interfaces",
		Short:   "List the interfaces of this machine, with their addresses",
		Example: "  tcpsee interfaces",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return a.listInterfaces() },
	}
}

func (a *app) listInterfaces() error {
	list, err := capture.Interfaces()
	if err != nil {
		return fmt.Errorf("list interfaces: %w", err)
	}
	width := len("interface")
	for _, i := range list {
		width = max(width, len(i.Name))
	}
	fmt.Fprintf(a.std.out, "%-*s  %-5s  %6s  %s\n", width, "interface", "state", "MTU", "addresses")
	for _, i := range list {
		if _, err := fmt.Fprintf(a.std.out, "%-*s  %-5s  %6d  %s\n", width, printable(i.Name), upDown(i), i.MTU, addresses(i)); err != nil {
			return err
		}
	}
	return nil
}

func upDown(i capture.InterfaceInfo) string {
	if i.Up {
		return "up"
	}
	return "down"
}

// addresses lists what the other side may type, loopback explained.
func addresses(i capture.InterfaceInfo) string {
	var s []string
	for _, p := range i.Addrs {
		s = append(s, p.String())
	}
	text := strings.Join(s, " ")
	if text == "" {
		text = "none"
	}
	if i.Loopback {
		text += "  (this machine only)"
	}
	return text
}
