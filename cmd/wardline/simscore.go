package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/app/trial"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/score"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

type simScoreCmd struct {
	nodeFlags `embed:""`
	Truth     string    `placeholder:"FILE" help:"Hold the cases of the node that runs here against this file, which sim run wrote. Without it a hospital is played and judged in this process."`
	Since     time.Time `placeholder:"DATE" format:"2006-01-02" help:"With --truth, the day from which cases count; all of them unless stated."`
	PerDay    int       `placeholder:"N" help:"Without --truth, cases that people look at in a day; ten for a thousand beds unless stated. What is urgent comes on top."`
	Size      string    `enum:"clinic,mid,full" default:"mid" help:"How large the hospital is that is played: ${enum}."`
	Seeds     []uint64  `default:"1" help:"Which hospitals are played, one after the other."`
	Days      int       `default:"35" help:"How many days are played; the last fifth is scored."`
	Stories   []string  `default:"T,B" help:"Which stories happen."`
	Quality   string    `enum:"full,no-roster,no-address,daily" default:"full" help:"What the site's systems are able to tell: ${enum}."`
	Rows      float64   `default:"0.1" help:"Share of the rows within one look at a record that are written."`
}

// Run scores.
func (c *simScoreCmd) Run(ctx context.Context, s streams) error {
	if c.Truth != "" {
		return c.node(ctx, s)
	}
	stories, unknown := story.Named(c.Stories...)
	if unknown != "" {
		return fmt.Errorf("%w: there is no story %q: wardline sim list names them", errUsage, unknown)
	}
	var days, total atomic.Int64
	total.Store(int64(c.Days * len(c.Seeds)))
	stop := s.steps("Playing and judging", "day", &days, &total)
	var reports []score.Report
	for _, seed := range c.Seeds {
		r, _, err := trial.Run(ctx, trial.Config{PerDay: c.PerDay, Day: func(int, time.Time) { days.Add(1) }, Life: life.Config{
			Size: world.Size(c.Size), Seed: seed, Days: c.Days, From: time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC), Stories: stories,
			Quality: life.Quality(c.Quality), Rows: c.Rows,
		}})
		if err != nil {
			stop()
			return fmt.Errorf("play seed %d: %w", seed, err)
		}
		reports = append(reports, r)
	}
	stop()
	return score.Write(s.out, reports)
}

// node asks the node that runs.
func (c *simScoreCmd) node(ctx context.Context, s streams) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	truth, err := filepath.Abs(c.Truth)
	if err != nil {
		return err
	}
	var r score.Report
	if err := node.Control(ctx, &config, "/score", node.ScoreAsked{Truth: truth, From: c.Since}, &r); err != nil {
		return err
	}
	return score.Write(s.out, []score.Report{r})
}
