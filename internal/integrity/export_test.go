package integrity

import (
	"context"

	"github.com/wardline/wardline/internal/integrity/kept"
)

// TestAndGoOn is what Run does with its self-tests every hour.
func (s *Sweeper) TestAndGoOn(ctx context.Context) error {
	return s.tests.untested(ctx, s.cfg.Log, s.Test(ctx))
}

// SaidOf is what is compared of a statement.
func SaidOf(get func(name string) string) *kept.Said { return saidOf(get) }
