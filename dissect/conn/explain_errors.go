package conn

import (
	"strconv"
	"strings"
	"unicode"
)

// failure is an error that a socket call gives, as C names it, with what else
// programs print of it.
type failure struct {
	Entry
	numbers []int    // of Linux, then of macOS and Windows where they differ; "[Errno 111]", "errno: -61", "[WinError 10061]"
	forms   []string // what systems, languages and programs write in its place, beside Title
}

// socketFailures are what the calls of connect(2), accept(2), bind(2), listen(2),
// send(2), recv(2), shutdown(2), socket(2), setsockopt(2) and getaddrinfo(3) may
// give on a socket of TCP. Titles are those of strerror(3).
var socketFailures = [...]failure{
	// The other end, or the way there.
	{Entry{"ECONNREFUSED", "Connection refused", "connect() got RST for its SYN: no program listens on that port of that address, or a firewall answers in its name. ss -ltn on the server's machine lists what listens.", "RFC 9293, section 3.5.2"},
		[]int{111, 61, 10061}, []string{"ConnectionRefusedError", "actively refused it", "Couldn't connect to server"}},
	{Entry{"ECONNRESET", "Connection reset by peer", "An RST came: the other end's program closed or ended with data unread, or wants RST (SO_LINGER), or its machine knows nothing of the connection. What was on its way may be lost.", "RFC 9293, section 3.5.2"},
		[]int{104, 54, 10054}, []string{"ConnectionResetError", "Connection reset", "forcibly closed by the remote host"}},
	{Entry{"EPIPE", "Broken pipe", "The program wrote after an RST had come, or after its own shutdown(). The first write after the other end's close still succeeds, and draws that RST.", ""},
		[]int{32, 10058}, []string{"BrokenPipeError", "SIGPIPE"}},
	{Entry{"ETIMEDOUT", "Connection timed out", "No answer came: to SYNs (on Linux after about two minutes), to data that was sent again and again, or to keep-alives. Or the program's own time-out was over first, such as Python's settimeout().", "RFC 9293, section 3.8.3"},
		[]int{110, 60, 10060}, []string{"TimeoutError", "socket.timeout", "timed out", "i/o timeout", "Operation timed out", "SocketTimeoutException", "ERR_SOCKET_CONNECTION_TIMEOUT", "did not properly respond after a period of time"}},
	{Entry{"EHOSTUNREACH", "No route to host", "An ICMP error came back from a router or a firewall, or nobody in the local network has the address (ARP was not answered). The packets never reached the machine.", "RFC 792"},
		[]int{113, 65, 10065}, []string{"NoRouteToHostException", "Host is unreachable"}},
	{Entry{"ENETUNREACH", "Network is unreachable", "This machine's routing table has no way to that address: ip route get ADDRESS. For an IPv6 address it mostly means that there is no IPv6 here.", ""},
		[]int{101, 51, 10051}, nil},
	{Entry{"ENETDOWN", "Network is down", "The interface that the packet would leave by is switched off: ip link.", ""}, []int{100, 50, 10050}, nil},
	{Entry{"EHOSTDOWN", "Host is down", "Nobody in the local network answers for that address. Linux mostly says EHOSTUNREACH for it.", ""}, []int{112, 64, 10064}, nil},
	{Entry{"ENONET", "Machine is not on the network", "An ICMP error said that the other machine is cut off. It is hardly ever sent.", "RFC 1122, section 3.2.2.1"}, []int{64}, nil},
	{Entry{"ENETRESET", "Network dropped connection on reset", "The connection broke because its network did, as keep-alives found out.", ""}, []int{102, 52, 10052}, nil},
	{Entry{"ECONNABORTED", "Software caused connection abort", "Of accept(): a client was gone again before it was accepted. On Windows also: the own system gave a connection up, since nobody acknowledged.", ""},
		[]int{103, 53, 10053}, []string{"ConnectionAbortedError", "Connection aborted", "aborted by the software in your host machine"}},
	{Entry{"EPROTO", "Protocol error", "Of accept(): something was wrong with the connection before it could be taken. The server goes on with the next one.", ""}, []int{71}, nil},
	{Entry{"socket hang up", "the connection ended before the answer", "The other end closed before the answer was whole. Node calls it ECONNRESET, curl \"Empty reply from server\", Python RemoteDisconnected, whether RST or FIN came: the picture shows which.", ""},
		nil, []string{"Empty reply from server", "RemoteDisconnected", "Remote end closed connection without response"}},

	// Addresses and ports.
	{Entry{"EADDRINUSE", "Address already in use", "Another program has the port, or an old connection on it is still in TIME-WAIT. SO_REUSEADDR helps in the second case; in the first, ss -ltnp shows which.", ""},
		[]int{98, 48, 10048}, []string{"Only one usage of each socket address", "BindException"}},
	{Entry{"EADDRNOTAVAIL", "Cannot assign requested address", "bind(): this machine does not have the address (ip addr lists those that it has). connect(): no local port is free, or the address is none to call; with localhost, ::1 where IPv6 is off.", ""},
		[]int{99, 49, 10049}, []string{"Can't assign requested address", "address is not valid in its context"}},
	{Entry{"EACCES", "Permission denied", "On Linux ports below 1024 are for root (or CAP_NET_BIND_SERVICE), and a local firewall may forbid a call. A broadcast address wants SO_BROADCAST, which TCP does not have.", ""},
		[]int{13, 10013}, []string{"PermissionError", "forbidden by its access permissions"}},
	{Entry{"EPERM", "Operation not permitted", "A rule of this machine's own firewall, or of a sandbox, forbids it: sudo nft list ruleset (or iptables -nvL).", ""}, []int{1}, nil},
	{Entry{"EAFNOSUPPORT", "Address family not supported by protocol", "An IPv6 address was given to an IPv4 socket or the other way round, or this machine has that family switched off.", ""},
		[]int{97, 47, 10047}, []string{"Address family not supported by protocol family"}},
	{Entry{"EDESTADDRREQ", "Destination address required", "Something was sent from a socket of which no other end is known: connect() comes first.", ""}, []int{89, 39, 10039}, nil},
	{Entry{"ENODEV", "No such device", "The interface that was named is not there (any more): ip link lists them.", ""}, []int{19}, nil},
	{Entry{"ENOTFOUND", "Name or service not known", "The name has no address: it is misspelled, or unknown to the name server. No packet was sent to the server itself. Python says socket.gaierror, C EAI_NONAME, Node ENOTFOUND.", ""},
		nil, []string{"EAI_NONAME", "EAI_NODATA", "gaierror", "nodename nor servname provided, or not known", "No address associated with hostname", "Could not resolve host", "Could not resolve hostname", "no such host", "UnknownHostException"}},
	{Entry{"EAI_AGAIN", "Temporary failure in name resolution", "The name server did not answer: this machine is perhaps not online. An address in figures needs no name server.", ""}, nil, nil},

	// Not now.
	{Entry{"EINPROGRESS", "Operation now in progress", "No failure: connect() on a socket that does not wait (non-blocking) has sent SYN; poll() tells when it is connected. nc -w prints it when its time-out was over first.", ""},
		[]int{115, 36, 10036}, nil},
	{Entry{"EALREADY", "Operation already in progress", "connect() once more on a socket that does not wait, whose first connect() is not decided yet.", ""}, []int{114, 37, 10037}, nil},
	{Entry{"EAGAIN", "Resource temporarily unavailable", "No failure: on a socket that does not wait (non-blocking) there is nothing to receive, nobody to accept or no room to send at the moment. The program asks again later; poll() tells when.", ""},
		[]int{11, 35, 10035}, []string{"EWOULDBLOCK", "BlockingIOError", "Operation would block", "operation could not be completed immediately"}},
	{Entry{"EINTR", "Interrupted system call", "A signal (Ctrl-C is one) came while the call was waiting. Nothing happened to the connection; most programs call again. Python does so by itself.", ""},
		[]int{4, 10004}, []string{"InterruptedError", "KeyboardInterrupt", "ERESTARTSYS"}},

	// Calls in the wrong place.
	{Entry{"ENOTCONN", "Transport endpoint is not connected", "The socket has no connection: it never had one, it is the one that listens (accept() gives another), or an RST has ended it. shutdown() after an RST gets it, without harm.", ""},
		[]int{107, 57, 10057}, []string{"Socket is not connected", "because the socket is not connected"}},
	{Entry{"EISCONN", "Transport endpoint is already connected", "connect() on a socket that has a connection. Each connection needs a socket of its own.", ""}, []int{106, 56, 10056}, []string{"Socket is already connected"}},
	{Entry{"EINVAL", "Invalid argument", "The call does not fit the socket: accept() before listen(), bind() for the second time, or a length or an address that makes no sense (link-local IPv6 wants its interface: fe80::1%eth0).", ""}, []int{22, 10022}, nil},
	{Entry{"EBADF", "Bad file descriptor", "The descriptor is no open one: mostly the program has closed the socket already and goes on using it.", ""},
		[]int{9, 10009}, []string{"use of closed network connection", "Socket is closed", "Socket closed"}},
	{Entry{"ENOTSOCK", "Socket operation on non-socket", "The descriptor belongs to a file or a pipe, not to a socket.", ""}, []int{88, 38, 10038}, nil},
	{Entry{"EOPNOTSUPP", "Operation not supported", "This kind of socket cannot do that: listen() and accept() are for streams (SOCK_STREAM), not for datagrams (UDP).", ""},
		[]int{95, 45, 10045}, []string{"ENOTSUP", "Operation not supported on socket"}},
	{Entry{"EPROTOTYPE", "Protocol wrong type for socket", "SOCK_STREAM goes with TCP, SOCK_DGRAM with UDP: here they are mixed.", ""}, []int{91, 41, 10041}, nil},
	{Entry{"EPROTONOSUPPORT", "Protocol not supported", "socket() was asked for a protocol that does not fit the kind of socket, or that this machine does not have.", ""}, []int{93, 43, 10043}, nil},
	{Entry{"ESOCKTNOSUPPORT", "Socket type not supported", "socket() was asked for a kind of socket that this machine does not have.", ""}, []int{94, 44, 10044}, nil},
	{Entry{"ENOPROTOOPT", "Protocol not available", "setsockopt() or getsockopt(): this socket has no such option.", ""}, []int{92, 42, 10042}, nil},
	{Entry{"EMSGSIZE", "Message too long", "A single message is larger than can be sent. TCP, a stream, cuts by itself; of datagrams (UDP) it means that one is too large.", ""}, []int{90, 40, 10040}, nil},
	{Entry{"ESHUTDOWN", "Cannot send after transport endpoint shutdown", "The program sent after it had closed that direction by shutdown(). On Linux TCP says EPIPE for it.", ""},
		[]int{108, 58}, []string{"Can't send after socket shutdown"}},
	{Entry{"EFAULT", "Bad address", "The program gave the call a place in memory that is not its own: an error of the program, not of the network.", ""}, []int{14, 10014}, nil},

	// The machine has no more.
	{Entry{"EMFILE", "Too many open files", "The program has as many descriptors open as it may (ulimit -n); sockets count. A server that forgets close() comes to it: its connections stay in CLOSE-WAIT.", ""}, []int{24, 10024}, nil},
	{Entry{"ENFILE", "Too many open files in system", "All programs together have as many descriptors open as the machine allows.", ""}, []int{23}, nil},
	{Entry{"ENOBUFS", "No buffer space available", "The system has no memory left for sockets, or none that this one may have.", ""}, []int{105, 55, 10055}, nil},
	{Entry{"ENOMEM", "Cannot allocate memory", "The machine, or the container, is out of memory.", ""}, []int{12}, nil},
}

// failureIn finds the error that a message of a program holds: of several the one
// with the most words, "Address already in use" before "OSError".
func failureIn(message string) (Entry, bool) {
	text, best, found := spaced(message), 0, -1
	for i := range socketFailures {
		for form := range socketFailures[i].all {
			if words := spaced(form); len(words) > best && strings.Contains(text, words) {
				best, found = len(words), i
			}
		}
	}
	if found < 0 {
		return Entry{}, false
	}
	return socketFailures[found].Entry, true
}

// all gives every form in which an error is written.
func (f *failure) all(yield func(string) bool) {
	for _, form := range append([]string{f.Term, "WSA" + f.Term, f.Title}, f.forms...) {
		if !yield(form) {
			return
		}
	}
	for _, n := range f.numbers {
		for _, name := range [...]string{"errno ", "os error ", "winerror "} {
			if !yield(name + strconv.Itoa(n)) {
				return
			}
		}
	}
}

// spaced writes a text as words in lower case, one space before and after each.
func spaced(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return " " + strings.Join(words, " ") + " "
}
