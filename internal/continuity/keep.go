package continuity

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/continuity/answer"
	"github.com/wardline/wardline/internal/continuity/crowd"
	"github.com/wardline/wardline/internal/continuity/delay"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/hush"
	"github.com/wardline/wardline/internal/continuity/incident"
	"github.com/wardline/wardline/internal/continuity/pair"
	"github.com/wardline/wardline/internal/continuity/sibling"
	"github.com/wardline/wardline/internal/continuity/silence"
	"github.com/wardline/wardline/internal/continuity/stage"
	"github.com/wardline/wardline/internal/continuity/surge"
	"github.com/wardline/wardline/internal/store"
)

// feedState is a feed as it is written.
type feedState struct {
	ID    string
	What  string
	From  string
	Known depend.Heard
	First time.Time
	Count uint64
	Odd   bool `json:",omitempty"` // feed.strange
	Model []byte
	Surge []byte               `json:",omitempty"`
	Delay json.RawMessage      `json:",omitempty"`
	Parts map[string]partState `json:",omitempty"`
}

type partState struct {
	First  time.Time
	Count  uint64
	Before uint64 `json:",omitempty"`
	After  uint64 `json:",omitempty"`
	Told   bool   `json:",omitempty"`
	Beside beside `json:",omitzero"`
	Model  []byte
}

func (f *feed) state() feedState {
	s := feedState{ID: f.id, What: f.what, From: f.from, Known: f.known, First: f.first, Count: f.count, Odd: f.strange, Model: f.model.Encode(), Parts: map[string]partState{}}
	if f.surge != nil {
		s.Surge = f.surge.Encode()
	}
	if f.delay != nil {
		s.Delay = f.delay.Encode()
	}
	for name, p := range f.parts {
		s.Parts[name] = partState{p.first, p.count, p.before, p.after, p.told, p.beside, p.model.Encode()}
	}
	return s
}

// restore makes a feed of what was written.
func (e *Engine) restore(s *feedState) (*feed, error) {
	class := e.class(s.Known)
	model, err := silence.Decode(e.modelOf(class), s.Model)
	if err != nil {
		return nil, err
	}
	f := &feed{id: s.ID, what: s.What, from: s.From, class: class, known: s.Known, first: s.First, count: s.Count, strange: s.Odd, model: model, parts: map[string]*part{}, silent: model.Silent()}
	if len(s.Surge) > 0 {
		if f.surge, err = surge.Decode(s.Surge); err != nil {
			return nil, err
		}
	}
	if len(s.Delay) > 0 {
		if f.delay, err = delay.Decode(s.Delay); err != nil {
			return nil, err
		}
	}
	for name, p := range s.Parts {
		model, err := silence.Decode(e.modelOf(class), p.Model)
		if err != nil {
			return nil, err
		}
		if !f.full(name) {
			f.parts[name] = &part{name: name, first: p.First, count: p.Count, before: p.Before, after: p.After, told: p.Told, beside: p.Beside, model: model, silent: model.Silent()}
		}
	}
	return f, nil
}

// wayState is a way as it is written.
type wayState struct {
	ID      string
	Flow    json.RawMessage
	Next    int64               `json:",omitempty"` // numbers
	Missing map[int64]time.Time `json:",omitempty"`
	Told    time.Time           `json:",omitzero"`
}

// channelState is a channel as it is written.
type channelState struct {
	Received, Starved int
	Fed, Hungry       float64 `json:",omitempty"`
	Longest           int     `json:",omitempty"`
	Since             time.Time
	Oldest            time.Duration
	Last              time.Time
	Told              map[Kind]bool
}

// rest is what else an Engine knows, as it is written.
type rest struct {
	Clock    time.Time
	Channels map[string]channelState
	Machines map[string]machineState
	Book     json.RawMessage   // stage.Book.Encode
	Logs     json.RawMessage   `json:",omitempty"` // hush.Watch.Encode
	Siblings json.RawMessage   `json:",omitempty"`
	Halved   time.Time         `json:",omitzero"`
	Pairs    json.RawMessage   `json:",omitempty"`
	Crowd    json.RawMessage   `json:",omitempty"`
	Units    map[uint64]uint64 `json:",omitempty"`
}

// machineState is a machine as it is written.
type machineState struct {
	Recent []time.Time `json:",omitempty"`
	Told   time.Time   `json:",omitzero"`
	Last   time.Time
	Stage  int `json:",omitempty"`
}

func (e *Engine) rest() rest {
	out := rest{Clock: e.clock, Channels: map[string]channelState{}, Machines: map[string]machineState{}, Book: e.stages.Encode(), Logs: e.logs.Encode(), Siblings: e.siblings.Encode(), Halved: e.halved, Pairs: e.pairs.Encode(), Crowd: e.crowd.Encode(), Units: e.units}
	for name, m := range e.machines {
		out.Machines[name] = machineState{m.recent, m.told, m.last, m.stage}
	}
	for name, c := range e.channels {
		out.Channels[name] = channelState{c.received, c.starved, c.fed, c.hungry, c.longest, c.since, c.oldest, c.last, c.told}
	}
	return out
}

// save keeps what is known, what was found, and the position, in one transaction. What was filed is durable before.
func (r *Room) save(ctx context.Context) error {
	for _, p := range r.receipts {
		if _, err := p.Wait(ctx); err != nil {
			return fmt.Errorf("file signs of disruption: %w", err)
		}
	}
	r.receipts = nil
	changed := r.incidents.book.Changed(r.engine.clock)
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, f := range r.engine.order {
			if f.changed {
				if err := r.put(ctx, tx, "continuity_feeds", f.id, f.state()); err != nil {
					return err
				}
			}
		}
		for id, w := range r.engine.ways {
			if err := r.put(ctx, tx, "continuity_ways", id, wayState{id, w.flow.Encode(), w.numbers.next, w.numbers.missing, w.numbers.told}); err != nil {
				return err
			}
		}
		for key, l := range r.engine.links {
			if l.changed {
				if err := r.put(ctx, tx, "continuity_links", key, l.linkState); err != nil {
					return err
				}
			}
		}
		if err := r.put(ctx, tx, "continuity_rest", "engine", r.engine.rest()); err != nil {
			return err
		}
		if err := r.saveDecoys(ctx, tx); err != nil {
			return err
		}
		if err := r.drop(ctx, tx); err != nil {
			return err
		}
		for i := range r.found {
			if err := r.keepSign(ctx, tx, &r.found[i]); err != nil {
				return err
			}
		}
		for _, i := range changed {
			if err := r.keepIncident(ctx, tx, i); err != nil {
				return err
			}
		}
		return store.SetPosition(ctx, tx, watcher, r.next)
	})
	if err != nil {
		return err
	}
	for _, f := range r.engine.order {
		f.changed = false
	}
	for _, l := range r.engine.links {
		l.changed = false
	}
	r.found, r.engine.gone, r.news = r.found[:0], nil, false
	return nil
}

// signsKept is for how long it is kept what disrupted care. The journal keeps it as long as findings.
const signsKept = 400 * 24 * time.Hour

// drop deletes what is forgotten.
func (r *Room) drop(ctx context.Context, tx *sql.Tx) error {
	for _, g := range r.engine.gone {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+g.table+` WHERE id = $1`, int64(r.cfg.Vault.Hash(g.table, g.id))); err != nil {
			return fmt.Errorf("forget a feed: %w", err)
		}
	}
	for _, old := range []string{`DELETE FROM continuity_signs WHERE at < $1`, `DELETE FROM continuity_incidents WHERE ended > 0 AND ended < $1`} {
		if _, err := tx.ExecContext(ctx, old, r.cfg.Now().Add(-signsKept).Unix()); err != nil {
			return fmt.Errorf("forget old signs of disruption: %w", err)
		}
	}
	return nil
}

// sealedFeeds is the purpose for which all of it is sealed.
const sealedFeeds = "continuity feeds"

// put keeps a value, sealed and under a keyed hash of its id.
func (r *Room) put(ctx context.Context, tx *sql.Tx, table, id string, value any) error {
	sealed, err := r.seal(value)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO `+table+` (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, int64(r.cfg.Vault.Hash(table, id)), sealed)
	}
	if err != nil {
		return fmt.Errorf("keep what is known of feeds: %w", err)
	}
	return nil
}

func (r *Room) seal(value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return r.cfg.Vault.SealBlob(body, sealedFeeds)
}

func (r *Room) open(sealed []byte, value any) error {
	body, err := r.cfg.Vault.OpenBlob(sealed, sealedFeeds)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, value)
}

func (r *Room) keepSign(ctx context.Context, tx *sql.Tx, s *Sign) error {
	sealed, err := r.seal(s)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO continuity_signs (id, at, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = excluded.at, body = excluded.body`, s.ID(), s.At.Unix(), sealed)
	}
	if err != nil {
		return fmt.Errorf("keep a sign of disruption: %w", err)
	}
	return nil
}

func (r *Room) keepIncident(ctx context.Context, tx *sql.Tx, i *incident.Incident) error {
	sealed, err := r.seal(i)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO continuity_incidents (id, opened, ended, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET opened = excluded.opened, ended = excluded.ended, body = excluded.body`, i.ID, i.Opened.Unix(), max(0, i.Ended.Unix()), sealed)
	}
	if err != nil {
		return fmt.Errorf("keep an incident: %w", err)
	}
	return nil
}

// load takes up what was saved last. A model that cannot be read is begun anew, and said so: nothing else is lost by it.
func (r *Room) load(ctx context.Context) error {
	e := NewEngine(r.cfg.engine())
	incidents := &Incidents{engine: e, graph: r.graph}
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		if r.next, err = store.Position(ctx, tx, watcher); err != nil {
			return err
		}
		err = r.each(ctx, tx, "continuity_feeds ORDER BY id", func(body []byte) error {
			var s feedState
			if err := r.open(body, &s); err != nil {
				return err
			}
			f, err := e.restore(&s)
			if err == nil {
				e.feeds[f.id], e.order = f, append(e.order, f)
			}
			return err
		})
		if err != nil {
			return err
		}
		err = r.each(ctx, tx, "continuity_ways ORDER BY id", func(body []byte) error {
			var s wayState
			if err := r.open(body, &s); err != nil {
				return err
			}
			flow, err := answer.Decode(s.Flow)
			if err == nil {
				e.ways[s.ID] = &way{s.ID, flow, numbers{s.Next, s.Missing, s.Told}}
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := r.loadDecoys(ctx, tx); err != nil {
			return err
		}
		if err := r.loadLinks(ctx, tx, e); err != nil {
			return err
		}
		if err := r.loadRest(ctx, tx, e); err != nil {
			return err
		}
		return r.loadIncidents(ctx, tx, &incidents.book, e.clock)
	})
	if err != nil {
		return fmt.Errorf("load what is known of feeds: %w", err)
	}
	slices.SortStableFunc(e.order, func(a, b *feed) int { return a.first.Compare(b.first) })
	r.engine, r.incidents, r.receipts, r.found, r.filings, r.news = e, incidents, nil, nil, 0, false
	return nil
}

func (r *Room) loadLinks(ctx context.Context, tx *sql.Tx, e *Engine) error {
	r.said = depend.NewLearned()
	err := r.each(ctx, tx, "continuity_said", func(body []byte) error { return r.open(body, r.said) })
	if err != nil {
		return err
	}
	return r.each(ctx, tx, "continuity_links", func(body []byte) error {
		l := &link{}
		if err := r.open(body, &l.linkState); err != nil {
			return err
		}
		e.links[l.key()] = l
		return nil
	})
}

func (r *Room) loadRest(ctx context.Context, tx *sql.Tx, e *Engine) error {
	return r.each(ctx, tx, "continuity_rest ORDER BY id", func(body []byte) error {
		var all rest
		if err := r.open(body, &all); err != nil {
			return err
		}
		book, err := stage.Decode(all.Book)
		if err != nil {
			return err
		}
		pairs, err := pair.Decode(pair.Config{Zone: e.cfg.Zone, Holiday: e.cfg.Holiday}, all.Pairs)
		if err != nil {
			return err
		}
		came, err := crowd.Decode(crowd.Config{Zone: e.cfg.Zone, Holiday: e.cfg.Holiday}, all.Crowd)
		if err != nil {
			return err
		}
		logs := e.logs
		if all.Logs != nil {
			if logs, err = hush.Decode(all.Logs); err != nil {
				return err
			}
		}
		siblings := e.siblings
		if all.Siblings != nil {
			if siblings, err = sibling.Decode(all.Siblings); err != nil {
				return err
			}
		}
		e.logs, e.siblings, e.halved = logs, siblings, all.Halved
		e.clock, e.stages, e.pairs, e.crowd = all.Clock, book, pairs, came
		if all.Units != nil {
			e.units = all.Units
		}
		for name, m := range all.Machines {
			e.machines[name] = &machine{m.Recent, m.Told, m.Last, m.Stage}
		}
		for name, c := range all.Channels {
			if c.Told == nil {
				c.Told = map[Kind]bool{}
			}
			e.channels[name] = &channel{name, c.Received, c.Starved, c.Since, c.Fed, c.Hungry, c.Longest, c.Oldest, c.Last, c.Told}
		}
		return nil
	})
}

// loadIncidents takes up those that go on, and those that may come again.
func (r *Room) loadIncidents(ctx context.Context, tx *sql.Tx, book *incident.Book, now time.Time) error {
	ended := now.Add(-time.Hour).Unix()
	return r.each(ctx, tx, fmt.Sprintf("continuity_incidents WHERE ended = 0 OR ended > %d ORDER BY opened", ended), func(body []byte) error {
		var i incident.Incident
		err := r.open(body, &i)
		if err == nil && i.Into == "" {
			book.Restore(&i)
		}
		return err
	})
}

// each gives each row of a table to take: from is what stands behind FROM. One that cannot be read is begun anew, and said so.
func (r *Room) each(ctx context.Context, tx *sql.Tx, from string, take func(body []byte) error) error {
	rows, err := tx.QueryContext(ctx, `SELECT body FROM `+from)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := take(body); err != nil {
			r.cfg.Log.WarnContext(ctx, "something that is known of feeds cannot be read and is learned anew", "table", from, "error", err)
		}
	}
	return rows.Err()
}
