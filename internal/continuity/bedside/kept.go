package bedside

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"
)

// longestRecord bounds a Record as it is kept: more than a full one needs.
const longestRecord = 1 << 20

// ErrRecord says that what was kept is no Record. It quotes nothing.
var ErrRecord = errors.New("bedside: what is kept is no record of a patient")

// Changed yields the keys of the Records that have changed since Saved, and each as it is to be kept; nil for one that is to be deleted. A key holds a
// patient's number: what a table shows of it is a keyed hash, and what is kept is sealed.
func (b *Board) Changed(yield func(key string, body []byte) error) error {
	keys := make([]string, 0, len(b.changed))
	for key := range b.changed {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		var body []byte
		if r := b.records[key]; r != nil {
			var err error
			if body, err = Encode(r); err != nil {
				return err
			}
		}
		if err := yield(key, body); err != nil {
			return err
		}
	}
	return nil
}

// Saved notes that what Changed gave is durable.
func (b *Board) Saved() { clear(b.changed) }

// Load takes in a Record that was kept. It is called before the first Hear.
func (b *Board) Load(body []byte) error {
	r, err := Decode(body)
	if err != nil {
		return err
	}
	key := keyOf(r.IDs, r.Visit)
	if key == "" {
		return ErrRecord
	}
	b.records[key] = r
	return nil
}

// Encode writes a Record as it is kept.
func Encode(r *Record) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("keep what is known at the bedside: %w", err)
	}
	return body, nil
}

// Decode reads what Encode wrote, and nothing else: whatever is longer or more than Records are is refused.
func Decode(body []byte) (*Record, error) {
	if len(body) > longestRecord {
		return nil, fmt.Errorf("%w: longer than the limit", ErrRecord)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	r := &Record{}
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("%w: at byte %d", ErrRecord, d.InputOffset()) // the decoder's own words may quote
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows it", ErrRecord)
	}
	if !r.valid() {
		return nil, fmt.Errorf("%w: it holds more than records do", ErrRecord)
	}
	return r, nil
}

// valid tells whether a Record keeps its bounds.
func (r *Record) valid() bool {
	c := &checker{ok: true}
	c.count(len(r.IDs), mostIDs)
	c.count(len(r.Places), mostPlaces)
	c.count(len(r.Allergies), mostAllergies)
	c.count(len(r.Lists), mostLists)
	c.count(len(r.Orders), mostOrders)
	c.count(len(r.Results), mostResults*len(Analytes()))
	c.count(len(r.Requests), mostRequests)
	c.count(len(r.Diet), mostNotes)
	c.count(len(r.Wishes), mostNotes)
	c.texts(r.Visit, r.Person.Family, r.Person.Given, r.Person.Sex)
	c.times(r.Heard, r.Person.Born, r.Person.Said)
	c.ok = c.ok && r.Left >= 0
	for _, id := range r.IDs {
		c.texts(id.Authority, id.Type, id.Value)
	}
	for _, p := range r.Places {
		c.texts(p.Unit, p.Bed, p.Visit, p.Class)
		c.times(p.Said)
	}
	for _, a := range r.Allergies {
		c.texts(a.Code, a.Name, a.Kind, a.Severity, a.Reaction, a.Source)
		c.times(a.Said)
	}
	for _, l := range r.Lists {
		c.texts(l.Source)
		c.times(l.Said)
	}
	for i := range r.Orders {
		c.order(&r.Orders[i])
	}
	for _, v := range r.Results {
		c.texts(string(v.Kind), v.Title, v.Value, v.Unit, v.Flag, v.Range)
		c.times(v.At, v.Said)
		c.ok = c.ok && slices.Contains(Analytes(), v.Kind)
	}
	for _, q := range r.Requests {
		c.texts(q.Number, q.Title)
		c.times(q.Said)
	}
	for _, n := range slices.Concat(r.Diet, r.Wishes) {
		c.texts(n.Key, n.Text)
		c.times(n.Said)
	}
	return c.ok
}

// checker remembers whether something was out of bounds.
type checker struct{ ok bool }

func (c *checker) count(n, most int) { c.ok = c.ok && n <= most }

// texts are clipped when they are read; some are put together of several.
func (c *checker) texts(all ...string) {
	for _, text := range all {
		c.ok = c.ok && len(text) <= 4*mostText && utf8.ValidString(text)
	}
}

func (c *checker) times(all ...time.Time) {
	for _, t := range all {
		c.ok = c.ok && t.Year() >= 0 && t.Year() < 10_000
	}
}

func (c *checker) order(o *Order) {
	c.texts(o.Number, o.Visit, o.Code, o.Name, o.Dose, o.Route, o.Timing.How, o.Timing.Name)
	c.times(o.Said, o.Turned, o.Timing.Start, o.Timing.End, o.Timing.Entered)
	c.count(len(o.Doses), mostDoses)
	c.count(len(o.Timing.Clocks), mostClocks)
	c.ok = c.ok && o.State <= Stopped && o.Timing.Every >= 0 && (o.Timing.Every == 0 || o.Timing.Every >= time.Minute)
	for _, at := range o.Timing.Clocks {
		c.ok = c.ok && at >= 0 && at < 24*60
	}
	for _, d := range o.Doses {
		c.texts(d.Amount)
		c.times(d.At)
	}
}
