//go:build !linux || netdrive

package drive

import (
	"fmt"
	"runtime"
)

func (s *sock) tcpInfo() (TCPInfo, error) {
	return TCPInfo{}, fmt.Errorf("TCP_INFO is not read on %s", runtime.GOOS)
}
