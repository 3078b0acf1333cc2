package trial_test

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/trial"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/score"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestTrial plays hospitals and prints what was found of what happened in them. WARDLINE_SEEDS names the seeds, WARDLINE_SIZE
// the size, WARDLINE_STORIES the stories (those of theft and their benign twins unless stated) and WARDLINE_QUALITY what the site can tell; without them it is a small hospital for two weeks.
func TestTrial(t *testing.T) {
	seeds := []string{"1"}
	c := life.Config{Size: world.Mid, Days: 10, Learn: 5, Rows: 0.15, Quality: life.FullFeeds}
	if s := os.Getenv("WARDLINE_SEEDS"); s != "" {
		seeds = strings.Split(s, ",")
		c.Size, c.Days, c.Learn = world.Full, 35, 28
	} else if testing.Short() {
		t.Skip("plays a hospital for days")
	}
	if s := os.Getenv("WARDLINE_SIZE"); s != "" {
		c.Size = world.Size(s)
	}
	if s := os.Getenv("WARDLINE_DAYS"); s != "" {
		c.Days, _ = strconv.Atoi(s)
		c.Learn = c.Days * 4 / 5
	}
	if s := os.Getenv("WARDLINE_QUALITY"); s != "" {
		c.Quality = life.Quality(s)
	}
	c.From = time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC)
	for _, s := range story.All() {
		if only := os.Getenv("WARDLINE_STORIES"); only == "" && strings.ContainsAny(s.ID[:1], "TB") || strings.Contains(only, s.ID) {
			c.Stories = append(c.Stories, s)
		}
	}
	var reports []score.Report
	for _, s := range seeds {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c.Seed = seed
		began := time.Now()
		config := trial.Config{Life: c}
		if os.Getenv("WARDLINE_WHY") != "" {
			config.Why = func(what, thought string) { t.Log(what, thought) }
		}
		r, cost, err := trial.Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %d records, %d events, %.0f MB, %d damaged, %d not understood; %s, of which judging %s",
			seed, cost.Records, cost.Events, float64(cost.Bytes)/1e6, cost.Damaged, cost.Unread, time.Since(began).Round(time.Second), cost.Judging.Round(time.Second))
		reports = append(reports, r)
	}
	var b strings.Builder
	if err := score.Write(&b, reports); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if len(reports) > 0 && reports[0].Touches == 0 {
		t.Error("nothing was judged")
	}
}

// TestSameSeedSameReport plays and judges the same practice twice: what was found must not depend on when it is looked for.
func TestSameSeedSameReport(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a practice for 75 days")
	}
	stories, _ := story.Named("T", "B")
	play := func() score.Report {
		r, _, err := trial.Run(t.Context(), trial.Config{Life: life.Config{
			Size: world.Clinic, Seed: 2, Days: 25, From: time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC), Rows: 0.1, Stories: stories, Quality: life.FullFeeds,
		}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := play()
	for range 2 {
		if again := play(); !reflect.DeepEqual(again, first) {
			t.Fatalf("%+v\nand then\n%+v", first, again)
		}
	}
}

// TestFalsified plays the stories of falsification and those that only look like them, and prints what was found. WARDLINE_FALSIFIED names seeds; without
// them it is one small hospital for ten days. WARDLINE_SLIPS=off leaves out what is honest and looks falsified.
func TestFalsified(t *testing.T) {
	seeds := []string{"1"}
	c := life.Config{Size: world.Mid, Days: 10, Learn: 5, Rows: 0.02, Quality: life.FullFeeds, From: time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC), Slips: os.Getenv("WARDLINE_SLIPS") != "off"}
	if s := os.Getenv("WARDLINE_FALSIFIED"); s != "" {
		seeds = strings.Split(s, ",")
		c.Days, c.Learn = 14, 7
	} else if testing.Short() {
		t.Skip("plays a hospital for days")
	}
	for _, s := range story.All() {
		if strings.ContainsAny(s.ID[:1], "FB") {
			c.Stories = append(c.Stories, s)
		}
	}
	for _, s := range seeds {
		c.Seed, _ = strconv.ParseUint(s, 10, 64)
		r, err := trial.Falsified(t.Context(), trial.Config{Life: c, Why: func(what, thought string) { t.Log(what, thought) }})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Stories {
			t.Logf("seed %d: %s case %v found %v after %s, %s after its latest trace, by %s", c.Seed, s.ID, s.Case, s.Found, s.After.Round(time.Second), s.Delay.Round(time.Second), s.By)
		}
		t.Logf("seed %d: %d messages, doubts about ordinary life %v, of which about what is honest and looks falsified %v of %v, routes %+v", c.Seed, r.Messages, r.False, r.Slips, r.Played, r.Routes)
	}
}

// TestDisrupted plays the stories of disruption, and prints what was told. WARDLINE_DISRUPTED names seeds; WARDLINE_STORIES a few stories, for which five weeks are enough.
func TestDisrupted(t *testing.T) {
	s := os.Getenv("WARDLINE_DISRUPTED")
	if s == "" {
		t.Skip("plays a hospital for a month: name seeds in WARDLINE_DISRUPTED")
	}
	c := life.Config{Size: world.Mid, Days: 63, Learn: 49, Rows: 0.02, Quality: life.FullFeeds, From: time.Date(2030, 3, 11, 0, 0, 0, 0, time.UTC)}
	only := os.Getenv("WARDLINE_STORIES")
	if only != "" {
		c.Days, c.Learn = 35, 21
	}
	for _, s := range story.All() {
		if s.ID[0] == 'D' && (only == "" || strings.Contains(","+only+",", ","+s.ID+",")) {
			c.Stories = append(c.Stories, s)
		}
	}
	for _, s := range strings.Split(s, ",") {
		c.Seed, _ = strconv.ParseUint(s, 10, 64)
		r, err := trial.Disrupted(t.Context(), trial.Config{Life: c, Why: func(what, thought string) { t.Log(what, thought) }})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Stories {
			t.Logf("seed %d: %s of %s, case %v found %v after %s (target %s), %d incidents, the first told after %s: %s", c.Seed, s.ID, s.Start.Format("Mon 02 15:04"), s.Case, s.Found, s.After.Round(time.Second), s.Target, s.Incidents, s.Told.Round(time.Second), s.By)
		}
		for i := range r.False {
			t.Logf("seed %d: about ordinary life, %s: %s", c.Seed, r.False[i].At.Format("Mon 02 15:04"), r.False[i].Text())
		}
		calls(t, c.Seed, r.Calls)
		t.Logf("seed %d: %d events", c.Seed, r.Events)
	}
}

func calls(t *testing.T, seed uint64, all []trial.Call) {
	for _, c := range all {
		t.Logf("seed %d: people were told of ordinary life, %s, %s, class %s: %s", seed, c.At.Format("Mon 02 Jan 15:04"), c.Level, c.Class, c.Says)
	}
}

// TestQuiet plays seventy days of a house of 1,000 beds in which nothing is disrupted, and prints what people were told. WARDLINE_QUIET names a seed.
func TestQuiet(t *testing.T) {
	s := os.Getenv("WARDLINE_QUIET")
	if s == "" {
		t.Skip("plays a large hospital for four months: name a seed in WARDLINE_QUIET")
	}
	c := life.Config{Size: world.Full, Days: 119, Learn: 49, Rows: 0.002, Quality: life.FullFeeds, From: time.Date(2030, 3, 11, 0, 0, 0, 0, time.UTC)}
	c.Seed, _ = strconv.ParseUint(s, 10, 64)
	r, err := trial.Disrupted(t.Context(), trial.Config{Life: c})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int{}
	for _, c := range r.Calls {
		by[c.Level+" "+string(c.Class)]++
	}
	calls(t, c.Seed, r.Calls)
	t.Logf("seed %d: %d events, in 70 days %d signs, %d incidents: %v", c.Seed, r.Events, len(r.False), len(r.Calls), by)
}
