package triage

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil"
)

// keepEvents is how many events of a finding are kept whole, the earliest. The places of more are noted.
const keepEvents = 10

// read parses the lines of a Findings entry. One that cannot be read is counted and loses nothing else.
func (d *Desk) read(lines iter.Seq2[int, []byte]) (filed []Filed, unread int) {
	for _, line := range lines {
		var f Filed
		if err := json.Unmarshal(line, &f); err != nil || f.Finding.ID == "" || f.Watcher == "" || f.Finding.Count <= 0 {
			d.unread.Add(1)
			unread++
			continue
		}
		filed = append(filed, f)
	}
	return filed, unread
}

// taking is one entry of the kind journal.Findings on its way into the tables.
type taking struct {
	veil         *veil.Veil
	tx           *sql.Tx
	at           time.Time // when the entry was closed: the journal's clock
	wall         time.Time
	suppressions []Suppression // active at that time
}

func (t *taking) loadSuppressions(ctx context.Context) error {
	all, err := suppressions(ctx, t.tx, t.veil)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.active(t.at) {
			t.suppressions = append(t.suppressions, s)
		}
	}
	return nil
}

// take adds what a watcher found in one step to the finding, unless it was added before.
func (t *taking) take(ctx context.Context, f *Filed) error {
	counted, err := t.counted(ctx, f)
	if err != nil || counted {
		return err
	}
	Cover(t.veil, &f.Finding)
	item, err := get(ctx, t.tx, t.veil, f.Finding.ID)
	switch {
	case errors.Is(err, ErrUnknown):
		item = Item{Finding: f.Finding, Opened: t.at, State: New, Notify: 1}
		item.Finding.Count = 0
		item.Finding.Events, item.Finding.Places = nil, nil
	case err != nil:
		return err
	}
	suppressed := t.suppression(&f.Finding)
	before := item
	item.Absorb(&f.Finding, keepEvents)
	item.Rule = f.Finding.Rule // as it is written now
	item.Changed = t.at
	if suppressed != nil {
		err = t.suppress(ctx, &item, suppressed, f.Finding.Count)
	} else {
		err = t.open(ctx, &item, &before)
	}
	if err != nil {
		return err
	}
	if err := put(ctx, t.tx, t.veil, &item, t.at, t.wall); err != nil {
		return err
	}
	return t.note(ctx, f)
}

// counted tells whether this step of the watcher, or a later one, was counted for the finding.
func (t *taking) counted(ctx context.Context, f *Filed) (bool, error) {
	var entry, line int64
	err := t.tx.QueryRowContext(ctx, `SELECT entry, line FROM finding_counted WHERE finding = $1 AND watcher = $2`,
		f.Finding.ID, store.Text(f.Watcher)).Scan(&entry, &line)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return cmp.Or(cmp.Compare(uint64(entry), f.From.Entry), cmp.Compare(int(line), f.From.Line)) >= 0, err
}

func (t *taking) note(ctx context.Context, f *Filed) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO finding_counted (finding, watcher, entry, line) VALUES ($1, $2, $3, $4)
		ON CONFLICT (finding, watcher) DO UPDATE SET entry = excluded.entry, line = excluded.line`,
		f.Finding.ID, store.Text(f.Watcher), int64(f.From.Entry), f.From.Line)
	if err != nil {
		return err
	}
	for kind, values := range f.Finding.Entities {
		for _, v := range values {
			_, err := t.tx.ExecContext(ctx, `INSERT INTO finding_entities (finding, kind, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
				f.Finding.ID, store.Text(kind), store.Text(strings.ToLower(v)))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// suppression finds one that covers what was found now; what the finding named before may be something else.
func (t *taking) suppression(f *finding.Finding) *Suppression {
	for i := range t.suppressions {
		if t.suppressions[i].covers(f) {
			return &t.suppressions[i]
		}
	}
	return nil
}

// suppress takes the finding out of the queue, unless somebody is looking into it. It never opens one again.
func (t *taking) suppress(ctx context.Context, item *Item, s *Suppression, events int) error {
	if item.State == New || item.State == Closed {
		item.State, item.Suppressed = Suppressed, s.ID
		item.Verdict, item.Why, item.ClosedAt = "", "", time.Time{}
		if item.Count == events { // it was never in the queue: there was nothing to tell
			item.Notify = 0
		}
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE suppressions SET events = events + $2 WHERE id = $1`, s.ID, events)
	return err
}

// open puts the finding back into the queue if it was closed or suppressed, and says when people are to be
// told again: when it comes back, when its level rises, when its watcher takes it for something else, and when its events come to the next power of ten.
func (t *taking) open(ctx context.Context, item, before *Item) error {
	if before.Count == 0 {
		return nil // it has just been opened
	}
	tell := magnitude(item.Count) > magnitude(before.Count) || finding.Rank(item.Rule.Level) > finding.Rank(before.Rule.Level) || RuleID(&item.Rule) != RuleID(&before.Rule)
	if before.State == Closed || before.State == Suppressed {
		item.State, item.Verdict, item.Why, item.ClosedAt, item.Suppressed = New, "", "", time.Time{}, ""
		tell = true
		if err := record(ctx, t.tx, t.veil, item, Act{At: t.wall, Act: "reopened", Detail: "was " + string(before.State)}); err != nil {
			return err
		}
	}
	if tell {
		item.Notify++
		item.Later = time.Time{}
	}
	return nil
}

// magnitude is the number of digits of n, which is above 0.
func magnitude(n int) int { return int(math.Log10(float64(n))) + 1 }

// put writes the item, new or changed. matched and wall are when its latest match was filed.
func put(ctx context.Context, tx *sql.Tx, v *veil.Veil, i *Item, matched, wall time.Time) error {
	body, err := json.Marshal(i.Finding)
	if err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	if body, err = v.Vault().SealBlob(body, sealedBody); err != nil {
		return fmt.Errorf("seal finding: %w", err)
	}
	why, err := v.Vault().SealText(i.Why, sealedNote)
	if err != nil {
		return fmt.Errorf("seal the reason of a verdict: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO findings
		(id, kind, rule, title, level, body, events, state, verdict, why, owner, opened, changed, closed, later, matched, seen_wall, suppressed, notify)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, rule = excluded.rule, title = excluded.title, level = excluded.level,
			body = excluded.body, events = excluded.events, state = excluded.state, verdict = excluded.verdict, why = excluded.why,
			owner = excluded.owner, changed = excluded.changed, closed = excluded.closed, later = excluded.later,
			matched = excluded.matched, seen_wall = excluded.seen_wall, suppressed = excluded.suppressed, notify = excluded.notify`,
		i.ID, store.Text(string(i.Kind)), store.Text(RuleID(&i.Rule)), store.Text(i.Rule.Title), finding.Rank(i.Rule.Level), body, i.Count,
		string(i.State), string(i.Verdict), why, i.Owner, store.At(i.Opened), store.At(i.Changed), store.At(i.ClosedAt),
		store.At(i.Later), store.At(matched), store.At(wall), i.Suppressed, i.Notify)
	return err
}

// LineOf is the line under which a watcher files f in the journal.
func LineOf(f *Filed) (journal.Line, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return journal.Line{}, fmt.Errorf("write finding: %w", err)
	}
	return journal.Line{Kind: journal.Findings, Source: f.Watcher, Time: f.Finding.Last, JSON: text}, nil
}
