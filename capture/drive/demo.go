package drive

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// DemoOptions says how the demonstration is made.
type DemoOptions struct {
	Host netip.Addr // where the server listens, an address of this machine; invalid is 127.0.0.1
	Port uint16     // of the server; 0 lets the kernel choose
	// Step is called before each call with what comes next ("client:
	// connect()"). An error ends the demonstration with it. nil goes on
	// without waiting.
	Step func(what string) error
	// Underway is told of calls that are on their way to the Reporter; it may
	// be nil.
	Underway *Underway
}

// What the two ends of the demonstration say, in this order.
const (
	DemoGreeting   = "Hello, you are connected.\n" // server
	DemoClientLine = "Hello Server\n"              // client
	DemoServerLine = "Hello Client\n"              // server
)

// Demonstration is a server and a client on this machine, before their first
// packet: the server listens, the client is bound.
type Demonstration struct {
	Server netip.AddrPort
	Client netip.AddrPort

	step    func(string) error
	l       *Listener
	attempt *Attempt
}

// PrepareDemo makes both ends, up to listen() and bind(). Nothing is sent. The
// caller runs or closes what it returns.
func PrepareDemo(ctx context.Context, o DemoOptions, report Reporter) (*Demonstration, error) {
	d := &Demonstration{step: func(string) error { return ctx.Err() }}
	if o.Step != nil {
		d.step = o.Step
	}
	if !o.Host.IsValid() {
		o.Host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if err := d.prepare(ctx, o, report); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Demonstration) prepare(ctx context.Context, o DemoOptions, report Reporter) (err error) {
	if err = d.step("server: socket(), bind()"); err != nil {
		return err
	}
	listen := ListenOptions{Host: o.Host.String(), Port: fmt.Sprint(o.Port), Underway: o.Underway}
	if d.l, err = Bind(ctx, listen, report); err != nil {
		return err
	}
	if err = d.step("server: listen()"); err != nil {
		return err
	}
	if err = d.l.Listen(); err != nil {
		return err
	}
	d.Server = d.l.Addr
	if err = d.step("client: socket(), bind()"); err != nil {
		return err
	}
	to := DialOptions{Host: d.Server.Addr().String(), Port: fmt.Sprint(d.Server.Port()), Underway: o.Underway}
	plan, err := Prepare(ctx, to, report)
	if err != nil {
		return err
	}
	if d.attempt, err = plan.Bind(0); err != nil {
		return err
	}
	d.Client = d.attempt.Local
	return nil
}

// Close gives up a demonstration that was not run. After Run it does nothing.
func (d *Demonstration) Close() {
	if d.attempt != nil {
		d.attempt.Close()
	}
	if d.l != nil {
		_ = d.l.Close()
	}
}

// Run opens the connection, carries a greeting and a line each way, and closes
// it, the client first. Each end waits in recv() before the other sends, as
// two programs would. Everything is closed when it returns.
func (d *Demonstration) Run(ctx context.Context) error {
	defer d.Close()
	client, server, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.interrupt()
		server.interrupt()
	})
	defer stop()
	for _, turn := range []struct {
		from, to *Conn
		text     string
	}{
		{server, client, DemoGreeting},
		{client, server, DemoClientLine},
		{server, client, DemoServerLine},
	} {
		if err := d.say(turn.from, turn.to, turn.text); err != nil {
			return err
		}
	}
	return d.closeBoth(client, server)
}

// Demo prepares and runs a demonstration in one go.
func Demo(ctx context.Context, o DemoOptions, report Reporter) error {
	d, err := PrepareDemo(ctx, o, report)
	if err != nil {
		return err
	}
	return d.Run(ctx)
}

// open lets the server wait in accept() while the client connects.
func (d *Demonstration) open(ctx context.Context) (client, server *Conn, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := d.step("server: accept()"); err != nil {
		return nil, nil, err
	}
	var acceptErr error
	waiting, accepted := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(accepted)
		server, acceptErr = d.l.acceptNotify(ctx, func() { close(waiting) })
	}()
	<-waiting
	if err = d.step("client: connect()"); err == nil {
		client, err = d.attempt.Connect(ctx)
	}
	if err != nil {
		cancel()
	}
	<-accepted
	if err = errors.Join(err, acceptErr); err != nil {
		for _, c := range []*Conn{client, server} {
			if c != nil {
				_ = c.Close()
			}
		}
		return nil, nil, err
	}
	return client, server, nil
}

// say sends text from one end to the other, which waits for it.
func (d *Demonstration) say(from, to *Conn, text string) error {
	heard, err := d.await(to, len(text))
	if err != nil {
		return err
	}
	if err := d.step(from.End() + ": send()"); err != nil {
		return d.give(to, heard, err)
	}
	if _, err := from.send([]byte(text)); err != nil {
		return d.give(to, heard, err)
	}
	return <-heard
}

// await makes an end wait in recv() for n bytes, or with n 0 for the end of the
// stream. The call's entry has been reported when it returns.
func (d *Demonstration) await(c *Conn, n int) (<-chan error, error) {
	if err := d.step(c.End() + ": recv()"); err != nil {
		return nil, err
	}
	buf := make([]byte, readSize)
	began := c.recvEntry(buf)
	heard := make(chan error, 1)
	go func() {
		got, err := c.recvAfter(began, buf)
		total := got
		for err == nil && got > 0 && total < n {
			got, err = c.recv(buf)
			total += got
		}
		if err == nil && total != n {
			err = fmt.Errorf("the %s received %d bytes, not %d", c.End(), total, n)
		}
		heard <- err
	}()
	return heard, nil
}

// give ends a wait that will not be answered, and returns err.
func (d *Demonstration) give(c *Conn, heard <-chan error, err error) error {
	c.interrupt()
	<-heard
	return err
}

// closeBoth closes the client and, when it has learned of that, the server.
func (d *Demonstration) closeBoth(client, server *Conn) error {
	heard, err := d.await(server, 0)
	if err != nil {
		return err
	}
	if err := d.step("client: close()"); err != nil {
		return d.give(server, heard, err)
	}
	if err := client.Close(); err != nil {
		return d.give(server, heard, err)
	}
	if err := <-heard; err != nil {
		return err
	}
	if err := d.step("server: close()"); err != nil {
		return err
	}
	return server.Close()
}
