package integrity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// SweepConfig says how the databases of other systems are read back.
type SweepConfig struct {
	DB       *store.DB
	Journal  *journal.Journal
	Vault    *vault.Vault
	Taxonomy *event.Taxonomy
	Dir      string // for what must be put aside during a sweep, sealed
	Zone     *time.Location
	At       time.Duration // since midnight, when whole tables are read
	Sample   int           // rows of each database that are looked at in a day besides
	Log      *slog.Logger
}

// Sweeper reads the tables of one database back. What it finds becomes events in the journal (class records/row), which the Engine judges.
type Sweeper struct {
	cfg    SweepConfig
	source *tables.Source
	keeper *tables.Keeper
	tests  selfTests
	signs  signs
}

// OpenSweeper connects to the database of a declaration.
func OpenSweeper(ctx context.Context, d tables.Declaration, cfg SweepConfig) (*Sweeper, error) {
	if err := cfg.DB.Migrate(ctx, "integrity", schema); err != nil {
		return nil, err
	}
	keeper, err := tables.Open(ctx, tables.Config{
		DB: cfg.DB, Seal: cfg.Vault.Seal, Open: cfg.Vault.Open, Dir: cfg.Dir, Now: time.Now, Dice: sample.NewDice(rand.NewChaCha8(seed(cfg.Vault, d.System))),
	})
	if err != nil {
		return nil, err
	}
	source, err := tables.Connect(ctx, d)
	if err != nil {
		return nil, err
	}
	return &Sweeper{cfg: cfg, source: source, keeper: keeper, tests: selfTests{cfg.DB, d.System}, signs: signs{}}, nil
}

// seed makes what is sampled hard to foretell: it hangs on a key of the house and on the moment.
func seed(v *vault.Vault, system string) (out [32]byte) {
	for i := range 4 {
		n := v.Hash("sample", fmt.Sprint(system, i, time.Now().UnixNano()))
		for j := range 8 {
			out[8*i+j] = byte(n >> (8 * j))
		}
	}
	return out
}

// Close ends the connections.
func (s *Sweeper) Close() error { return s.source.Close() }

// Run sweeps whole tables once a day, reads every two minutes what was written lately where that is declared, looks at some rows every hour, and in
// between at what somebody asks for, until ctx ends. Tables that were never swept are at once. It returns an error when the journal fails; a table that
// cannot be read, or whose state cannot be kept, is told in the log and tried again the next time.
func (s *Sweeper) Run(ctx context.Context) error {
	if err := s.sweepNew(ctx); err != nil {
		return err
	}
	return serve(ctx, duty{s.cfg.next, s.Sweep}, each(hourly, s.hour), each(newsEvery, s.News), each(answersEvery, func(ctx context.Context) error { return s.Answer(ctx, time.Now()) }))
}

// hour is what is done every hour.
func (s *Sweeper) hour(ctx context.Context) error {
	if err := s.tests.untested(ctx, s.cfg.Log, s.Test(ctx)); err != nil || s.cfg.Sample == 0 {
		return err
	}
	return s.look(ctx, max(1, s.cfg.Sample/24))
}

// News reads what was written lately in the tables that are declared fresh.
func (s *Sweeper) News(ctx context.Context) error {
	for _, t := range s.source.Tables() {
		if !t.Fresh {
			continue
		}
		report, err := s.keeper.Since(ctx, s.source, t.Schema+"."+t.Name, s.emit(t))
		if err := s.settle(ctx, t, report, err, false); err != nil {
			return err
		}
	}
	return nil
}

// next is when whole tables are read after now.
func (c *SweepConfig) next(now time.Time) time.Time {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	at := time.Date(y, m, d, 0, 0, 0, 0, zone).Add(c.At)
	if !at.After(now) {
		at = time.Date(y, m, d+1, 0, 0, 0, 0, zone).Add(c.At)
	}
	return at
}

// Sweep reads all tables.
func (s *Sweeper) Sweep(ctx context.Context) error {
	for _, t := range s.source.Tables() {
		if err := s.sweep(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweeper) sweepNew(ctx context.Context) error {
	for _, t := range s.source.Tables() {
		var known int
		err := s.cfg.DB.QueryRowContext(ctx, `SELECT count(*) FROM integrity_sweeps WHERE system = $1 AND name = $2`, s.source.System(), t.Name).Scan(&known)
		if err != nil {
			return fmt.Errorf("look for earlier sweeps: %w", err)
		}
		if known == 0 {
			if err := s.sweep(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// Test plants a difference in each table about once a week, and tells of those that nobody found for three days. Run calls it every hour.
func (s *Sweeper) Test(ctx context.Context) error {
	for _, t := range s.source.Tables() {
		name, now := t.Schema+"."+t.Name, time.Now()
		since, waits, err := s.keeper.Planted(ctx, s.source, name)
		if err != nil {
			return err
		}
		if waits {
			if err := s.tellUnfound(ctx, t, since, now); err != nil {
				return err
			}
			continue
		}
		if err := s.tests.forgotten(ctx, t.Name, now); err != nil {
			return err
		}
		due, err := s.tests.due(ctx, t.Name, now)
		if err != nil {
			return err
		}
		if due {
			if err := s.plant(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Sweeper) tellUnfound(ctx context.Context, t tables.Table, since, now time.Time) error {
	overdue, err := s.tests.overdue(ctx, t.Name, since, now)
	if err != nil || !overdue {
		return err
	}
	return appendEvents(ctx, s.cfg.Journal, s.event(t, map[string]any{
		"act": actUnfound, "outcome": tables.Mismatch.String(), "key": since.Format(time.RFC3339),
		"reasons": []string{unfoundSince(since)},
	}, nil, nil))
}

// plant pretends that one row of a table was something else.
func (s *Sweeper) plant(ctx context.Context, t tables.Table) error {
	name := t.Schema + "." + t.Name
	if _, err := s.keeper.Plant(ctx, s.source, name); err != nil {
		return err
	}
	since, waits, err := s.keeper.Planted(ctx, s.source, name)
	if err != nil || !waits {
		return err // it has no row of which something else can be pretended
	}
	return s.tests.planted(ctx, t.Name, since)
}

// Plant pretends that one row of each table was something else, as Run does once a week. The next sweep has to find all of them.
func (s *Sweeper) Plant(ctx context.Context) error {
	for _, t := range s.source.Tables() {
		if err := s.plant(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweeper) sweep(ctx context.Context, t tables.Table) error {
	report, err := s.keeper.Sweep(ctx, s.source, t.Schema+"."+t.Name, s.emit(t))
	return s.settle(ctx, t, report, err, true)
}

func (s *Sweeper) look(ctx context.Context, n int) error {
	shares, err := s.keeper.Shares(ctx, s.source, n)
	if err != nil {
		return fmt.Errorf("plan a sample: %w", err)
	}
	for i, t := range s.source.Tables() {
		if shares[i] == 0 {
			continue
		}
		report, err := s.keeper.Sample(ctx, s.source, t.Schema+"."+t.Name, shares[i], s.emit(t))
		if err := s.settle(ctx, t, report, err, false); err != nil {
			return err
		}
	}
	return nil
}

// Answer looks at the rows that somebody asks for by now.
func (s *Sweeper) Answer(ctx context.Context, now time.Time) error {
	e := errands{s.cfg.DB, s.cfg.Vault, s.source.System()}
	return e.each(ctx, now, func(part string, list []errand) error {
		at := slices.IndexFunc(s.source.Tables(), func(t tables.Table) bool { return t.Name == part })
		if at < 0 {
			return e.forget(ctx, list, now)
		}
		return s.answer(ctx, e, s.source.Tables()[at], list, now)
	})
}

// answer looks at some rows of a table. What nothing is told of is as it was.
func (s *Sweeper) answer(ctx context.Context, e errands, t tables.Table, list []errand, now time.Time) error {
	outcomes, keys := map[string]string{}, [][]string{}
	for _, one := range list {
		keys = append(keys, one.thing)
	}
	emit := s.emit(t)
	report, err := s.keeper.Look(ctx, s.source, t.Schema+"."+t.Name, keys, func(ctx context.Context, changes []tables.Change) error {
		for i := range changes {
			outcomes[keyText(changes[i].Key)] = changes[i].Outcome.String()
		}
		return emit(ctx, changes)
	})
	if stop := s.settle(ctx, t, report, err, false); stop != nil {
		return stop
	}
	outcome := func(one *errand) string { return cmp.Or(outcomes[strings.Join(one.thing, " ")], OutcomeMatch) }
	return e.finish(ctx, list, err != nil || report.First, outcome, now)
}

// settle files the signs of a report and keeps it. A database that could not be read is no failure of the node.
func (s *Sweeper) settle(ctx context.Context, t tables.Table, r tables.Report, err error, whole bool) error {
	switch {
	case errors.Is(err, errJournal) || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	case err != nil:
		s.cfg.Log.ErrorContext(ctx, "a table could not be read back; it is tried again", "system", s.source.System(), "table", t.Name, "error", err)
		return nil
	}
	if r.Void {
		if err := s.tests.void(ctx, t.Name); err != nil {
			return err
		}
	}
	for _, sign := range r.Signs {
		if sign.Outcome != tables.Mismatch || !s.signs.fresh(t.Name, sign.About, sign.Text, time.Now()) {
			continue
		}
		if err := appendEvents(ctx, s.cfg.Journal, s.event(t, map[string]any{"act": "sign", "outcome": sign.Outcome.String(), "about": sign.About, "reasons": []string{sign.Text}, "key": sign.About + " " + sign.Text}, nil, nil)); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return keepSweep(ctx, s.cfg.DB, SweepState{
		System: s.source.System(), Table: t.Name, Unit: "rows", At: time.Now(), Rows: r.Asked, Known: r.Rows, First: r.First,
		Mismatches: r.Outcomes[tables.Mismatch], Explained: r.Outcomes[tables.Explained] + r.Outcomes[tables.Pending],
	})
}

// emit makes events of changes. They are durable when it returns nil.
func (s *Sweeper) emit(t tables.Table) tables.Emit {
	return func(ctx context.Context, changes []tables.Change) error {
		var events []*event.Event
		for i := range changes {
			c := &changes[i]
			said := map[string]any{"act": c.Act.String(), "outcome": c.Outcome.String(), "reasons": c.Reasons, "columns": c.Columns, "key": keyText(c.Key), "keys": keyList(c.Key), "old": c.OldSum, "new": c.NewSum}
			if !c.Planted.IsZero() {
				said["planted"] = c.Planted
			}
			if column := t.Means["patient"]; column != "" {
				said["patient"] = either(cell(c.New, column), cell(c.Old, column))
			}
			events = append(events, s.event(t, said, c.New, c.Old))
		}
		return appendEvents(ctx, s.cfg.Journal, events...)
	}
}

// event is what the journal is told of a row.
func (s *Sweeper) event(t tables.Table, said map[string]any, now, before []tables.Field) *event.Event {
	said["system"], said["table"], said["sort"] = s.source.System(), t.Name, t.Kind
	if strings.HasPrefix(t.Kind, "master") {
		said["sort"] = "master"
	}
	said["content"], said["before"] = cells(now), cells(before)
	fields, err := json.Marshal(map[string]any{"row": said})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
	}
	at := time.Now().UTC()
	return &event.Event{
		Source: "sweep/" + s.source.System(), Class: s.cfg.Taxonomy.Class("records", "row", ""), Format: "sweep", Time: at, Observed: at, Fields: fields,
		ID: event.NewID("sweep/"+s.source.System(), t.Name, fmt.Sprint(said["key"]), fmt.Sprint(said["old"]), fmt.Sprint(said["new"]), at.Format(time.DateOnly)),
	}
}

func cells(fields []tables.Field) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		if !f.Null {
			out[f.Column] = f.Text
		}
	}
	return out
}

func cell(fields []tables.Field, column string) string { return cells(fields)[column] }

func keyList(fields []tables.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Text)
	}
	return out
}

func keyText(fields []tables.Field) string { return strings.Join(keyList(fields), " ") }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
