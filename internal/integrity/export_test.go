package integrity

import "context"

// TestAndGoOn is what Run does with its self-tests every hour.
func (s *Sweeper) TestAndGoOn(ctx context.Context) error {
	return s.tests.untested(ctx, s.cfg.Log, s.Test(ctx))
}
