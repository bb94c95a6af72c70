//go:build !linux

package capture

import "fmt"

// Interfaces lists the interfaces of this machine, by number.
func Interfaces() ([]InterfaceInfo, error) {
	list, err := portableInterfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	return list, nil
}
