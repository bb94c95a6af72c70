//go:build amd64 || arm64

package drive_test

import (
	"errors"
	"fmt"

	"tcpsee/capture/drive"
)

func ExampleWrap() {
	w, err := drive.Wrap(drive.WrapOptions{Command: []string{"sh", "-c", "exit 3"}}, func(c drive.Call) {
		fmt.Println(c.Program, c.Phase, c.Name, c.Args)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	// The capture is opened here: the command has not run yet.
	if err := w.Release(); err != nil {
		fmt.Println(err)
		return
	}
	status, err := w.Wait()
	fmt.Println("status", status, err)

	_, err = drive.Wrap(drive.WrapOptions{Command: []string{"no-such-command"}}, nil)
	var cannot *drive.StartError
	if errors.As(err, &cannot) {
		fmt.Println(err, "- status", cannot.Status)
	}
	// Output:
	// status 3 <nil>
	// run no-such-command: not found in PATH - status 127
}
