package filter_test

import (
	"errors"
	"fmt"

	"tcpsee/capture"
	"tcpsee/capture/filter"
)

func Example() {
	e, err := filter.Parse("tcp dst port 80")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := e.Matcher(capture.LinkIPv4)
	if err != nil {
		fmt.Println(err)
		return
	}
	packet := []byte{
		0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4, TCP inside
		0x9c, 0x40, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0, // port 40000 to 80, SYN
	}
	fmt.Println(m.Match(packet, len(packet)))

	prog, err := e.Compile(filter.Options{Link: capture.LinkIPv4})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(filter.Format(prog))
	// Output:
	// true
	// (000) ld       #0x1
	// (001) ldb      [9]
	// (002) jeq      #0x6             jt 3	jf 9
	// (003) ldh      [6]
	// (004) jset     #0x1fff          jt 9	jf 5
	// (005) ldxb     4*([0]&0xf)
	// (006) ldh      [x + 2]
	// (007) jeq      #0x50            jt 8	jf 9
	// (008) ret      #262144
	// (009) ret      #0
}

func ExampleSyntaxError() {
	_, err := filter.Parse("host 192.0.2.1 and tcp 3000")
	var e *filter.SyntaxError
	if errors.As(err, &e) {
		fmt.Println(e)
		fmt.Println(e.Caret())
		fmt.Println("hint:", e.Hint)
	}
	// Output:
	// filter: a number is unexpected here at "3000"
	// host 192.0.2.1 and tcp 3000
	//                        ^^^^
	// hint: tcp port 3000
}
