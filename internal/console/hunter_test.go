package console_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/watch"
)

func newHunter(t *testing.T, n *node, db *store.DB) *watch.Hunter {
	t.Helper()
	h, err := watch.NewHunter(t.Context(), watch.HunterConfig{
		Journal: n.journal, DB: db, Vault: n.veil.Vault(), Taxonomy: n.tax, Log: slog.New(slog.DiscardHandler), Live: n.live, Desk: n.desk, Index: n.index,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newRulebook judges by one file of rules, in which nothing is refused but what is said to be.
func newRulebook(t *testing.T, n *node, db *store.DB, dir string) *watch.Rulebook {
	t.Helper()
	b, err := watch.OpenRulebook(t.Context(), watch.RulebookConfig{
		Dir: dir, DB: db, Log: slog.New(slog.DiscardHandler), System: access.Actor{ID: "local", Name: "this machine", Roles: []access.Role{access.Senior}},
		Pack: func(w io.Writer) error {
			text, err := os.ReadFile(n.rules)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		},
		Load: func(r io.ReaderAt, size int64) (*watch.Set, []watch.Refusal, error) {
			text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
			if err != nil {
				return nil, nil, err
			}
			refused := []watch.Refusal{{File: "rules/lists.yml:3", Reason: "%Vendors% is not bound"}}
			docs, problems := sigma.Parse("test.yml", text, sigma.Options{})
			set, others := watch.Compile(docs.Rules, docs.Correlations, nil, n.tax)
			for _, p := range append(problems, others...) {
				if !p.Warning {
					refused = append(refused, watch.Refusal{File: fmt.Sprint(p.File, ":", p.Line), Reason: p.Reason})
				}
			}
			return set, refused, nil
		},
		Seal: func(ctx context.Context, version string, act func(context.Context) error) error {
			return n.house.Do(ctx, access.RuleWrite, access.Object{Kind: "rule", ID: version}, map[string]string{"change": "go live"}, act)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
