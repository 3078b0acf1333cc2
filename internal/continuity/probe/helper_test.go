package probe_test

import (
	"context"
	"testing"
)

// deadContext has ended already.
func deadContext(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
