package triage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil"
)

// Filter says which findings are wanted. What is empty restricts nothing.
type Filter struct {
	States []State
	Kinds  []finding.Kind
	Level  string // this one or a worse one
	Rule   string // see RuleID
	Owner  string
	Entity string // a value that it names, whatever the case
	Text   string // stands in the title, the rule's id, or a value that it names
	// Postponed also lists those that are put off until later.
	Postponed bool
	Before    string // cursor of the last item of the page before
	Limit     int    // 100 if it is 0; at most 1000
}

const columns = `body, state, verdict, why, owner, opened, changed, closed, later, suppressed, notify`

// reader is what both a database and a transaction can do.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// List returns findings, the worst first, then those that changed last.
func (d *Desk) List(ctx context.Context, f Filter) ([]Item, error) {
	q := query{}
	if err := q.filter(f, d.now(), d.veil); err != nil {
		return nil, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	text := `SELECT ` + columns + ` FROM findings` + q.where() + ` ORDER BY level DESC, changed DESC, id DESC LIMIT ` + q.arg(min(limit, 1000))
	rows, err := d.db.QueryContext(ctx, text, q.args...)
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	defer rows.Close()
	var items []Item
	for rows.Next() {
		item, err := scan(rows, d.veil)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// query is a WHERE clause under construction.
type query struct {
	terms []string
	args  []any
}

func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) where() string {
	if len(q.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.terms, " AND ")
}

// add adds a term, in which each ? stands for the next of the values.
func (q *query) add(term string, values ...any) {
	for _, v := range values {
		term = strings.Replace(term, "?", q.arg(v), 1)
	}
	q.terms = append(q.terms, term)
}

func (q *query) filter(f Filter, now store.Time, v *veil.Veil) error {
	oneOf(q, "state", f.States)
	oneOf(q, "kind", f.Kinds)
	if f.Level != "" {
		if finding.Rank(f.Level) == 0 {
			return errors.New("list findings: a level is informational, low, medium, high or critical")
		}
		q.add("level >= ?", finding.Rank(f.Level))
	}
	if f.Rule != "" {
		q.add("rule = ?", store.Text(f.Rule))
	}
	if f.Owner != "" {
		q.add("owner = ?", store.Text(f.Owner))
	}
	if f.Entity != "" {
		q.entity(append(v.Asked(f.Entity), store.Text(strings.ToLower(f.Entity))))
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(store.Text(strings.ToLower(f.Text))) + "%"
		q.add(`(lower(title) LIKE ? ESCAPE '\' OR lower(rule) LIKE ? ESCAPE '\'
			OR id IN (SELECT finding FROM finding_entities WHERE value LIKE ? ESCAPE '\' OR value IN (`+q.list(v.Asked(f.Text))+`)))`, like, like, like)
	}
	if !f.Postponed {
		q.add("later <= ?", now)
	}
	if f.Before == "" {
		return nil
	}
	first, rest, ok := strings.Cut(f.Before, ".")
	second, id, more := strings.Cut(rest, ".")
	level, err := strconv.ParseInt(first, 10, 64)
	changed, err2 := strconv.ParseInt(second, 10, 64)
	if !ok || !more || err != nil || err2 != nil {
		return errors.New("list findings: not a cursor: begin at the first page")
	}
	q.add("(level, changed, id) < (?, ?, ?)", level, changed, store.Text(id))
	return nil
}

// entity asks for findings that name one of these.
func (q *query) entity(values []string) {
	q.terms = append(q.terms, "id IN (SELECT finding FROM finding_entities WHERE value IN ("+q.list(values)+"))")
}

// list writes values with commas between them, and what equals nothing for none.
func (q *query) list(values []string) string {
	in := []string{"NULL"}
	for _, v := range values {
		in = append(in, q.arg(v))
	}
	return strings.Join(in, ", ")
}

func oneOf[T ~string](q *query, column string, values []T) {
	if len(values) == 0 {
		return
	}
	var in []string
	for _, v := range values {
		in = append(in, q.arg(store.Text(string(v))))
	}
	q.terms = append(q.terms, column+" IN ("+strings.Join(in, ", ")+")")
}

// Get returns one finding, or ErrUnknown.
func (d *Desk) Get(ctx context.Context, id string) (Item, error) { return get(ctx, d.db, d.veil, id) }

func get(ctx context.Context, r reader, v *veil.Veil, id string) (Item, error) {
	return scan(r.QueryRowContext(ctx, `SELECT `+columns+` FROM findings WHERE id = $1`, store.Text(id)), v)
}

func scan(row interface{ Scan(...any) error }, v *veil.Veil) (Item, error) {
	var i Item
	var body []byte
	var opened, changed, closed, later store.Time
	err := row.Scan(&body, &i.State, &i.Verdict, &i.Why, &i.Owner, &opened, &changed, &closed, &later, &i.Suppressed, &i.Notify)
	if errors.Is(err, sql.ErrNoRows) {
		return Item{}, ErrUnknown
	}
	if err != nil {
		return Item{}, fmt.Errorf("read finding: %w", err)
	}
	if err := openBody(v, body, &i.Finding); err != nil {
		return Item{}, fmt.Errorf("read finding: %w", err)
	}
	if i.Why, err = v.Vault().OpenText(i.Why, sealedNote); err != nil {
		return Item{}, fmt.Errorf("read the reason of a verdict: %w", err)
	}
	i.Opened, i.Changed, i.ClosedAt, i.Later = opened.Time, changed.Time, closed.Time, later.Time
	return i, nil
}

// History lists what was done with a finding, the latest first.
func (d *Desk) History(ctx context.Context, id string) ([]Act, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT at, who, act, verdict, detail, undone FROM finding_acts
		WHERE finding = $1 ORDER BY id DESC LIMIT 1000`, store.Text(id))
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer rows.Close()
	var acts []Act
	for rows.Next() {
		var a Act
		var at store.Time
		if err := rows.Scan(&at, &a.Who, &a.Act, &a.Verdict, &a.Detail, &a.Undone); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		a.At = at.Time
		if a.Detail, err = d.veil.Vault().OpenText(a.Detail, sealedNote); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		acts = append(acts, a)
	}
	return acts, rows.Err()
}

// Counts says how much there is.
type Counts struct {
	States map[State]int  `json:"states"` // findings
	New    map[string]int `json:"new"`    // new findings by level
	Later  int            `json:"later"`  // put off
}

// Counts counts the findings.
func (d *Desk) Counts(ctx context.Context) (Counts, error) {
	c := Counts{States: map[State]int{}, New: map[string]int{}}
	rows, err := d.db.QueryContext(ctx, `SELECT state, level, count(*), COALESCE(sum(CASE WHEN later > $1 THEN 1 ELSE 0 END), 0)
		FROM findings GROUP BY state, level`, d.now())
	if err != nil {
		return c, fmt.Errorf("count findings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state State
		var level, n, later int
		if err := rows.Scan(&state, &level, &n, &later); err != nil {
			return c, fmt.Errorf("count findings: %w", err)
		}
		c.States[state] += n
		if state == New || state == Seen {
			c.Later += later // others wait for nobody
		}
		if state == New {
			c.New[levels()[level]] += n
		}
	}
	return c, rows.Err()
}

// levels names levels by finding.Rank.
func levels() []string { return []string{"", "informational", "low", "medium", "high", "critical"} }
