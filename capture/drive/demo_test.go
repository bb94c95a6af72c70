package drive

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// demoSteps are what Step is told, in order.
var demoSteps = []string{
	"server: socket(), bind()", "server: listen()", "client: socket(), bind()",
	"server: accept()", "client: connect()",
	"client: recv()", "server: send()",
	"server: recv()", "client: send()",
	"client: recv()", "server: send()",
	"server: recv()", "client: close()", "server: close()",
}

func TestDemo(t *testing.T) {
	for _, host := range loopbacks(t) {
		var r record
		var steps []string
		o := DemoOptions{Host: netip.MustParseAddr(host), Step: func(what string) error {
			steps = append(steps, what)
			return nil
		}}
		if err := soon(t, "the demonstration", func() error { return Demo(context.Background(), o, r.report) }); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(steps, "\n"), strings.Join(demoSteps, "\n"); got != want {
			t.Errorf("steps are\n%s\nwant\n%s", got, want)
		}
		client := "socket bind connect( )connect recv( )recv send( )send recv( )recv close"
		server := "socket setsockopt bind listen accept( )accept send( )send recv( )recv send( )send recv( )recv close close"
		if !reuseAddress {
			server = strings.Replace(server, "setsockopt ", "", 1)
		}
		if got := r.names(Client); got != client {
			t.Errorf("the client's calls are %s\nwant %s", got, client)
		}
		if got := r.names(Server); got != server {
			t.Errorf("the server's calls are %s\nwant %s", got, server)
		}
	}
}

func TestDemoKnowsItsAddressesBeforehand(t *testing.T) {
	d, err := PrepareDemo(context.Background(), DemoOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddr("127.0.0.1")
	if d.Server.Addr() != local || d.Client.Addr() != local || d.Server.Port() == 0 || d.Client.Port() == 0 {
		t.Errorf("server %v, client %v", d.Server, d.Client)
	}
	if err := d.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.Close()
}

func TestDemoStopsAtAnyStep(t *testing.T) {
	enough := errors.New("enough")
	for i := range demoSteps {
		left := i
		o := DemoOptions{Step: func(string) error {
			if left--; left < 0 {
				return enough
			}
			return nil
		}}
		var r record
		err := soon(t, "stopping at "+demoSteps[i], func() error { return Demo(context.Background(), o, r.report) })
		if !errors.Is(err, enough) {
			t.Errorf("stopped at %q: %v", demoSteps[i], err)
		}
		opened, closed := 0, 0
		for _, c := range r.all() {
			switch {
			case c.Name == "socket", c.Name == "accept" && c.Phase == Return && c.Err == nil:
				opened++
			case c.Name == "close":
				closed++
			}
		}
		if opened != closed {
			t.Errorf("stopped at %q: %d sockets, %d closed: %s", demoSteps[i], opened, closed, r.names(""))
		}
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	for i := range demoSteps {
		ctx, cancel := context.WithCancel(context.Background())
		left := i
		o := DemoOptions{Step: func(string) error {
			if left--; left < 0 {
				cancel()
			}
			return nil
		}}
		err := soon(t, "cancelling at "+demoSteps[i], func() error { return Demo(ctx, o, nil) })
		if err != nil && !errors.Is(err, ErrInterrupted) {
			t.Errorf("cancelled at %q: %v", demoSteps[i], err)
		}
		cancel()
	}
}
