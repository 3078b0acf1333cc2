package console_test

import (
	"log/slog"
	"testing"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/watch"
)

func newHunter(t *testing.T, n *node, db *store.DB) *watch.Hunter {
	t.Helper()
	h, err := watch.NewHunter(t.Context(), watch.HunterConfig{
		Journal: n.journal, DB: db, Taxonomy: n.tax, Log: slog.New(slog.DiscardHandler), Live: n.live, Desk: n.desk, Index: n.index,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
