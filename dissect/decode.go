package dissect

import "tcpsee/capture"

// Decoder decodes frames. The zero value is ready. It holds no state between
// frames; it exists so that options have a place.
type Decoder struct{}

// Decode fills p with what f holds. It never fails: what could not be
// followed is said by p.Content and p.Problem. p refers to f and its data.
func (d *Decoder) Decode(f *capture.Frame, p *Packet) {
	p.Frame = f
	p.NumLayers = 0
	p.Content = ContentNone
}
