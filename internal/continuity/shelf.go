package continuity

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// ShelfConfig is what a Shelf stands on.
type ShelfConfig struct {
	DB    *store.DB
	Vault *vault.Vault
	Now   func() time.Time // time.Now when nil
}

// Shelf keeps what goes with packs and is on no paper: who lay where when they were made, when paper was printed, drills, and the downtimes that were. It serves any
// number of goroutines.
type Shelf struct {
	cfg ShelfConfig

	mu   sync.RWMutex // guards past
	past []Downtime   // that entries are still expected of

	changing sync.Mutex // so that two people who tick steps of one drill both have theirs kept
}

// Bounds of what is kept.
const (
	Ahead         = 24 * time.Hour      // a census knows what is due for so long: downtimes are longer than packs are good for
	censusHourly  = 72 * time.Hour      // each one is kept for so long, and then the last of each day
	censusKept    = 31 * 24 * time.Hour // in all
	longestCensus = 64 << 20            // bytes, unpacked
	drillsKept    = 20                  // of a unit
	downtimesKept = 400 * 24 * time.Hour
	backEntry     = 14 * 24 * time.Hour // after its end, what a downtime left is entered
	sealedPaper   = "continuity paper"
	longestOutage = censusKept
	mostDowntimes = 2000 // that are remembered at once
)

// Errors of a Shelf.
var (
	// ErrGoing says that a drill goes on, ErrNoDrill that none does.
	ErrGoing   = errors.New("a drill goes on in this unit: end it first")
	ErrNoDrill = errors.New("no drill goes on in this unit: start one first")
	// ErrNoCensus says that no pack was made before a downtime.
	ErrNoCensus = errors.New("no pack of this unit is known from before the downtime: what was due is on no list; go through the paper")
	// ErrDowntime says that an interval cannot be a downtime that is over.
	ErrDowntime = errors.New("a downtime begins before it ends, has ended, and lasts 31 days at most: say when it did")
	// ErrNoUnit says that a unit gets no packs.
	ErrNoUnit = errors.New("no such unit is listed among those that get packs")
)

// OpenShelf prepares its tables, and takes up which entries are still expected.
func OpenShelf(ctx context.Context, cfg ShelfConfig) (*Shelf, error) {
	if err := cfg.DB.Migrate(ctx, "continuity", schema); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Shelf{cfg: cfg}
	var err error
	s.past, err = s.Downtimes(ctx)
	return s, err
}

func (s *Shelf) key(what string) int64 { return int64(s.cfg.Vault.Hash(sealedPaper, what)) }

func (s *Shelf) seal(value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return s.cfg.Vault.SealBlob(body, sealedPaper)
}

func (s *Shelf) open(sealed []byte, value any) error {
	body, err := s.cfg.Vault.OpenBlob(sealed, sealedPaper)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, value)
}

// Practice is what a unit did to be ready.
type Practice struct {
	Printed time.Time // when somebody said last that paper was printed
	By      string    // who did
	Drills  []*downtime.Drill
}

// Going is the drill that goes on; nil when none does.
func (p *Practice) Going(now time.Time) *downtime.Drill {
	if n := len(p.Drills); n > 0 && p.Drills[n-1].Going(now) {
		return p.Drills[n-1]
	}
	return nil
}

// Unit tells what a unit did, and how ready it is. Of its folders nothing is known here.
func (s *Shelf) Unit(ctx context.Context, unit string) (p Practice, r downtime.Readiness, err error) {
	r.Unit = unit
	err = s.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		if p, err = s.practice(ctx, tx, unit); err != nil {
			return err
		}
		var at sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT max(at) FROM continuity_census WHERE unit = $1`, s.key(unit)).Scan(&at); err != nil {
			return err
		}
		if at.Valid {
			r.Data = time.Unix(at.Int64, 0).UTC()
		}
		return nil
	})
	if err != nil {
		return p, r, fmt.Errorf("look up how ready a unit is: %w", err)
	}
	r.Printed = p.Printed
	for _, d := range p.Drills { // oldest first
		if d.Complete() {
			r.Drilled = d.Ended
			r.InHand, _ = d.InHand()
		}
	}
	return p, r, nil
}

// kept is Practice as it is written.
type kept struct {
	Printed time.Time         `json:"printed,omitzero"`
	By      string            `json:"by,omitempty"`
	Drills  []json.RawMessage `json:"drills,omitempty"`
}

func (s *Shelf) practice(ctx context.Context, tx *sql.Tx, unit string) (p Practice, err error) {
	var body []byte
	err = tx.QueryRowContext(ctx, `SELECT body FROM continuity_units WHERE id = $1`, s.key(unit)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	var k kept
	if err == nil {
		err = s.open(body, &k)
	}
	p.Printed, p.By = k.Printed, k.By
	for _, text := range k.Drills {
		d, err := downtime.DecodeDrill(text)
		if err != nil {
			return p, err
		}
		p.Drills = append(p.Drills, d)
	}
	return p, err
}

// change has a unit's practice be another.
func (s *Shelf) change(ctx context.Context, unit string, act func(p *Practice, now time.Time) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	now := s.cfg.Now()
	return s.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		p, err := s.practice(ctx, tx, unit)
		if err == nil {
			err = act(&p, now)
		}
		if err != nil {
			return err
		}
		k := kept{Printed: p.Printed, By: p.By}
		for _, d := range p.Drills[max(0, len(p.Drills)-drillsKept):] {
			text, err := d.Encode()
			if err != nil {
				return err
			}
			k.Drills = append(k.Drills, text)
		}
		sealed, err := s.seal(k)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO continuity_units (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, s.key(unit), sealed)
		}
		if err != nil {
			return fmt.Errorf("keep what a unit did: %w", err)
		}
		return nil
	})
}

// Printed says that a unit's paper was printed.
func (s *Shelf) Printed(ctx context.Context, unit, by string) error {
	return s.change(ctx, unit, func(p *Practice, now time.Time) error {
		p.Printed, p.By = now.UTC(), by
		return nil
	})
}

// StartDrill begins a drill with these steps behind that of having the pack in hand.
func (s *Shelf) StartDrill(ctx context.Context, unit, by string, steps []string) error {
	return s.change(ctx, unit, func(p *Practice, now time.Time) error {
		if p.Going(now) != nil {
			return ErrGoing
		}
		d, err := downtime.Start(unit, by, steps, now)
		if err == nil {
			p.Drills = append(p.Drills, d)
		}
		return err
	})
}

// Drilled notes that a step of the drill that goes on, from 0, is done.
func (s *Shelf) Drilled(ctx context.Context, unit string, step int) error {
	return s.going(ctx, unit, func(d *downtime.Drill, now time.Time) error { return d.Do(step, now) })
}

// EndDrill ends the drill that goes on.
func (s *Shelf) EndDrill(ctx context.Context, unit string) error {
	return s.going(ctx, unit, (*downtime.Drill).End)
}

func (s *Shelf) going(ctx context.Context, unit string, act func(*downtime.Drill, time.Time) error) error {
	return s.change(ctx, unit, func(p *Practice, now time.Time) error {
		if d := p.Going(now); d != nil {
			return act(d, now)
		}
		return ErrNoDrill
	})
}

// Census is who lay on a unit at a moment, as far as a list of what must be entered back needs it.
type Census struct {
	Data     time.Time          `json:"data"`
	Until    time.Time          `json:"until"`    // what is due is known until then
	Tokens   []string           `json:"tokens"`   // of the patients, outside of the vault
	Patients []downtime.Patient `json:"patients"` // without what such a list does not say
}

// CensusOf is that of a unit. tokens are those of its patients.
func CensusOf(ward []bedside.Inpatient, tokens map[hospital.PatientID]string, data, now time.Time) *Census {
	p := downtime.Pack{Data: now, Printed: now, Until: now.Add(Ahead)}
	Fill(&p, ward)
	c := &Census{Data: data, Until: p.Until, Patients: p.Patients}
	for i := range ward {
		t := &c.Patients[i]
		t.Allergies, t.Results, t.Notes = nil, nil, nil
		for k := range t.Drugs {
			t.Drugs[k].Last = nil
		}
		c.Tokens = append(c.Tokens, tokens[ward[i].ID])
	}
	return c
}

// Put keeps a unit's census, and lets go of those that are too old. While nothing is heard packs are made of the same data over and over, and the first census of it stays: later ones
// do not know any more what was due at first.
func (s *Shelf) Put(ctx context.Context, unit string, c *Census) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	sealed, err := s.cfg.Vault.SealBlob(packed.Bytes(), sealedPaper)
	if err != nil {
		return fmt.Errorf("keep who lay on a unit: %w", err)
	}
	err = s.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO continuity_census (unit, at, body) VALUES ($1, $2, $3) ON CONFLICT (unit, at) DO NOTHING`, s.key(unit), c.Data.Unix(), sealed); err != nil {
			return err
		}
		return s.thin(ctx, tx, unit)
	})
	if err != nil {
		return fmt.Errorf("keep who lay on a unit: %w", err)
	}
	return nil
}

// thin lets go of censuses: those of the last days stay, and before them the last of each day. Those of units that get no packs any more go with their time.
func (s *Shelf) thin(ctx context.Context, tx *sql.Tx, unit string) error {
	now := s.cfg.Now()
	if _, err := tx.ExecContext(ctx, `DELETE FROM continuity_census WHERE at < $1`, now.Add(-censusKept).Unix()); err != nil {
		return err
	}
	const day = 24 * 60 * 60
	_, err := tx.ExecContext(ctx, `DELETE FROM continuity_census WHERE unit = $1 AND at < $2 AND EXISTS (SELECT 1 FROM continuity_census AS later
		WHERE later.unit = continuity_census.unit AND later.at > continuity_census.at AND later.at / $3 = continuity_census.at / $3)`, s.key(unit), now.Add(-censusHourly).Unix(), int64(day))
	return err
}

// Around are the last census of a unit before a downtime, and the first after it: nil when there is none yet.
func (s *Shelf) Around(ctx context.Context, unit string, from, to time.Time) (start, end *Census, err error) {
	err = s.cfg.DB.Do(ctx, func(tx *sql.Tx) (err error) {
		if start, err = s.census(ctx, tx, `SELECT body FROM continuity_census WHERE unit = $1 AND at <= $2 ORDER BY at DESC LIMIT 1`, unit, from); err != nil {
			return err
		}
		end, err = s.census(ctx, tx, `SELECT body FROM continuity_census WHERE unit = $1 AND at >= $2 ORDER BY at LIMIT 1`, unit, to)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("look up who lay on a unit: %w", err)
	}
	return start, end, nil
}

func (s *Shelf) census(ctx context.Context, tx *sql.Tx, query, unit string, at time.Time) (*Census, error) {
	var sealed []byte
	err := tx.QueryRowContext(ctx, query, s.key(unit), at.Unix()).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	packed, err := s.cfg.Vault.OpenBlob(sealed, sealedPaper)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	c := &Census{}
	return c, json.NewDecoder(io.LimitReader(z, longestCensus)).Decode(c)
}

// Downtime is one after which a list was made of what must be entered back.
type Downtime struct {
	Unit     string    `json:"unit"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Made     time.Time `json:"made"`
	By       string    `json:"by"`
	Items    int       `json:"items"`
	Patients []string  `json:"patients"` // their tokens
}

// Remember keeps that a downtime was: from now on late entries of its patients about it are expected. A unit has one that began at a moment: a later list of it
// takes the place of the earlier one.
func (s *Shelf) Remember(ctx context.Context, d Downtime) error {
	d.Patients = slices.Compact(slices.Sorted(slices.Values(d.Patients)))
	sealed, err := s.seal(d)
	if err == nil {
		err = s.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM continuity_downtimes WHERE ends < $1`, s.cfg.Now().Add(-downtimesKept).Unix()); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO continuity_downtimes (id, ends, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, body = excluded.body`,
				s.key("downtime "+d.From.UTC().Format(time.RFC3339)+" "+d.Unit), d.To.Unix(), sealed)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keep that a downtime was: %w", err)
	}
	all, err := s.Downtimes(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = all
	return nil
}

// Downtimes are those that were, the latest first.
func (s *Shelf) Downtimes(ctx context.Context) (all []Downtime, err error) {
	err = s.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		all = nil
		rows, err := tx.QueryContext(ctx, `SELECT body FROM continuity_downtimes ORDER BY ends DESC LIMIT $1`, mostDowntimes)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			var d Downtime
			if err := rows.Scan(&body); err != nil {
				return err
			}
			if err := s.open(body, &d); err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("look up which downtimes were: %w", err)
	}
	return all, nil
}

// Expected tells whether an entry about a patient, said at a time, is one that a downtime left to be entered: it is about a time in it, and comes after it, but not too long.
func (s *Shelf) Expected(token string, about, said time.Time) bool {
	if token == "" {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range s.past {
		d := &s.past[i]
		if !about.Before(d.From) && about.Before(d.To) && BackEntry(d.To, said) {
			if _, is := slices.BinarySearchFunc(d.Patients, token, strings.Compare); is {
				return true
			}
		}
	}
	return false
}

// BackEntry tells whether at a time people enter what a downtime left that ended before.
func BackEntry(end, at time.Time) bool { return !at.Before(end) && at.Sub(end) <= backEntry }
