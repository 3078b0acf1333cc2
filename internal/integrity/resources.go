package integrity

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/integrity/assertion"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/resources"
	"github.com/wardline/wardline/internal/integrity/sample"
)

// ResourceSweeper reads the resources of one FHIR server back. What it finds becomes events in the journal (class records/row), which the Engine judges.
type ResourceSweeper struct {
	cfg    SweepConfig
	source *resources.Source
	keeper *resources.Keeper
	tests  selfTests
	signs  signs
	// compares says that its results are held against those that are sent.
	compares bool
}

// OpenResourceSweeper connects to the server of a declaration.
func OpenResourceSweeper(ctx context.Context, d resources.Declaration, cfg SweepConfig) (*ResourceSweeper, error) {
	if err := cfg.DB.Migrate(ctx, "integrity", schema); err != nil {
		return nil, err
	}
	keeper, err := resources.Open(ctx, resources.Config{
		DB: cfg.DB, Seal: cfg.Vault.Seal, Open: cfg.Vault.Open, Reading: Statements, Claims: claimsFor(&d), Dir: cfg.Dir, Now: time.Now, Dice: sample.NewDice(rand.NewChaCha8(seed(cfg.Vault, d.System))),
	})
	if err != nil {
		return nil, err
	}
	source, err := resources.Connect(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, sentence := range source.Check() {
		cfg.Log.WarnContext(ctx, "a FHIR server does not do all that reading it back takes", "system", d.System, "what", sentence)
	}
	return &ResourceSweeper{cfg: cfg, source: source, keeper: keeper, tests: selfTests{cfg.DB, d.System}, signs: signs{}, compares: len(d.Results.From) > 0}, nil
}

// Statements is how resources are read: as assertions.
func Statements(d *resources.Declaration, r *fhir.Resource, resolve func(string) (fhir.Resource, bool)) []resources.Statement {
	rules := rulesOf(d)
	rules.Resolve = resolve
	var out []resources.Statement
	for _, a := range assertion.OfFHIR(r, &rules) {
		var names []string
		for _, f := range slices.Concat(a.Key, a.Content, a.Detail) {
			names = append(names, f.Name)
		}
		out = append(out, statementOf(&a, names))
	}
	return out
}

// statementOf is an assertion with those of its fields.
func statementOf(a *assertion.Statement, fields []string) resources.Statement {
	key := a.KeySum()
	s := resources.Statement{Key: string(key[:]), Subject: a.Get(assertion.Subject), Patient: a.Get(assertion.Patient)}
	for _, name := range fields {
		s.Fields = append(s.Fields, resources.Said{Name: name, Value: a.Get(name)})
	}
	s.Worth = fmt.Sprintf("%q %q %q %q", a.Kind, a.Get(assertion.Type), a.Get(assertion.Value), a.Get(assertion.Unit))
	return s
}

// Close ends the connections.
func (s *ResourceSweeper) Close() error { return s.source.Close() }

// Run sweeps all types once a day, reads what is new every two minutes, looks at some of the rest every hour, and in between at what somebody
// asks for, until ctx ends. Types that were never swept are at once. It returns an error when the journal fails; a type that cannot be read, or whose
// state cannot be kept, is told in the log and tried again the next time.
func (s *ResourceSweeper) Run(ctx context.Context) error {
	if err := s.sweepTypes(ctx, true); err != nil {
		return err
	}
	return serve(ctx, duty{s.cfg.next, s.Sweep}, each(hourly, s.hour), each(newsEvery, s.News), each(answersEvery, func(ctx context.Context) error { return s.Answer(ctx, time.Now()) }))
}

// hour is what is done every hour.
func (s *ResourceSweeper) hour(ctx context.Context) error {
	if err := s.tests.untested(ctx, s.cfg.Log, s.Test(ctx)); err != nil {
		return err
	}
	if err := s.sample(ctx, s.cfg.Sample/24); err != nil {
		return err
	}
	return s.Miss(ctx, time.Now())
}

// Sweep reads all types, those first that were not read for longest, for as long as the declared window allows.
func (s *ResourceSweeper) Sweep(ctx context.Context) error { return s.sweepTypes(ctx, false) }

// sweepTypes reads all types, or only those that never were.
func (s *ResourceSweeper) sweepTypes(ctx context.Context, never bool) error {
	last := map[string]int64{}
	for _, t := range s.source.Types() {
		var at int64
		err := s.cfg.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(at), 0) FROM integrity_sweeps WHERE system = $1 AND name = $2`, s.source.System(), t.Type).Scan(&at)
		if err != nil {
			return fmt.Errorf("look for earlier sweeps: %w", err)
		}
		last[t.Type] = at
	}
	types := slices.Clone(s.source.Types())
	slices.SortStableFunc(types, func(a, b resources.Type) int { return cmp.Compare(last[a.Type], last[b.Type]) })
	window, cancel := context.WithTimeout(ctx, s.source.Window())
	defer cancel()
	for i := range types {
		t := &types[i]
		if never && last[t.Type] != 0 || window.Err() != nil {
			continue
		}
		report, err := s.keeper.Sweep(window, s.source, t.Type, s.emit(t))
		if err := s.settle(ctx, t, &report, err, true); err != nil {
			return err
		}
	}
	return nil
}

// News reads what was written since it was last read.
func (s *ResourceSweeper) News(ctx context.Context) error {
	for _, t := range s.source.Types() {
		report, err := s.keeper.Since(ctx, s.source, t.Type, s.emit(&t))
		if err := s.settle(ctx, &t, &report, err, false); err != nil {
			return err
		}
	}
	return nil
}

// sample looks at n of the resources that are known.
func (s *ResourceSweeper) sample(ctx context.Context, n int) error {
	shares, err := s.keeper.Shares(ctx, s.source, n)
	if err != nil {
		return fmt.Errorf("plan a sample: %w", err)
	}
	for i, t := range s.source.Types() {
		if shares[i] == 0 {
			continue
		}
		report, err := s.keeper.Sample(ctx, s.source, t.Type, shares[i], s.emit(&t))
		if err := s.settle(ctx, &t, &report, err, false); err != nil {
			return err
		}
	}
	return nil
}

// Look reads what is new, and a part of a day's sample, as Run does in an hour.
func (s *ResourceSweeper) Look(ctx context.Context) error {
	if err := s.News(ctx); err != nil {
		return err
	}
	return s.sample(ctx, s.cfg.Sample/24)
}

// Answer looks at the resources that somebody asks for by now.
func (s *ResourceSweeper) Answer(ctx context.Context, now time.Time) error {
	e := errands{s.cfg.DB, s.cfg.Vault, s.source.System()}
	return e.each(ctx, now, func(part string, list []errand) error {
		at := slices.IndexFunc(s.source.Types(), func(t resources.Type) bool { return t.Type == part })
		if at < 0 {
			return e.forget(ctx, list, now)
		}
		return s.answer(ctx, e, &s.source.Types()[at], list, now)
	})
}

// answer looks at some resources of a type.
func (s *ResourceSweeper) answer(ctx context.Context, e errands, t *resources.Type, list []errand, now time.Time) error {
	outcomes, ids := map[string]string{}, []string{}
	for _, one := range list {
		ids = append(ids, one.thing...)
	}
	emit := s.emit(t)
	report, err := s.keeper.Look(ctx, s.source, t.Type, ids, func(ctx context.Context, changes []resources.Change) error {
		for i := range changes {
			outcomes[changes[i].ID] = changes[i].Outcome.String()
		}
		return emit(ctx, changes)
	})
	if stop := s.settle(ctx, t, &report, err, false); stop != nil {
		return stop
	}
	return e.finish(ctx, list, err != nil || report.First, func(one *errand) string { return outcomes[strings.Join(one.thing, " ")] }, now)
}

// How old a result must be that a server should have by now, and how old one is that is not looked for any more.
const (
	resultOverdue   = 24 * time.Hour
	resultForgotten = 48 * time.Hour
)

// Miss tells of results that were sent a day ago to a server which has not got them. Where it has hardly any of them, the declaration is wrong, and that is told in the log.
func (s *ResourceSweeper) Miss(ctx context.Context, now time.Time) error {
	if !s.compares {
		return nil
	}
	missing, there, err := s.missing(ctx, now)
	if err != nil {
		return err
	}
	if len(missing) > 20 && len(missing) > there/4 {
		s.cfg.Log.WarnContext(ctx, "most results that were sent are not found on a FHIR server: see results in its declaration", "system", s.source.System(), "found", there, "missing", len(missing))
		return nil
	}
	t := s.source.Types()[0]
	for _, m := range missing {
		err := appendEvents(ctx, s.cfg.Journal, s.event(&t, map[string]any{
			"act": actAbsent, "outcome": resources.Mismatch.String(), "key": hex.EncodeToString(m.Key),
			"claims": []claimed{{Key: m.Key, Subject: m.Subject}},
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// Test plants a difference in each type about once a week, and tells of those that nobody found for three days. Run calls it every hour.
func (s *ResourceSweeper) Test(ctx context.Context) error {
	for _, t := range s.source.Types() {
		now := time.Now()
		since, waits, err := s.keeper.Planted(ctx, s.source, t.Type)
		if err != nil {
			return err
		}
		if waits {
			overdue, err := s.tests.overdue(ctx, t.Type, since, now)
			if err == nil && overdue {
				err = s.tellUnfound(ctx, &t, since)
			}
			if err != nil {
				return err
			}
			continue
		}
		err = s.tests.forgotten(ctx, t.Type, now)
		due := false
		if err == nil {
			due, err = s.tests.due(ctx, t.Type, now)
		}
		if err == nil && due {
			err = s.plant(ctx, &t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *ResourceSweeper) tellUnfound(ctx context.Context, t *resources.Type, since time.Time) error {
	return appendEvents(ctx, s.cfg.Journal, s.event(t, map[string]any{
		"act": actUnfound, "outcome": resources.Mismatch.String(), "key": since.Format(time.RFC3339),
		"reasons": []string{unfoundSince(since)},
	}))
}

func (s *ResourceSweeper) plant(ctx context.Context, t *resources.Type) error {
	if _, err := s.keeper.Plant(ctx, s.source, t.Type); err != nil {
		return err
	}
	since, waits, err := s.keeper.Planted(ctx, s.source, t.Type)
	if err != nil || !waits {
		return err // it has no resource of which something else can be pretended
	}
	return s.tests.planted(ctx, t.Type, since)
}

// Plant pretends that one resource of each type was something else, as Run does once a week. The next sweep has to find all of them.
func (s *ResourceSweeper) Plant(ctx context.Context) error {
	for _, t := range s.source.Types() {
		if err := s.plant(ctx, &t); err != nil {
			return err
		}
	}
	return nil
}

// settle files the signs of a report and keeps it. A server that could not be read is no failure of the node.
func (s *ResourceSweeper) settle(ctx context.Context, t *resources.Type, r *resources.Report, err error, whole bool) error {
	switch {
	case errors.Is(err, errJournal) || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	case err != nil:
		s.cfg.Log.ErrorContext(ctx, "a type of resources could not be read back; it is tried again", "system", s.source.System(), "type", t.Type, "error", err)
		return nil
	}
	for _, f := range r.Planted {
		switch {
		case f.Overtaken:
			err = s.tests.void(ctx, t.Type)
		case f.Found.IsZero(): // it was read, and nobody saw the difference
			err = s.tellUnfound(ctx, t, f.Planted)
		}
		if err != nil {
			return err
		}
	}
	for _, sign := range r.Signs {
		if sign.Outcome != resources.Mismatch || !s.signs.fresh(t.Type, sign.About, sign.Text, time.Now()) {
			continue
		}
		if err := appendEvents(ctx, s.cfg.Journal, s.event(t, map[string]any{
			"act": "sign", "outcome": sign.Outcome.String(), "about": sign.About, "reasons": []string{sign.Text}, "key": sign.About + " " + sign.Text,
		})); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return keepSweep(ctx, s.cfg.DB, SweepState{
		System: s.source.System(), Table: t.Type, Unit: "resources", At: time.Now(), Rows: r.Asked, Known: r.Known, First: r.First,
		Mismatches: r.Outcomes[resources.Mismatch], Explained: r.Outcomes[resources.Explained] + r.Outcomes[resources.Pending],
	})
}

// missing lists the results that were sent to the server a day ago and are not there, and counts those that are.
func (s *ResourceSweeper) missing(ctx context.Context, now time.Time) (missing []kept.Seal, there int, err error) {
	var since time.Time // from when on all types are read
	for _, t := range s.source.Types() {
		state, known, err := lastSweep(ctx, s.cfg.DB, s.source.System(), t.Type)
		if err != nil || !known {
			return nil, 0, err
		}
		if state.Since.After(since) {
			since = state.Since
		}
	}
	const drawer = "integrity_kept"
	rows, err := s.cfg.DB.QueryContext(ctx, `SELECT body FROM `+drawer+` WHERE at >= $1 AND at < $2`, now.Add(-resultForgotten).Unix(), now.Add(-resultOverdue).Unix())
	if err != nil {
		return nil, 0, fmt.Errorf("look for results that a server should have: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var seal kept.Seal
		if err := rows.Scan(&body); err != nil {
			return nil, 0, fmt.Errorf("look for results that a server should have: %w", err)
		}
		plain, err := s.cfg.Vault.OpenBlob(body, drawer)
		if err == nil {
			err = json.Unmarshal(plain, &seal)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read a seal: %w", err)
		}
		switch {
		case seal.System != s.source.System():
		case seal.Kept.Says != nil:
			there++
		case seal.Absent(since):
			missing = append(missing, seal)
		}
	}
	return missing, there, rows.Err()
}

// emit makes events of changes. They are durable when it returns nil.
func (s *ResourceSweeper) emit(t *resources.Type) resources.Emit {
	began := time.Now().UTC() // what is told at the end of a long sweep was read at its beginning
	return func(ctx context.Context, changes []resources.Change) error {
		var events []*event.Event
		for i := range changes {
			c := &changes[i]
			before, after := map[string]string{}, map[string]string{}
			for _, f := range c.Fields {
				before[f.Name], after[f.Name] = f.Before, f.After
			}
			said := map[string]any{
				"act": c.Act.String(), "outcome": c.Outcome.String(), "reasons": c.Reasons, "key": c.Type + "/" + c.ID, "old": c.OldSum, "new": c.NewSum,
				"version": c.After, "was": c.Before, "patient": c.Patient, "authority": c.Authority, "before": before, "content": after,
				"keys": []string{c.ID}, "read": began,
			}
			if claimed := claimsOf(c); len(claimed) > 0 {
				said["claims"] = claimed
			}
			if !c.Updated.IsZero() {
				said["updated"] = c.Updated
			}
			if !c.Planted.IsZero() {
				said["planted"] = c.Planted
			}
			events = append(events, s.event(t, said))
		}
		return appendEvents(ctx, s.cfg.Journal, events...)
	}
}

// event is what the journal is told of a resource.
func (s *ResourceSweeper) event(t *resources.Type, said map[string]any) *event.Event {
	said["system"], said["table"], said["sort"] = s.source.System(), t.Type, t.Kind
	if strings.HasPrefix(t.Kind, "master") {
		said["sort"] = "master"
	}
	again := ""
	if said["act"] == resources.Same.String() { // one reading tells nothing that another does not
		again = fmt.Sprint(said["read"])
	}
	fields, err := json.Marshal(map[string]any{"row": said})
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // texts and numbers can always be written
	}
	at := time.Now().UTC()
	return &event.Event{
		Source: "sweep/" + s.source.System(), Class: s.cfg.Taxonomy.Class("records", "row", ""), Format: "sweep", Time: at, Observed: at, Fields: fields,
		ID: event.NewID("sweep/"+s.source.System(), t.Type, fmt.Sprint(said["key"]), fmt.Sprint(said["old"]), fmt.Sprint(said["new"]), fmt.Sprint(said["version"]), again, at.Format(time.DateOnly)),
	}
}
