package drive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is an output that a test can wait on.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *screen) await(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if s.String() == want {
			return
		}
	}
	t.Fatalf("shows %q, want %q", s.String(), want)
}

// relayed starts a Relay.
func relayed(ctx context.Context, c *Conn, in io.Reader, out io.Writer, o RelayOptions) <-chan Outcome {
	done := make(chan Outcome, 1)
	go func() { done <- c.Relay(ctx, in, out, o) }()
	return done
}

// silence is an input that never gives anything and cannot be interrupted.
func silence(t *testing.T) io.Reader {
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	return r
}

func TestChat(t *testing.T) {
	for _, host := range loopbacks(t) {
		t.Run(host, func(t *testing.T) {
			var r record
			alice, bob := pair(t, host, r.report)
			aliceIn, aliceTypes := io.Pipe()
			bobIn, bobTypes := io.Pipe()
			var aliceSees, bobSees screen
			ctx, ctrlC := context.WithCancel(context.Background())
			aliceDone := relayed(ctx, alice, aliceIn, &aliceSees, RelayOptions{})
			bobDone := relayed(context.Background(), bob, bobIn, &bobSees, RelayOptions{})
			io.WriteString(bobTypes, "Hello\n")
			aliceSees.await(t, "Hello\n")
			io.WriteString(aliceTypes, "World\n")
			bobSees.await(t, "World\n")
			ctrlC()
			a, b := within(t, "ending by Ctrl-C", aliceDone), within(t, "ending by the peer's FIN", bobDone)
			if !a.Cancelled || a.PeerClosed || a.Err != nil || a.Sent != 6 || a.Received != 6 {
				t.Errorf("the client ends with %+v", a)
			}
			if b.Cancelled || !b.PeerClosed || b.Err != nil || b.Sent != 6 || b.Received != 6 {
				t.Errorf("the server ends with %+v", b)
			}
			checkChatCalls(t, &r)
			bobTypes.Close()
			aliceTypes.Close()
		})
	}
}

// checkChatCalls looks at what the ends of a chat reported.
func checkChatCalls(t *testing.T, r *record) {
	t.Helper()
	said := map[string]string{}
	for _, c := range r.all() {
		if c.Name == "send" || c.Name == "recv" {
			if c.Phase == Return {
				said[c.End+" "+c.Name] += string(c.Data)
				if c.N != len(c.Data) {
					t.Errorf("%s %s: %d bytes of %d", c.End, c.Name, len(c.Data), c.N)
				}
			}
			if !c.Local.IsValid() || !c.Remote.IsValid() {
				t.Errorf("%s %s without addresses", c.End, c.Name)
			}
		}
	}
	for call, want := range map[string]string{
		"client send": "World\n", "server recv": "World\n", "server send": "Hello\n", "client recv": "Hello\n",
	} {
		if said[call] != want {
			t.Errorf("%s: %q, want %q", call, said[call], want)
		}
	}
	for end, want := range map[string]string{
		Client: "connect( )connect recv( )recv recv( )recv=EINTR close",
		Server: "accept( )accept recv( )recv recv( )recv close",
	} {
		got := strings.NewReplacer(" send(", "", " )send", "").Replace(r.names(end)) // falls in at any place
		if !strings.HasSuffix(got, want) {
			t.Errorf("calls of the %s are %s\nwant %s", end, got, want)
		}
	}
}

func TestEndOfInputSendsNothingWithoutN(t *testing.T) {
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	ctx, cancel := context.WithCancel(context.Background())
	done := relayed(ctx, client, strings.NewReader("bye\n"), nil, RelayOptions{})
	buf := make([]byte, 10)
	if n, err := server.Read(buf); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	server.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if n, err := server.Read(buf); err == nil || err == io.EOF {
		t.Errorf("Ctrl-D without -N gives the peer %d bytes, %v", n, err)
	}
	cancel()
	if o := within(t, "the end", done); !o.InputEnded || !o.Cancelled || o.Sent != 4 {
		t.Errorf("ends with %+v", o)
	}
	if strings.Contains(r.names(Client), "shutdown") {
		t.Errorf("calls are %s", r.names(Client))
	}
}

func TestHalfClose(t *testing.T) {
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	var out screen
	done := relayed(context.Background(), client, strings.NewReader("question\n"), &out, RelayOptions{HalfClose: true})
	asked, err := io.ReadAll(server)
	if err != nil || string(asked) != "question\n" {
		t.Fatalf("%q, %v", asked, err)
	}
	io.WriteString(server, "answer\n") // the other direction still works
	server.Close()
	o := within(t, "the end", done)
	if o.Err != nil || !o.InputEnded || !o.PeerClosed || out.String() != "answer\n" {
		t.Errorf("ends with %+v, output %q", o, out.String())
	}
	var calls []string
	for _, c := range r.all() {
		if c.End == Client && (c.Name == "shutdown" || c.Name == "close") {
			calls = append(calls, c.Name+" "+c.Args)
		}
	}
	if got := strings.Join(calls, ", "); got != "shutdown SHUT_WR, close " {
		t.Errorf("closes with %q", got)
	}
}

func TestResetReachesThePeer(t *testing.T) {
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	serverDone := relayed(context.Background(), server, silence(t), nil, RelayOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	clientDone := relayed(ctx, client, strings.NewReader("x"), nil, RelayOptions{Reset: true})
	r.await(t, "the server has the byte", func(c Call) bool {
		return c.End == Server && c.Name == "recv" && c.Phase == Return && c.N == 1
	})
	cancel()
	if o := within(t, "the client's end", clientDone); o.Err != nil {
		t.Errorf("the client ends with %v", o.Err)
	}
	o := within(t, "the server's end", serverDone)
	wantName(t, o.Err, "ECONNRESET")
	if o.PeerClosed || o.Received != 1 {
		t.Errorf("the server ends with %+v", o)
	}
	if !strings.HasSuffix(r.names(Client), "setsockopt close") {
		t.Errorf("calls are %s", r.names(Client))
	}
}

func TestClientAsNcLivesOnAfterEOF(t *testing.T) {
	// As with nc against a server that accepts and exits: typing draws RST.
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	in, types := io.Pipe()
	done := relayed(context.Background(), client, in, nil, RelayOptions{StayAfterEOF: true})
	server.Close()
	r.await(t, "the client has the FIN", func(c Call) bool {
		return c.End == Client && c.Name == "recv" && c.Phase == Return && c.N == 0
	})
	select {
	case o := <-done:
		t.Fatalf("the FIN ends it: %+v", o)
	case <-time.After(30 * time.Millisecond):
	}
	if !reuseAddress {
		types.Close()
		within(t, "the end of input", done)
		return
	}
	io.WriteString(types, "anyone?\n")
	o := within(t, "the end by RST", done)
	if !o.PeerClosed || o.Sent != 8 {
		t.Errorf("ends with %+v", o)
	}
	types.Close()
}

func TestStayingEndsWithTheInput(t *testing.T) {
	client, server := pair(t, "127.0.0.1", nil)
	in, types := io.Pipe()
	done := relayed(context.Background(), client, in, nil, RelayOptions{StayAfterEOF: true})
	server.CloseWrite()
	io.WriteString(types, "still here")
	types.Close()
	if got, err := io.ReadAll(server); string(got) != "still here" || err != nil {
		t.Errorf("the half-closed server reads %q, %v", got, err)
	}
	if o := within(t, "the end", done); o.Err != nil || !o.InputEnded {
		t.Errorf("ends with %+v", o)
	}
}

func TestStopReadingClosesTheWindow(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1", ReceiveBuffer: 4096}, nil)
	client, server := pairOf(t, l, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var out screen
	serverDone := relayed(ctx, server, silence(t), &out, RelayOptions{StopReading: true, ReadLimit: 3})
	clientCtx, clientCancel := context.WithCancel(context.Background())
	flood := bytes.NewReader(make([]byte, 16<<20))
	clientDone := relayed(clientCtx, client, flood, nil, RelayOptions{})
	select {
	case o := <-clientDone:
		t.Fatalf("16 MiB are sent to a server that does not read: %+v", o)
	case <-time.After(100 * time.Millisecond):
	}
	clientCancel()
	if o := within(t, "cancelling a send that waits", clientDone); o.Sent >= 16<<20 || !o.Cancelled {
		t.Errorf("the client ends with %+v", o)
	}
	cancel()
	if o := within(t, "cancelling who does not read", serverDone); o.Received != 3 || o.Err != nil || out.String() != "\x00\x00\x00" {
		t.Errorf("the server ends with %+v", o)
	}
}

func TestIdle(t *testing.T) {
	client, _ := pair(t, "127.0.0.1", nil)
	done := relayed(context.Background(), client, silence(t), nil, RelayOptions{Idle: 20 * time.Millisecond})
	if o := within(t, "the idle time", done); !o.IdledOut || o.Err != nil {
		t.Errorf("ends with %+v", o)
	}
}

func TestFirstAndCRLF(t *testing.T) {
	client, server := pair(t, "127.0.0.1", nil)
	done := relayed(context.Background(), client, io.MultiReader(strings.NewReader("a\nb\r"), strings.NewReader("\n\nc")), nil,
		RelayOptions{First: []byte("as it is\n"), CRLF: true, HalfClose: true})
	got, err := io.ReadAll(server)
	if want := "as it is\na\r\nb\r\n\r\nc"; string(got) != want || err != nil {
		t.Errorf("sent %q, %v; want %q", got, err, want)
	}
	server.Close()
	within(t, "the end", done)
}

func TestErrorsOfInputAndOutput(t *testing.T) {
	broken := errors.New("broken")
	client, _ := pair(t, "127.0.0.1", nil)
	o := soon(t, "a broken input", func() Outcome {
		return client.Relay(context.Background(), errorReader{broken}, nil, RelayOptions{})
	})
	var in *InputError
	if !errors.As(o.Err, &in) || !errors.Is(o.Err, broken) {
		t.Errorf("ends with %v", o.Err)
	}
	client, server := pair(t, "127.0.0.1", nil)
	io.WriteString(server, "x")
	o = soon(t, "a broken output", func() Outcome {
		return client.Relay(context.Background(), silence(t), errorWriter{broken}, RelayOptions{})
	})
	var out *OutputError
	if !errors.As(o.Err, &out) || !errors.Is(o.Err, broken) {
		t.Errorf("ends with %v", o.Err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

type errorWriter struct{ err error }

func (w errorWriter) Write([]byte) (int, error) { return 0, w.err }

func TestBlockedOutputDoesNotKeepCtrlCWaiting(t *testing.T) {
	client, server := pair(t, "127.0.0.1", nil)
	blocked, w := io.Pipe() // nobody reads
	defer blocked.Close()
	io.WriteString(server, "x")
	ctx, cancel := context.WithCancel(context.Background())
	done := relayed(ctx, client, silence(t), w, RelayOptions{})
	time.Sleep(20 * time.Millisecond)
	cancel()
	if o := within(t, "the end", done); !o.Cancelled {
		t.Errorf("ends with %+v", o)
	}
}

func TestInputGoesOnToTheNextClient(t *testing.T) {
	l := listen(t, ListenOptions{Host: "127.0.0.1"}, nil)
	r, types := io.Pipe()
	in := NewInput(r)
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		client, server := pairOf(t, l, nil)
		done := relayed(context.Background(), server, in, nil, RelayOptions{})
		io.WriteString(types, line)
		buf := make([]byte, 20)
		if n, err := client.Read(buf); string(buf[:n]) != line {
			t.Fatalf("this client gets %q, %v; want %q", buf[:n], err, line)
		}
		client.Close()
		within(t, "the end of this client", done)
	}
	types.Close()
	if _, err := in.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the input ends with %v", err)
	}
}

func TestInputKeepsWhatWasNotUsed(t *testing.T) {
	in := NewInput(strings.NewReader("abc"))
	b, err := in.next(nil)
	if string(b) != "abc" || err != nil {
		t.Fatal(b, err)
	}
	in.putBack(b)
	if got, err := io.ReadAll(in); string(got) != "abc" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	stopped := make(chan struct{})
	close(stopped)
	if _, err := NewInput(silence(t)).next(stopped); err != errStopped {
		t.Errorf("a stopped input gives %v", err)
	}
}

func TestTenMegabytesArriveWhole(t *testing.T) {
	const size = 10 << 20
	random := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }
	want := sha256.New()
	io.Copy(want, random())
	for _, host := range loopbacks(t) {
		client, server := pair(t, host, func(Call) {})
		got := sha256.New()
		serverDone := relayed(context.Background(), server, nil, got, RelayOptions{})
		c := soon(t, "sending", func() Outcome {
			return client.Relay(context.Background(), random(), nil, RelayOptions{HalfClose: true})
		})
		s := within(t, "receiving", serverDone)
		if c.Sent != size || s.Received != size || c.Err != nil || s.Err != nil {
			t.Errorf("%s: sent %d (%v), received %d (%v)", host, c.Sent, c.Err, s.Received, s.Err)
		}
		if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Errorf("%s: what arrived is not what was sent", host)
		}
	}
}

func TestReportsAreOwnedByWhoGetsThem(t *testing.T) {
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	text := []byte("first")
	client.Write(text)
	copy(text, "XXXXX")
	buf := make([]byte, 5)
	if _, err := io.ReadFull(server, buf); err != nil {
		t.Fatal(err)
	}
	copy(buf, "YYYYY")
	for _, c := range r.all() {
		if c.Data != nil && string(c.Data) != "first" {
			t.Errorf("%s %v: data changed to %q", c.Name, c.Phase, c.Data)
		}
	}
}

func BenchmarkRelay(b *testing.B) {
	l, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: "0"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const size = 8 << 20
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		client, err := Dial(context.Background(), to(l.Addr), func(Call) {})
		if err != nil {
			b.Fatal(err)
		}
		server, err := l.Accept(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		done := relayed(context.Background(), server, nil, nil, RelayOptions{})
		client.Relay(context.Background(), bytes.NewReader(make([]byte, size)), nil, RelayOptions{HalfClose: true})
		if o := <-done; o.Received != size {
			b.Fatalf("%+v", o)
		}
	}
}

func BenchmarkConnection(b *testing.B) {
	l, err := Listen(context.Background(), ListenOptions{Host: "127.0.0.1", Port: "0"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		client, err := Dial(context.Background(), to(l.Addr), nil)
		if err != nil {
			b.Fatal(err)
		}
		server, err := l.Accept(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		server.ResetOnClose() // no TIME-WAIT, so that ports last
		server.Close()
		client.Close()
	}
}
