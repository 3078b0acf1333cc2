package triage

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/journal"
)

// Handle takes in an entry as if it had been followed.
func (d *Desk) Handle(ctx context.Context, index uint64, h journal.Header, lines ...[]byte) error {
	return d.handle(ctx, index, h, slices.All(lines))
}

// Covers tells whether a suppression is about all that a finding names.
func (s *Suppression) Covers(entities map[string][]string) bool {
	var f Filed
	f.Finding.Rule.ID, f.Finding.Entities = "rule-1", entities
	return s.covers(&f.Finding)
}

// Wilson is the interval of hits in n.
func Wilson(hits, n int) (low, high float64) { return wilson(hits, n) }
