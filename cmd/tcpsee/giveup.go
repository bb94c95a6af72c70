package main

import "tcpsee/capture"

// giveUpRights takes the steps that a command takes once its capture is open:
// it becomes the invoking user, opens the outputs as that, waits for
// the name helper, and confines itself (rights.go has the order and why). c is
// what the command needs besides.
func giveUpRights(p *pictureFlags, s *saveFlags, src capture.Source, names *processNames, c confinement) ([]*saver, error) {
	if err := becomeUser(); err != nil {
		return nil, err
	}
	if err := p.openOutputs(); err != nil {
		return nil, err
	}
	saves, err := openSavers(p, s, src)
	if err != nil {
		return nil, err
	}
	if names != nil {
		_, _ = names.helper.wait() // without it there are no names
	}
	c.write = append(c.write, s.directories()...)
	return saves, confine(c)
}
