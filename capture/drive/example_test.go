package drive_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"tcpsee/capture/drive"
)

// Both ends of a connection on this machine: the client asks, half-closes and
// reads the answer.
func Example() {
	ctx := context.Background()
	l, err := drive.Listen(ctx, drive.ListenOptions{Host: "127.0.0.1", Port: "0"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	var server sync.WaitGroup
	server.Go(func() {
		c, err := l.Accept(ctx)
		if err != nil {
			return
		}
		c.Relay(ctx, strings.NewReader("Hello Client\n"), nil, drive.RelayOptions{HalfClose: true})
	})

	report := func(c drive.Call) {
		if c.Phase != drive.Entry && c.Name != "recv" {
			fmt.Printf("%s() %q\n", c.Name, c.Data)
		}
	}
	plan, err := drive.Prepare(ctx, drive.DialOptions{Host: "127.0.0.1", Port: fmt.Sprint(l.Addr.Port())}, report)
	if err != nil {
		fmt.Println(err)
		return
	}
	attempt, err := plan.Bind(0) // a capture would be opened now, for attempt.Local
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := attempt.Connect(ctx)
	if err != nil {
		fmt.Println(err, drive.Hint(err))
		return
	}
	var answer strings.Builder
	outcome := conn.Relay(ctx, nil, &answer, drive.RelayOptions{First: []byte("Hello Server\n")})
	fmt.Printf("%d bytes out, %d bytes in: %s", outcome.Sent, outcome.Received, answer.String())
	server.Wait()
	// Output:
	// socket() ""
	// bind() ""
	// connect() ""
	// send() "Hello Server\n"
	// close() ""
	// 13 bytes out, 13 bytes in: Hello Client
}
