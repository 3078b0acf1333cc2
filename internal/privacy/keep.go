package privacy

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// errState says that what a room kept cannot be read.
var errState = errors.New("what was kept of cases is damaged: put the last backup of the database in its place")

// clockState is what changes with every step.
type clockState struct {
	Now       time.Time
	Closed    int32
	Round     int64
	Credit    [lanes]float64
	Number    int64
	Audited   Estimate
	Episode   bool
	Site      []Proposal
	Reasons   int
	Settled   int64
	Began     int32
	Flags     map[string]int64
	Bare      int64
	BareFlags map[string]int64
	Templates []dayCount
	LearnedAt time.Time
	Announced []announced
	Countries map[uint64]int64 `json:",omitempty"`
	DrugWeek  int64            `json:",omitempty"`
	DrugHours []int32          `json:",omitempty"`
}

type dayCount struct {
	Day      int32
	Template string
	Count    int64
}

// savedProfile is a profile as JSON has it.
type savedProfile struct {
	Role   hospital.Ref
	Days   int32
	Last   int32
	Sum    [tallies]float64
	Opened float64
	Bare   float64
	Creep  float64
	Crept  int32
	Turns  int   `json:",omitempty"`
	Shared int32 `json:",omitempty"`
	Hours  [168]uint16
	Places []savedPlace
}

type savedPlace struct {
	Where hospital.Ref
	Day   int32
}

type savedCurves struct {
	Role   hospital.Ref
	Days   float64
	Sum    [tallies]float64
	Square [tallies]float64
	Week   [7]float64
	Weeks  [7]float64
	Users  []hospital.Ref
}

type savedDuty struct {
	Dept, Diagnosis hospital.Ref
	Ratio           float32
}

// savedLearned is what is learned anew every week.
type savedLearned struct {
	Mates  map[hospital.StaffID][]judge.Mate
	Ratios []savedDuty
}

// writeEngine writes what changed since it was written last. It may be called again until engineWritten is.
func (c *cabinet) writeEngine(ctx context.Context, tx *sql.Tx, e *Engine) error {
	if err := c.write(ctx, tx); err != nil {
		return fmt.Errorf("write what was done with records: %w", err)
	}
	steps := []func(context.Context, *sql.Tx, *Engine) error{c.writeClock, c.writeCases, c.writeHealth, c.writeProfiles, c.writeMerged, c.writeDrugs}
	if e.learnedNew {
		steps = append(steps, c.writeLearned)
	}
	for _, step := range steps {
		if err := step(ctx, tx, e); err != nil {
			return fmt.Errorf("write cases: %w", err)
		}
	}
	return nil
}

// engineWritten is called when all that is durable.
func (c *cabinet) engineWritten(e *Engine) {
	c.written()
	for _, d := range e.queue.changed {
		d.dirty = false
	}
	e.queue.changed, e.queue.told = nil, 0
	clear(e.health.dirty)
	clear(e.ledNew)
	e.learnedNew, e.learnedDay = false, false
	for _, p := range e.usedNew {
		p.dirty = false
	}
	e.usedNew = nil
	if e.drugs != nil {
		e.drugs.fresh, e.drugs.until = nil, 0
	}
}

func setState(ctx context.Context, tx *sql.Tx, name string, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO privacy_state (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body`, name, body)
	return err
}

func (c *cabinet) writeClock(ctx context.Context, tx *sql.Tx, e *Engine) error {
	q, h := &e.queue, e.health
	s := clockState{
		Now: e.now, Closed: e.closed, Round: q.round, Credit: q.credit, Number: q.number, Audited: q.audited, Episode: h.episode, Site: q.site, Reasons: q.reasons,
		Settled: h.settled, Began: h.began, Flags: h.flags, Bare: h.bare, BareFlags: h.bareFlags, LearnedAt: e.learned.at, Announced: e.announced, Countries: e.countries,
	}
	if e.drugs != nil {
		s.DrugWeek, s.DrugHours = e.drugs.week, slices.Sorted(maps.Keys(e.drugs.heard))
	}
	for k, n := range h.templates {
		s.Templates = append(s.Templates, dayCount{k.day, k.template, n})
	}
	slices.SortFunc(s.Templates, func(a, b dayCount) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Template, b.Template)) })
	for name, v := range map[string]any{"clock": s, "lottery": q.drawn} {
		body, err := c.sealed(v, sealedState)
		if err == nil {
			err = setState(ctx, tx, name, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cabinet) writeCases(ctx context.Context, tx *sql.Tx, e *Engine) error {
	for _, d := range e.queue.changed {
		if e.queue.cases[d.ID] != d {
			if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_cases WHERE id = $1`, d.ID); err != nil {
				return err
			}
			continue
		}
		body, err := c.sealed(d, sealedCase)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO privacy_cases (id, number, state, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET number = excluded.number, state = excluded.state, body = excluded.body`, d.ID, d.Number, string(d.State), body)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cabinet) writeHealth(ctx context.Context, tx *sql.Tx, e *Engine) error {
	for k := range e.health.dirty {
		t := e.health.tallies[k]
		if t == nil {
			if _, err := tx.ExecContext(ctx, `DELETE FROM privacy_health WHERE department = $1 AND part = $2`, int64(k.dept), k.part); err != nil {
				return err
			}
			continue
		}
		_, held := e.health.held[k]
		_, err := tx.ExecContext(ctx, `INSERT INTO privacy_health (department, part, touches, explained, firsts, firsts_explained, held) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (department, part) DO UPDATE SET touches = excluded.touches, explained = excluded.explained, firsts = excluded.firsts,
				firsts_explained = excluded.firsts_explained, held = excluded.held`,
			int64(k.dept), k.part, t.touches, t.explained, t.firsts, t.firstsExplained, truth(held))
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cabinet) writeProfiles(ctx context.Context, tx *sql.Tx, e *Engine) error {
	for _, p := range e.usedNew {
		s := savedProfile{Role: p.role, Days: p.days, Last: p.last, Sum: p.sum, Opened: p.opened, Bare: p.bare, Creep: p.creep, Crept: p.crept, Turns: p.shared.turns, Shared: p.shared.day, Hours: p.hours}
		for _, u := range p.places {
			s.Places = append(s.Places, savedPlace{u.where, u.day})
		}
		body, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO privacy_accounts (account, body) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET body = excluded.body`, int64(p.user), body)
		if err != nil {
			return err
		}
	}
	if !e.learnedDay {
		return nil
	}
	var all []savedCurves
	for _, role := range slices.Sorted(maps.Keys(e.curves)) {
		k := e.curves[role]
		all = append(all, savedCurves{role, k.days, k.sum, k.square, k.week, k.weeks, slices.Sorted(maps.Keys(k.users))})
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return setState(ctx, tx, "curves", body)
}

func (c *cabinet) writeMerged(ctx context.Context, tx *sql.Tx, e *Engine) error {
	for p := range e.ledNew {
		to, merged := e.led[p]
		_, err := tx.ExecContext(ctx, `DELETE FROM privacy_merged WHERE patient = $1`, int64(p))
		if err == nil && merged {
			_, err = tx.ExecContext(ctx, `INSERT INTO privacy_merged (patient, leads_to) VALUES ($1, $2)`, int64(p), int64(to))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cabinet) writeLearned(ctx context.Context, tx *sql.Tx, e *Engine) error {
	s := savedLearned{Mates: e.learned.mates}
	for k, r := range e.learned.ratios {
		s.Ratios = append(s.Ratios, savedDuty{k.dept, k.diagnosis, r})
	}
	slices.SortFunc(s.Ratios, func(a, b savedDuty) int {
		return cmp.Or(cmp.Compare(a.Dept, b.Dept), cmp.Compare(a.Diagnosis, b.Diagnosis))
	})
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return setState(ctx, tx, "learned", body)
}

// load takes up what was written last.
func (c *cabinet) load(ctx context.Context, e *Engine) error {
	for _, step := range []func(context.Context, *Engine) error{c.loadStates, c.loadProfiles, c.loadHealth, c.loadMerged, c.loadCases, c.loadSheets, c.loadDrugs, c.loadDecisions} {
		if err := step(ctx, e); err != nil {
			return fmt.Errorf("read cases: %w", err)
		}
	}
	return nil
}

// rows calls do for each row of a query.
func (c *cabinet) rows(ctx context.Context, do func(*sql.Rows) error, query string, args ...any) error {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (c *cabinet) loadStates(ctx context.Context, e *Engine) error {
	return c.rows(ctx, func(rows *sql.Rows) error {
		var name string
		var body []byte
		if err := rows.Scan(&name, &body); err != nil {
			return err
		}
		switch name {
		case "clock":
			var s clockState
			if err := c.opened(body, sealedState, &s); err != nil {
				return err
			}
			e.resume(&s)
		case "lottery":
			return c.opened(body, sealedState, &e.queue.drawn)
		case "curves":
			var all []savedCurves
			if json.Unmarshal(body, &all) != nil {
				return errState
			}
			for _, s := range all {
				k := e.curve(s.Role)
				k.days, k.sum, k.square, k.week, k.weeks = s.Days, s.Sum, s.Square, s.Week, s.Weeks
				for _, u := range s.Users {
					k.users[u] = struct{}{}
				}
			}
		case "learned":
			var s savedLearned
			if json.Unmarshal(body, &s) != nil {
				return errState
			}
			e.learned.mates, e.learned.ratios = s.Mates, map[duty]float32{}
			for _, r := range s.Ratios {
				e.learned.ratios[duty{r.Dept, r.Diagnosis}] = r.Ratio
			}
		}
		return nil
	}, `SELECT name, body FROM privacy_state`)
}

// resume takes up what was written of the clock.
func (e *Engine) resume(s *clockState) {
	q, h := &e.queue, e.health
	e.now, e.closed, e.learned.at, e.announced = s.Now, s.Closed, s.LearnedAt, s.Announced
	if s.Countries != nil {
		e.countries = s.Countries
	}
	q.round, q.credit, q.number, q.audited, q.site, q.reasons = s.Round, s.Credit, s.Number, s.Audited, s.Site, s.Reasons
	h.episode, h.settled, h.began = s.Episode, s.Settled, s.Began
	h.bare = s.Bare
	if s.Flags != nil {
		h.flags = s.Flags
	}
	if s.BareFlags != nil {
		h.bareFlags = s.BareFlags
	}
	if e.drugs != nil {
		e.drugs.week = s.DrugWeek
		for _, hour := range s.DrugHours {
			e.drugs.heard[hour] = struct{}{}
		}
	}
	for _, t := range s.Templates {
		h.templates[dayTemplate{t.Day, t.Template}] = t.Count
	}
	e.decideBySite()
}

func (c *cabinet) loadProfiles(ctx context.Context, e *Engine) error {
	return c.rows(ctx, func(rows *sql.Rows) error {
		var account int64
		var body []byte
		if err := rows.Scan(&account, &body); err != nil {
			return err
		}
		var s savedProfile
		if json.Unmarshal(body, &s) != nil {
			return errState
		}
		p := e.profile(hospital.Ref(account))
		p.role, p.days, p.last, p.sum, p.creep, p.crept, p.hours = s.Role, s.Days, s.Last, s.Sum, s.Creep, s.Crept, s.Hours
		p.opened, p.bare, p.shared = s.Opened, s.Bare, sharing{s.Turns, s.Shared}
		for _, n := range p.hours {
			p.total += uint32(n)
		}
		for _, u := range s.Places {
			p.places = append(p.places, placeUse{u.Where, u.Day})
		}
		return nil
	}, `SELECT account, body FROM privacy_accounts`)
}

func (c *cabinet) loadHealth(ctx context.Context, e *Engine) error {
	return c.rows(ctx, func(rows *sql.Rows) error {
		var dept int64
		var held int
		var k slot
		t := &tally{}
		if err := rows.Scan(&dept, &k.part, &t.touches, &t.explained, &t.firsts, &t.firstsExplained, &held); err != nil {
			return err
		}
		k.dept = hospital.Ref(dept)
		e.health.tallies[k] = t
		if held != 0 {
			e.health.held[k] = struct{}{}
		}
		return nil
	}, `SELECT department, part, touches, explained, firsts, firsts_explained, held FROM privacy_health`)
}

func (c *cabinet) loadMerged(ctx context.Context, e *Engine) error {
	return c.rows(ctx, func(rows *sql.Rows) error {
		var p, to int64
		if err := rows.Scan(&p, &to); err != nil {
			return err
		}
		e.led[hospital.PatientID(p)] = hospital.PatientID(to)
		e.joined[hospital.PatientID(to)] = append(e.joined[hospital.PatientID(to)], hospital.PatientID(p))
		return nil
	}, `SELECT patient, leads_to FROM privacy_merged ORDER BY patient`)
}

func (c *cabinet) loadCases(ctx context.Context, e *Engine) error {
	err := c.rows(ctx, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		d := &dossier{}
		if err := c.opened(body, sealedCase, d); err != nil {
			return err
		}
		e.enterCase(d)
		return nil
	}, `SELECT body FROM privacy_cases`)
	e.derive()
	return err
}

// enterCase takes a case up that was written.
func (e *Engine) enterCase(d *dossier) {
	q := &e.queue
	q.cases[d.ID] = d
	for _, keys := range [][]savedKey{d.Keys, d.More} {
		for _, k := range keys {
			if old := q.holds[k.key()]; old == nil || old.telling() < d.telling() {
				q.holds[k.key()] = d
			}
		}
	}
	if len(d.Users) == 0 {
		return
	}
	user := d.Users[0].User
	if d.Kind == PatientCase {
		user = 0
	}
	k := cluster{d.Kind, user, d.Cluster}
	if old := q.cases[q.clusters[k]]; old == nil || old.First < d.First || old.First == d.First && old.Number < d.Number {
		q.clusters[k] = d.ID
	}
}

// telling puts the cases that a touch stood in one after the other in an order: what is to be judged, what was, what came to nothing.
func (d *dossier) telling() int {
	switch d.State {
	case Withdrawn:
		return 0
	case Closed:
		return 1
	}
	return 2
}

func (c *cabinet) loadSheets(ctx context.Context, e *Engine) error {
	c.ctx = ctx
	enter := func(s *sheet) {
		if e.hot[s.key] != nil {
			return
		}
		switch {
		case s.day >= e.closed || s.state == fresh:
			e.keep(s)
		default:
			e.hold(s)
		}
		switch {
		case s.patient == 0:
		case s.state == fresh:
			e.schedule(s)
		case s.state == settled:
			s.due = s.rows[len(s.rows)-1].at + e.cfg.Final.Milliseconds()
			e.agenda.add(s)
		}
	}
	if err := c.each(enter, `SELECT `+sheetColumns+` FROM privacy_touches WHERE state < 2`); err != nil {
		return err
	}
	return c.each(enter, `SELECT `+sheetColumns+` FROM privacy_touches WHERE day >= $1`, e.closed)
}
