package life_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

func TestQuick(t *testing.T) {
	size := world.Size(os.Getenv("SIZE"))
	if size == "" {
		size = world.Mid
	}
	h, err := life.New(life.Config{Size: size, Seed: 1, From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Days: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("staff %d units %d beds %d", len(h.World.Staff), len(h.World.Units), h.World.Beds)
	count, size2 := map[feed.Feed]int{}, map[feed.Feed]int{}
	why, undoc, news, newsUndoc := map[string]int{}, 0, 0, 0
	n := 0
	began := time.Now()
	err = h.Play(context.Background(), life.Sinks{
		Record: func(r *feed.Record) error { count[r.Feed]++; size2[r.Feed] += len(r.Data); return nil },
		Truth: func(x *life.Truth) error {
			if x.Touch != nil {
				n++
				why[x.Touch.Why]++
				if x.Touch.New {
					news++
				}
				if !x.Touch.Documented {
					undoc++
					if x.Touch.New {
						newsUndoc++
					}
				}
			}
			return nil
		},
		Day: func(day int, at time.Time) error {
			t.Logf("day %d %v touches %d undoc %.3f new %d newundoc %.3f", day, time.Since(began), n, float64(undoc)/float64(n), news, float64(newsUndoc)/float64(news))
			for f, c := range count {
				t.Logf("   %s %d %d", f, c, size2[f])
			}
			if day%7 > 1 {
				t.Logf("%v", why)
			}
			clear(count)
			clear(size2)
			clear(why)
			n, undoc, news, newsUndoc = 0, 0, 0, 0
			began = time.Now()
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
