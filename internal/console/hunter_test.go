package console_test

import (
	"testing"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/watch"
)

func newHunter(t *testing.T, n *node, db *store.DB) *watch.Hunter { return &watch.Hunter{} }
