package probe

import (
	"context"
	"io"
)

// AskBy has a prober ask by a function of the test.
func (p *Prober) AskBy(ask func(context.Context, Target, func(string) bool) Result) { p.ask = ask }

// Closing is what a plain connection told: that the other side closed after ours, or did not.
func (r Result) Closing(closes bool) Result {
	r.closes, r.lingers = closes, !closes
	return r
}

// ReadJSON and ReadXML read a statement of a FHIR server.
func ReadJSON(r io.Reader) error { return readJSON(r) }
func ReadXML(r io.Reader) error  { return readXML(r) }
