package continuity

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

// decoyWatcher files trips. It is not the room's own name, so that the room hears them as it does what others find: each may be a stage of an attack.
const decoyWatcher = "decoys"

const (
	mostDecoys  = 2000
	mostAllowed = 20                  // of one canary
	mostBursts  = 20_000              // of which it is remembered how bad they were
	burst       = 14 * 24 * time.Hour // without a trip by the same hand, and what comes is another time: what was bad may wait unseen over a holiday
	selfTest    = 24 * time.Hour
	keptTrips   = 5 // of a finding, whole
)

// decoys are the house's canaries and what touched them. The room's lock guards them.
type decoys struct {
	watch  *canary.Watch
	last   map[string]Touch // by canary
	bursts map[string]worst // by finding
	tested time.Time
	trips  []canary.Trip               // of the event being looked at
	found  map[string]*finding.Finding // in the entry being read, by id
}

// Touch is the latest trip of a canary.
type Touch struct {
	At      time.Time  `json:"at"`
	Act     canary.Act `json:"act"`
	Finding string     `json:"finding,omitempty"` // its id; empty where another watcher makes one of it
}

// worst is the worst that one hand did to one canary, so that what it does next does not lower the finding.
type worst struct {
	Act  canary.Act `json:"act"`
	Last time.Time  `json:"last"`
}

func newDecoys(w *canary.Watch) *decoys {
	return &decoys{watch: w, last: map[string]Touch{}, bursts: map[string]worst{}, found: map[string]*finding.Finding{}}
}

// look shows the canaries an event that lies at a place, and notes who touched one.
func (r *Room) look(ev *event.Event, at finding.Place) {
	d := r.decoys
	if d.watch.Len() == 0 {
		return
	}
	d.trips = d.watch.Look(ev, d.trips[:0])
	for i := range d.trips {
		t := &d.trips[i]
		touch := Touch{At: t.At, Act: t.Act}
		if !r.elsewhere(t) {
			touch.Finding = d.note(t, ev, at)
		}
		if !touch.At.Before(d.last[t.Canary].At) {
			d.last[t.Canary] = touch
		}
	}
}

// tell files the trips of an entry, however many there were, as one step for each finding: so the desk counts each once, however often the entry is read after
// a crash, and who knocks a thousand times a second does not fill the journal.
func (r *Room) tell(ctx context.Context, entry uint64) error {
	for id, f := range r.decoys.found {
		line, err := triage.LineOf(&triage.Filed{Finding: *f, Watcher: decoyWatcher, From: journal.Place{Entry: entry}})
		if err != nil {
			return err
		}
		receipt, err := r.cfg.Journal.Add(ctx, line)
		if err != nil {
			return fmt.Errorf("file the trip of a decoy: %w", err)
		}
		r.receipts = append(r.receipts, receipt)
		delete(r.decoys.found, id)
	}
	return nil
}

// elsewhere tells whether somebody else makes a finding of a trip. That the privacy room does is so only where it works, and where the site's list says that
// the patient is nobody.
func (r *Room) elsewhere(t *canary.Trip) bool {
	if t.Ruled && t.Kind == canary.Patient && t.Field == canary.Number {
		return r.cfg.Judged != nil && r.cfg.Judged(r.decoys.watch.Marks(t.Canary)[0].Value)
	}
	return t.Ruled
}

// note adds a trip to what was found in the entry, as all watchers tell theirs: one finding for each canary and whoever touched it, as bad as the worst of what
// was done. It returns its id.
func (d *decoys) note(t *canary.Trip, ev *event.Event, at finding.Place) string {
	who := strings.ToLower(cmp.Or(t.User, t.From, t.Host))
	id := event.NewID(decoyWatcher, t.Canary, who).String()[:24]
	act := t.Act
	if w, ok := d.bursts[id]; ok && t.At.Sub(w.Last) < burst && finding.Rank(level(t.Kind, w.Act)) > finding.Rank(level(t.Kind, act)) {
		act = w.Act
	}
	d.remember(id, worst{act, t.At})
	rule := decoyRule(t.Kind, act)
	book := finding.NewBook(keptTrips)
	book.AddAt(harmOf(t.Kind, act), &rule, ev, &at)
	f := book.Findings()[0]
	f.ID = id
	if t.User == "" {
		delete(f.Entities, "user") // the canary itself, where it is an account
	}
	for kind, value := range map[string]string{"user": t.User, "ip": t.From, "host": t.Host, "decoy": t.Where} {
		if all := f.Entities[kind]; value != "" && !slices.Contains(all, value) {
			all = append(slices.Clone(all[:min(len(all), finding.MaxEntities-1)]), value)
			slices.Sort(all)
			f.Entities[kind] = all
		}
	}
	if before := d.found[id]; before != nil {
		f.Absorb(before, keptTrips)
	}
	d.found[id] = &f
	return id
}

// remember notes what a hand did. Where too many are at work, what is over is forgotten first, and then nothing more is noted.
func (d *decoys) remember(id string, w worst) {
	if len(d.bursts) >= mostBursts {
		maps.DeleteFunc(d.bursts, func(_ string, old worst) bool { return w.Last.Sub(old.Last) >= burst })
	}
	if _, known := d.bursts[id]; known || len(d.bursts) < mostBursts {
		d.bursts[id] = w
	}
}

func level(k canary.Kind, a canary.Act) string { return canary.Severity(k, a).String() }

// decoyRule is what is thought of a trip.
func decoyRule(k canary.Kind, a canary.Act) finding.Rule {
	r := finding.Rule{
		ID: "wardline-decoy-" + string(k), Title: "A decoy was touched: " + k.Noun(), Level: level(k, a), Summary: canary.Meaning(k, a),
		Author: "Wardline", Source: decoyWatcher, Type: "rule", Status: "stable", Tags: []string{"attack.discovery"},
		CareImpact:     "Whoever looks around unseen today can take records or stop care tomorrow. Between searching and encrypting there are mostly days: use them.",
		FalsePositives: []string{"A backup, a scanner or an inventory of the IT department: give it an entry under Flows, Canaries, with an owner and an end."},
	}
	switch {
	case harmOf(k, a) == finding.Disruption:
		r.Tags = []string{"attack.impact", "attack.t1486"}
	case harmOf(k, a) == finding.Theft:
		r.Tags = []string{"attack.collection", "attack.t1213"}
	case k == canary.Account:
		r.Tags = []string{"attack.credential-access", "attack.t1558"}
	case k == canary.AETitle || k == canary.Listener:
		r.Tags = []string{"attack.discovery", "attack.t1046"}
	}
	return r
}

// harmOf is what a trip may lead to.
func harmOf(k canary.Kind, a canary.Act) finding.Kind {
	switch {
	case k == canary.File && (a == canary.Written || a == canary.Renamed || a == canary.Deleted):
		return finding.Disruption
	case k == canary.File || k == canary.Account || k == canary.AETitle || k == canary.Listener:
		return finding.Threat
	}
	return finding.Theft
}

// test plants an event for each canary once a day, so that silence proves something.
func (d *decoys) test(now time.Time) {
	if d.watch.Len() > 0 && now.Sub(d.tested) >= selfTest {
		d.tested = now
		d.watch.SelfTest(now)
	}
}

// NewDecoy is a decoy that is to be made.
type NewDecoy struct {
	Kind  canary.Kind `json:"kind"`
	Where string      `json:"where"`          // in words
	Base  string      `json:"base,omitempty"` // see canary.SiteOf
	// Settle is for how long touching it is nothing yet, for it is being entered somewhere; nil is what is usual for the kind.
	Settle *time.Duration `json:"settle,omitempty"`
}

// ErrNoDecoy says that there is none of that id.
var ErrNoDecoy = errors.New("there is no decoy of that id: wardline canary list shows all")

// ErrNotKept says that nothing was wrong with what was asked.
var ErrNotKept = errors.New("the database did not take it, and nothing was changed: try again, and see the node's log")

// MakeDecoy makes a canary and watches it from then on. What of it is secret is returned and kept nowhere.
func (r *Room) MakeDecoy(ctx context.Context, n NewDecoy) (canary.Decoy, error) {
	if n.Where = strings.TrimSpace(n.Where); n.Where == "" || len(n.Where) > 100 || strings.ContainsFunc(n.Where, unicode.IsControl) {
		return canary.Decoy{}, errors.New("say in a few words where it lies, at most 100 characters")
	}
	site, err := canary.SiteOf(n.Kind, n.Base)
	if err != nil {
		return canary.Decoy{}, err
	}
	site.Authority, site.Table = r.cfg.Authority, n.Where
	made, err := canary.Make(n.Kind, n.Where, site, r.cfg.Now(), canary.Dice())
	if err != nil {
		return canary.Decoy{}, err
	}
	settle := n.Kind.Settle()
	if n.Settle != nil {
		settle = max(0, *n.Settle)
	}
	made.Canary.Armed = made.Canary.Made.Add(settle)
	return made, r.change(ctx, func(d *decoys) error {
		if d.watch.Len() >= mostDecoys {
			return fmt.Errorf("there are %d decoys already: take away what is not needed any more", mostDecoys)
		}
		d.tested = time.Time{} // so that it is tested soon
		return d.watch.Put(made.Canary)
	})
}

// RemoveDecoy forgets a canary.
func (r *Room) RemoveDecoy(ctx context.Context, id string) error {
	return r.change(ctx, func(d *decoys) error {
		if d.watch.Marks(id) == nil {
			return ErrNoDecoy
		}
		d.watch.Remove(id)
		delete(d.last, id)
		return nil
	})
}

// AllowDecoy lets somebody touch a canary, until an end.
func (r *Room) AllowDecoy(ctx context.Context, id string, a canary.Allow) error {
	if !a.Until.After(r.cfg.Now()) {
		return errors.New("until: name a day that is still to come")
	}
	if len(a.Account)+len(a.Host)+len(a.Owner)+len(a.Reason) > 1000 {
		return errors.New("say it in fewer words: a thousand characters at most")
	}
	return r.change(ctx, func(d *decoys) error {
		for _, c := range d.watch.All() {
			if c.ID == id {
				c.Allow = slices.DeleteFunc(slices.Clone(c.Allow), func(old canary.Allow) bool { return !old.Until.After(r.cfg.Now()) })
				if len(c.Allow) >= mostAllowed {
					return fmt.Errorf("%d may touch it already: a decoy that so many touch is none", mostAllowed)
				}
				c.Allow = append(c.Allow, a)
				return d.watch.Put(c)
			}
		}
		return ErrNoDecoy
	})
}

// change changes what is watched. It is durable when it returns, together with the position up to which events were judged without it; when that fails, all is
// as it was.
func (r *Room) change(ctx context.Context, do func(*decoys) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, err := r.decoys.state()
	if err != nil {
		return err
	}
	if err = do(r.decoys); err == nil {
		if err = r.save(ctx); err == nil {
			return nil
		}
		err = errors.Join(ErrNotKept, err)
	}
	d, back := was.decoys()
	if back == nil {
		r.decoys = d
	}
	return errors.Join(err, back)
}

// DecoyView is how a canary does, as a person sees it. Its marks are not in it: see DecoyMarks.
type DecoyView struct {
	canary.Canary
	Proof canary.Proof
	Last  Touch // zero when it was never touched
}

// Decoys are all canaries: those that were touched last first, then by kind and place.
func (r *Room) Decoys() (out []DecoyView) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.decoys.watch.All() {
		proof, _ := r.decoys.watch.Proof(c.ID)
		c.Marks, c.Where = nil, r.hidden(c.Where)
		out = append(out, DecoyView{c, proof, r.decoys.last[c.ID]})
	}
	slices.SortStableFunc(out, func(a, b DecoyView) int {
		return cmp.Or(b.Last.At.Compare(a.Last.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Where, b.Where))
	})
	return out
}

// DecoyMarks are what shows a canary; nil when there is none of that id.
func (r *Room) DecoyMarks(id string) []canary.Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.decoys.watch.Marks(id)
}

// decoyState is what is remembered of decoys over a restart.
type decoyState struct {
	Watch  json.RawMessage
	Last   map[string]Touch
	Bursts map[string]worst
	Tested time.Time
}

func (d *decoys) state() (decoyState, error) {
	saved, err := d.watch.Save()
	return decoyState{saved, maps.Clone(d.last), maps.Clone(d.bursts), d.tested}, err
}

func (s *decoyState) decoys() (*decoys, error) {
	watch, err := canary.Restore(s.Watch)
	if err != nil {
		return nil, err
	}
	d := newDecoys(watch)
	d.tested = s.Tested
	maps.Copy(d.last, s.Last)
	maps.Copy(d.bursts, s.Bursts)
	return d, nil
}

// saveDecoys keeps them in the transaction that moves the position: what was counted of them and what was read are never apart.
func (r *Room) saveDecoys(ctx context.Context, tx *sql.Tx) error {
	state, err := r.decoys.state()
	if err != nil {
		return err
	}
	return r.put(ctx, tx, "continuity_decoys", "all", state)
}

func (r *Room) loadDecoys(ctx context.Context, tx *sql.Tx) error {
	r.decoys = newDecoys(canary.NewWatch(time.Time{}))
	return r.each(ctx, tx, "continuity_decoys", func(body []byte) error {
		var s decoyState
		err := r.open(body, &s)
		if err == nil {
			var d *decoys
			if d, err = s.decoys(); err == nil {
				r.decoys = d
				return nil
			}
		}
		r.cfg.Log.ErrorContext(ctx, "which decoys the house has cannot be read: nobody watches them until they are made anew", "error", err)
		return nil
	})
}
