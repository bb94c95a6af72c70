package drive

import "golang.org/x/sys/windows"

const errTimedOut = windows.WSAETIMEDOUT

// errnoName names the errors of Winsock as connect(2) and its like do.
func errnoName(e windows.Errno) string {
	switch e {
	case windows.WSAEACCES:
		return "EACCES"
	case windows.WSAEADDRINUSE:
		return "EADDRINUSE"
	case windows.WSAEADDRNOTAVAIL:
		return "EADDRNOTAVAIL"
	case windows.WSAEAFNOSUPPORT:
		return "EAFNOSUPPORT"
	case windows.WSAECONNABORTED:
		return "ECONNABORTED"
	case windows.WSAECONNREFUSED:
		return "ECONNREFUSED"
	case windows.WSAECONNRESET:
		return "ECONNRESET"
	case windows.WSAEHOSTUNREACH:
		return "EHOSTUNREACH"
	case windows.WSAEMFILE:
		return "EMFILE"
	case windows.WSAENETUNREACH:
		return "ENETUNREACH"
	case windows.WSAESHUTDOWN:
		return "EPIPE"
	case windows.WSAETIMEDOUT:
		return "ETIMEDOUT"
	}
	return ""
}
