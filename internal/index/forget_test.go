package index_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// deleting follows a log as l.follow does, and says of some entries that they delete others.
func (l *log) deleting(gone map[uint64][]index.Span) index.Follow {
	return func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
		return l.follow(ctx, from, func(ctx context.Context, b index.Batch) error {
			b.Gone = gone[b.Entry]
			return handle(ctx, b)
		})
	}
}

// kept are the places of entries that no span holds.
func (l *log) kept(spans ...index.Span) []string {
	return slices.DeleteFunc(l.places(), func(place string) bool {
		return slices.ContainsFunc(spans, func(s index.Span) bool {
			for e := s.First; e <= s.Last; e++ {
				if strings.HasPrefix(place, fmt.Sprintf("%d/", e)) {
					return true
				}
			}
			return false
		})
	})
}

// TestRowsOfDeletedEntriesLeave: those of the spans and no others, also rows of the same day, rows that claim another time, rows that were
// sent a moment ago, and rows of the future, which a clock that was wrong has made.
func TestRowsOfDeletedEntriesLeave(t *testing.T) {
	l := newLog()
	l.fill(6, 20)
	year := time.Now().AddDate(0, 11, 0)
	l.add(record{time: noon.AddDate(0, -3, 0), observed: noon, fields: `{"message":"late"}`},
		record{time: year, observed: year, fields: `{"message":"early"}`}) // entry 6
	l.fill(4, 20)
	l.add(record{time: noon, fields: `{"message":"the last"}`}) // entry 11 deletes
	spans := []index.Span{{First: 1, Last: 2}, {First: 6, Last: 6}, {First: 10, Last: 10}}
	cfg := config(t)
	x := runOn(t, cfg, l.deleting(map[uint64][]index.Span{11: spans}))
	x.through(l)
	until(t, "the rows to leave", func() bool { return len(x.everything()) == len(l.kept(spans...)) })
	if diff := cmp.Diff(x.everything(), l.kept(spans...)); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
	x.stop()
	x = run(t, cfg, l)
	until(t, "the process to be there again", func() bool { return x.Healthy() == nil })
	if diff := cmp.Diff(x.everything(), l.kept(spans...)); diff != "" {
		t.Errorf("after a restart it holds, wanted:\n%s", diff)
	}
}

// TestAnOrderToDeleteSurvivesAKill: the search process is killed the moment it has taken the order.
func TestAnOrderToDeleteSurvivesAKill(t *testing.T) {
	l := newLog()
	l.fill(8, 50)
	span := index.Span{First: 0, Last: 6}
	cfg := config(t)
	x := runOn(t, cfg, l.deleting(map[uint64][]index.Span{8: {span}}))
	x.through(l)
	l.add(record{time: noon, fields: `{"message":"the last"}`})
	x.through(l)
	if p, err := os.FindProcess(searchProcess(t, cfg.Dir)); err == nil {
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the process to be there again", func() bool { return x.Counts().Restarts > 0 && x.Healthy() == nil })
	until(t, "the rows to leave", func() bool { return x.Healthy() == nil && len(x.everything()) == len(l.kept(span)) })
	if diff := cmp.Diff(x.everything(), l.kept(span)); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
}
