package continuity

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/continuity/answer"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/silence"
	"github.com/wardline/wardline/internal/continuity/stage"
	"github.com/wardline/wardline/internal/continuity/surge"
	"github.com/wardline/wardline/internal/store"
)

// feedState is a feed as it is written.
type feedState struct {
	Name  string
	Class Class
	Care  bool
	Known depend.Heard
	First time.Time
	Count uint64
	Odd   bool `json:",omitempty"` // feed.strange
	Model []byte
	Surge []byte               `json:",omitempty"`
	Parts map[string]partState `json:",omitempty"`
}

type partState struct {
	First time.Time
	Count uint64
	Told  bool `json:",omitempty"`
	Model []byte
}

func (f *feed) state() feedState {
	s := feedState{Name: f.name, Class: f.class, Care: f.care, Known: f.known, First: f.first, Count: f.count, Odd: f.strange, Model: f.model.Encode(), Parts: map[string]partState{}}
	if f.surge != nil {
		s.Surge = f.surge.Encode()
	}
	for name, p := range f.parts {
		s.Parts[name] = partState{p.first, p.count, p.told, p.model.Encode()}
	}
	return s
}

// restore makes a feed of what was written.
func (e *Engine) restore(id string, s *feedState) (*feed, error) {
	model, err := silence.Decode(e.modelOf(s.Class), s.Model)
	if err != nil {
		return nil, err
	}
	f := &feed{id: id, name: s.Name, class: s.Class, care: s.Care, known: s.Known, first: s.First, count: s.Count, strange: s.Odd, model: model, parts: map[string]*part{}, silent: model.Silent()}
	if len(s.Surge) > 0 {
		if f.surge, err = surge.Decode(s.Surge); err != nil {
			return nil, err
		}
	}
	for name, p := range s.Parts {
		model, err := silence.Decode(e.modelOf(s.Class), p.Model)
		if err != nil {
			return nil, err
		}
		if len(f.parts) < mostParts {
			f.parts[name] = &part{name: name, first: p.First, count: p.Count, told: p.Told, model: model, silent: model.Silent()}
		}
	}
	return f, nil
}

// channelState is a channel as it is written.
type channelState struct {
	Received, Starved int
	Since             time.Time
	Oldest            time.Duration
	Told              map[Kind]bool
}

// rest is what else an Engine knows, as it is written.
type rest struct {
	Clock    time.Time
	Channels map[string]channelState
	Machines map[string]machineState
}

// machineState is a machine as it is written.
type machineState struct {
	Recent []time.Time `json:",omitempty"`
	Told   time.Time   `json:",omitzero"`
	Stage  int         `json:",omitempty"`
}

func (e *Engine) rest() rest {
	out := rest{Clock: e.clock, Channels: map[string]channelState{}, Machines: map[string]machineState{}}
	for name, m := range e.machines {
		out.Machines[name] = machineState{m.recent, m.told, m.stage}
	}
	for name, c := range e.channels {
		out.Channels[name] = channelState{c.received, c.starved, c.since, c.oldest, c.told}
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
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, f := range r.engine.order {
			if f.changed {
				if err := put(ctx, tx, "continuity_feeds", f.id, f.state()); err != nil {
					return err
				}
			}
		}
		for id, w := range r.engine.ways {
			if err := put(ctx, tx, "continuity_ways", id, json.RawMessage(w.flow.Encode())); err != nil {
				return err
			}
		}
		if err := put(ctx, tx, "continuity_rest", "engine", r.engine.rest()); err != nil {
			return err
		}
		if err := put(ctx, tx, "continuity_rest", "stages", json.RawMessage(r.engine.stages.Encode())); err != nil {
			return err
		}
		for i := range r.found {
			if err := keepSign(ctx, tx, &r.found[i]); err != nil {
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
	r.found = r.found[:0]
	return nil
}

func put(ctx context.Context, tx *sql.Tx, table, id string, value any) error {
	body, err := json.Marshal(value)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO `+table+` (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, id, body)
	}
	if err != nil {
		return fmt.Errorf("keep what is known of feeds: %w", err)
	}
	return nil
}

func keepSign(ctx context.Context, tx *sql.Tx, s *Sign) error {
	body, err := json.Marshal(s)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO continuity_signs (id, at, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = excluded.at, body = excluded.body`, s.ID(), s.At.Unix(), body)
	}
	if err != nil {
		return fmt.Errorf("keep a sign of disruption: %w", err)
	}
	return nil
}

// load takes up what was saved last. A model that cannot be read is begun anew, and said so: nothing else is lost by it.
func (r *Room) load(ctx context.Context) error {
	e := NewEngine(r.cfg.engine())
	err := r.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		if r.next, err = store.Position(ctx, tx, watcher); err != nil {
			return err
		}
		feeds, err := rowsOf(ctx, tx, "continuity_feeds")
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(feeds)) {
			var s feedState
			err := json.Unmarshal(feeds[id], &s)
			if err == nil {
				var f *feed
				if f, err = e.restore(id, &s); err == nil {
					e.feeds[id], e.order = f, append(e.order, f)
				}
			}
			if err != nil {
				r.cfg.Log.WarnContext(ctx, "the model of a feed cannot be read and is learned anew", "feed", id, "error", err)
			}
		}
		ways, err := rowsOf(ctx, tx, "continuity_ways")
		if err != nil {
			return err
		}
		for id, body := range ways {
			flow, err := answer.Decode(body)
			if err != nil {
				r.cfg.Log.WarnContext(ctx, "what is known of answers cannot be read and is learned anew", "way", id, "error", err)
				continue
			}
			e.ways[id] = &way{id, flow}
		}
		return r.loadRest(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("load what is known of feeds: %w", err)
	}
	slices.SortStableFunc(e.order, func(a, b *feed) int { return a.first.Compare(b.first) })
	r.engine, r.receipts, r.found, r.filings = e, nil, nil, 0
	return nil
}

func (r *Room) loadRest(ctx context.Context, tx *sql.Tx, e *Engine) error {
	bodies, err := rowsOf(ctx, tx, "continuity_rest")
	if err != nil {
		return err
	}
	if body := bodies["stages"]; body != nil {
		book, err := stage.Decode(body)
		if err != nil {
			r.cfg.Log.WarnContext(ctx, "what is known of stages of attacks cannot be read and is begun anew", "error", err)
		} else {
			e.stages = book
		}
	}
	body := bodies["engine"]
	if body == nil {
		return nil
	}
	var s rest
	if err := json.Unmarshal(body, &s); err != nil {
		return err
	}
	e.clock = s.Clock
	for name, m := range s.Machines {
		e.machines[name] = &machine{m.Recent, m.Told, m.Stage}
	}
	for name, c := range s.Channels {
		if c.Told == nil {
			c.Told = map[Kind]bool{}
		}
		e.channels[name] = &channel{name, c.Received, c.Starved, c.Since, c.Oldest, c.Told}
	}
	return nil
}

func rowsOf(ctx context.Context, tx *sql.Tx, table string) (map[string][]byte, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, body FROM `+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]byte{}
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		out[id] = body
	}
	return out, rows.Err()
}
