package triage

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/vault/veil"
)

// What is sealed in the tables.
const (
	sealedBody = "finding"
	sealedNote = "note on a finding"
)

// Cover takes out of a finding what names patients: the desk keeps what it names as tokens, and of its events where they lie. The
// journal has what they say.
func Cover(v *veil.Veil, f *finding.Finding) {
	for kind, values := range f.Entities {
		for i, value := range values {
			values[i] = v.Entity(kind, value)
		}
		slices.Sort(values)
		f.Entities[kind] = slices.Compact(values)
	}
	for i := range f.Events {
		e := &f.Events[i]
		if e.Place != nil {
			e.Fields = nil
		}
		for kind, value := range e.Entities {
			e.Entities[kind] = v.Entity(kind, value)
		}
	}
}

// covered is a suppression that means the same of what is covered.
func covered(v *veil.Veil, s Suppression) Suppression {
	s.Entity = maps.Clone(s.Entity)
	for kind, value := range s.Entity {
		s.Entity[kind] = v.Entity(kind, value)
	}
	return s
}

var errDamagedRow = errors.New("its row is damaged")

// openBody reads the finding of a row. Earlier versions did not seal it.
func openBody(v *veil.Veil, body []byte, f *finding.Finding) error {
	body, err := v.Vault().OpenBlob(body, sealedBody)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, f); err != nil {
		return errDamagedRow
	}
	return nil
}
