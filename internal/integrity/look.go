package integrity

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
)

// ErrNoDoubt says that there is no doubt of that name.
var ErrNoDoubt = errors.New("there is no such doubt")

// Doubt is the one of that id, or ErrNoDoubt. It is patient data: callers say who looked.
func (r *Room) Doubt(ctx context.Context, id string) (Doubt, error) {
	var body []byte
	err := r.cfg.DB.QueryRowContext(ctx, `SELECT body FROM integrity_doubts WHERE id = $1`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return Doubt{}, ErrNoDoubt
	}
	if err != nil {
		return Doubt{}, fmt.Errorf("read a doubt: %w", err)
	}
	return r.open(body)
}

func (r *Room) open(body []byte) (Doubt, error) {
	plain, err := r.cfg.Vault.OpenBlob(body, sealedDoubt)
	if err != nil {
		return Doubt{}, fmt.Errorf("open a doubt: %w", err)
	}
	var d Doubt
	if err := json.Unmarshal(plain, &d); err != nil {
		return Doubt{}, fmt.Errorf("read a doubt: %w", err)
	}
	return d, nil
}

// Kinds counts the doubts of each kind that were heard since a moment.
func (r *Room) Kinds(ctx context.Context, since time.Time) (map[string]int, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT kind, COUNT(*) FROM integrity_doubts WHERE at >= $1 GROUP BY kind`, since.Unix())
	if err != nil {
		return nil, fmt.Errorf("count doubts: %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var kind string
		var n int
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, fmt.Errorf("count doubts: %w", err)
		}
		out[kind] = n
	}
	return out, rows.Err()
}

// Said is a message as it was sealed. It is patient data.
type Said struct {
	Place    finding.Place
	From     string       // the sender
	Received time.Time    // by Wardline
	Message  *hl7.Message // nil when it cannot be read any more: Why says why not
	Gone     time.Time    // when it was deleted after its time
	Why      string       // a sentence for people
}

// Said reads from the journal what lies at a place. That it cannot be read is no error, but said in Why.
func (r *Room) Said(ctx context.Context, at finding.Place) (Said, error) {
	s := Said{Place: at}
	e, err := r.cfg.Journal.Entry(ctx, at.Entry)
	var damage *journal.DamageError
	switch {
	case errors.As(err, &damage):
		s.Why = "The entry that holds it is damaged."
		return s, nil
	case err != nil:
		return Said{}, fmt.Errorf("read what was said: %w", err)
	}
	if !e.Gone.IsZero() {
		s.Received, s.Gone, s.Why = e.Header.Received, e.Gone, "What it said was deleted after the time for which it is kept. That it was there stays proven."
		return s, nil
	}
	for n, line := range e.Lines() {
		if n == at.Line {
			r.readSaid(line, &s)
			return s, nil
		}
	}
	s.Why = "The journal holds no such line."
	return s, nil
}

func (r *Room) readSaid(line []byte, s *Said) {
	reader := event.LineReader{Taxonomy: r.cfg.Taxonomy, Limits: jsonl.DefaultLimits()} // the room's own is the follower's
	var ev event.Event
	s.Why = "The line cannot be read as a message."
	if reader.Read(line, &ev) != nil {
		return
	}
	s.From, s.Received = ev.Source, ev.Observed
	for text := range ev.Values("message") {
		m, err := hl7.Parse(bytes.Clone(text), hl7.DefaultLimits()) // the event lends its texts
		if err == nil {
			s.Message, s.Why = &m, ""
		}
		return
	}
}
