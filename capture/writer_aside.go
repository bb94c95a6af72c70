package capture

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// WriteNames saves names of addresses, as name resolution blocks. Before the
// first frame they wait for its interface: editcap refuses files that have
// names in front.
func (w *Writer) WriteNames(names map[netip.Addr]string) error {
	w.begin()
	if len(w.used) == 0 {
		if w.names == nil {
			w.names = make(map[netip.Addr]string)
		}
		maps.Copy(w.names, names)
		return w.err
	}
	return w.writeNames(names)
}

// WriteSecrets saves decryption secrets, of at most MaxAside bytes, for the
// frames that follow. Before the first frame they wait like names. The data
// must not be changed.
func (w *Writer) WriteSecrets(s Secrets) error {
	if err := checkSecrets(s); err != nil {
		return w.fail(err)
	}
	w.begin()
	if len(w.used) == 0 {
		w.secrets = append(w.secrets, s)
		return w.err
	}
	return w.writeSecrets(s)
}

// checkSecrets refuses what no reader keeps.
func checkSecrets(s Secrets) error {
	if len(s.Data) > MaxAside {
		return fmt.Errorf("save decryption secrets: %d bytes are over the limit of %d", len(s.Data), MaxAside)
	}
	return nil
}

// asideDue writes the names and secrets that have waited.
func (w *Writer) asideDue() {
	if w.names == nil && w.secrets == nil {
		return
	}
	names, secrets := w.names, w.secrets
	w.names, w.secrets = nil, nil
	for _, s := range secrets {
		_ = w.writeSecrets(s) // the error stays in w
	}
	if len(names) > 0 {
		_ = w.writeNames(names)
	}
}

func (w *Writer) writeSecrets(s Secrets) error {
	before := w.size
	w.start(blockSecrets)
	w.put32(s.Kind)
	w.put32(uint32(len(s.Data)))
	w.putPadded(s.Data)
	w.finish()
	w.aside += w.size - before
	return w.err
}

func (w *Writer) writeNames(names map[netip.Addr]string) error {
	before := w.size
	w.start(blockNames)
	for _, a := range slices.SortedFunc(maps.Keys(names), netip.Addr.Compare) {
		if len(w.buf)-w.at > maxWhole/2 { // readers refuse larger blocks
			w.put32(namesEnd)
			w.finish()
			w.start(blockNames)
		}
		kind, raw := uint16(namesIPv6), a.AsSlice()
		if a.Is4() {
			kind = namesIPv4
		}
		name := clip(names[a], maxName)
		if len(raw) == 0 || name == "" {
			continue
		}
		w.put16(kind)
		w.put16(uint16(len(raw) + len(name) + 1))
		w.buf = append(w.buf, raw...)
		w.buf = append(w.buf, name...)
		w.buf = append(w.buf, 0)
		w.pad()
	}
	w.put32(namesEnd)
	w.finish()
	w.aside += w.size - before
	return w.err
}
