package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// ErrNoTrail says that the act could not be sealed first, and that therefore nothing was done. A page
// answers 503.
var ErrNoTrail = errors.New("nothing was done, for the journal could not take down that you were about to: try again in a moment; if it stays so, see the state of the journal on the page Journal")

// sealTime is how long an act waits to be sealed: two seconds, less the time to say that it was not.
const sealTime = 1900 * time.Millisecond

// proofAge is how old the second factor may be for what needs it anew.
const proofAge = 5 * time.Minute

// Outcome is how an act ended.
type Outcome string

// The outcomes. An intent that stays open for longer than the act can take is an alarm: see Mend.
const (
	Unsealed Outcome = "unsealed" // it is being sealed, or was broken off then; it was not begun
	Pending  Outcome = ""         // it is going on, or was broken off
	Done     Outcome = "done"     // it was done
	Failed   Outcome = "failed"   // it was tried; why says what came of it
	Refused  Outcome = "refused"  // it was not allowed
	NotDone  Outcome = "not done" // it was allowed and not begun
	Lost     Outcome = "lost"     // it was begun, and nothing says how it ended
)

// Act is one thing that somebody did or wanted to do.
type Act struct {
	ID      string
	At      time.Time
	Actor   Actor
	Verb    Verb
	Object  Object
	Detail  map[string]string
	Outcome Outcome
	Why     string
	Ended   time.Time
	Sealed  bool          // false when the journal did not take it; there are no places then
	Intent  journal.Place // of a refused act, the only place
	Result  journal.Place // of the outcome; as Intent while it is open
}

// line is an act as it lies in the journal: an intent with all that is known, and an outcome that refers to it.
type line struct {
	Act     string            `json:"act"`
	Step    string            `json:"step"` // intent or outcome; a refusal is both
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor"`
	Name    string            `json:"name,omitempty"`
	Roles   []Role            `json:"roles,omitempty"`
	Session string            `json:"session,omitempty"`
	Token   string            `json:"token,omitempty"`
	Verb    Verb              `json:"verb"`
	Kind    string            `json:"kind,omitempty"`
	Object  string            `json:"object,omitempty"`
	Owner   string            `json:"owner,omitempty"`
	Detail  map[string]string `json:"detail,omitempty"`
	Outcome Outcome           `json:"outcome,omitempty"`
	Why     string            `json:"why,omitempty"`
}

// Do does something in the name of the actor of ctx: it checks, seals the intent, acts, and seals how it ended. When
// it returns *Denied, ErrProve or ErrNoTrail, act was not called. detail says what will be done, in words of the
// program; it goes into the trail, so it holds no patient's name. o was loaded for this, and act changes that
// same object.
func (h *House) Do(ctx context.Context, v Verb, o Object, detail map[string]string, act func(context.Context) error) error {
	a, _ := ActorOf(ctx) // nobody may do nothing
	if err := h.allow(ctx, a, v, o, detail); err != nil {
		return err
	}
	return h.sealed(ctx, a, v, o, detail, act)
}

// allow checks, and seals a refusal.
func (h *House) allow(ctx context.Context, a Actor, v Verb, o Object, detail map[string]string) error {
	denied := Check(a, v, o)
	if denied != nil {
		return errors.Join(denied, h.refused(ctx, a, v, o, detail, "no role allows it"))
	}
	fresh := a.Session == "" || h.now().Sub(a.Proved) <= proofAge
	if !fresh && (v == PeopleWrite || v == TokenWrite || v == SelfWrite) {
		return ErrProve
	}
	return nil
}

// soon bounds what must be known before an act: in sealTime it is sealed, or it is not done. Who goes away meanwhile must
// not leave us in doubt which.
func soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), sealTime)
}

// refused seals that something was not allowed.
func (h *House) refused(ctx context.Context, a Actor, v Verb, o Object, detail map[string]string, why string) error {
	l, err := h.line(a, v, o, detail)
	if err != nil {
		return err
	}
	l.Step, l.Outcome, l.Why = "outcome", Refused, why
	ctx, cancel := soon(ctx)
	defer cancel()
	if err := h.enter(ctx, l); err != nil {
		return err
	}
	at, err := h.append(ctx, l, nil)
	if err != nil {
		after, cancel := soon(ctx)
		defer cancel()
		return errors.Join(err, h.unsealed(after, l, Refused, why))
	}
	return h.placed(ctx, l, at)
}

// sealed acts between two lines of the journal. It does not ask whether it may.
func (h *House) sealed(ctx context.Context, a Actor, v Verb, o Object, detail map[string]string, act func(context.Context) error) error {
	l, err := h.line(a, v, o, detail)
	if err != nil {
		return err
	}
	end := func(o Outcome, why string) {
		// Where this fails the intent stays open, which Trail shows. The act itself cannot be taken back.
		_ = h.end(ctx, l, o, why)
	}
	defer h.carryOut(l.Act)()
	at, err := h.intend(ctx, l, end)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended {
			end(Failed, "it broke off in the middle")
		}
	}()
	err = act(context.WithValue(ctx, intentKey{}, at))
	ended = true
	if err != nil {
		end(Failed, cut(err.Error(), maxDetail))
		return err
	}
	end(Done, "")
	return nil
}

// carryOut notes that this process is carrying an act out, until what it returns is called.
func (h *House) carryOut(act string) (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doing[act] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.doing, act)
	}
}

type intentKey struct{}

// IntentOf returns where in the journal the act that is being carried out with ctx was sealed before it began, and whether one
// is: what an act makes can name its own trace.
func IntentOf(ctx context.Context) (journal.Place, bool) {
	at, ok := ctx.Value(intentKey{}).(journal.Place)
	return at, ok
}

// intend enters and seals an intent. When it fails the act is not to be done.
func (h *House) intend(ctx context.Context, l line, end func(Outcome, string)) (journal.Place, error) {
	during, cancel := soon(ctx)
	defer cancel()
	// The table has it first: whatever the journal may hold of it, the trail shows that there is something.
	if err := h.enter(during, l); err != nil {
		return journal.Place{}, err
	}
	at, err := h.append(during, l, func(at journal.Place) {
		late, cancel := soon(ctx)
		defer cancel()
		_ = h.placed(late, l, at)
		end(NotDone, "it was sealed too late")
	})
	if err != nil {
		after, cancel := soon(ctx)
		defer cancel()
		_ = h.unsealed(after, l, NotDone, "the journal did not take it") // it stays as it is otherwise
		return journal.Place{}, err
	}
	if err := h.placed(during, l, at); err != nil {
		end(NotDone, "it could not be entered into the trail")
		return journal.Place{}, err
	}
	return at, nil
}

const (
	maxDetail  = 1000 // bytes of one value
	maxDetails = 32
)

// line makes the intent.
func (h *House) line(a Actor, v Verb, o Object, detail map[string]string) (line, error) {
	id, err := newID()
	if err != nil {
		return line{}, err
	}
	kept := map[string]string{}
	for name, value := range detail {
		if len(kept) < maxDetails {
			kept[cut(name, 64)] = cut(value, maxDetail)
		}
	}
	return line{
		Act: id, Step: "intent", At: h.now().UTC().Truncate(time.Microsecond),
		Actor: a.ID, Name: a.Name, Roles: a.Roles, Session: a.Session, Token: a.Token,
		Verb: v, Kind: cut(o.Kind, 64), Object: cut(o.ID, 200), Owner: cut(o.Owner, 200), Detail: kept,
	}, nil
}

// cut shortens text and makes it fit for both databases.
func cut(s string, bytes int) string { return store.Text(s[:min(len(s), bytes)]) }

// append seals one line before ctx ends, whatever the journal does. What is sealed in spite of that is handed to
// late. Of lines that hang there are as many as fit into hung, which is also how many may be sealed at once.
func (h *House) append(ctx context.Context, l line, late func(journal.Place)) (journal.Place, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return journal.Place{}, fmt.Errorf("write act: %w", err)
	}
	select {
	case h.hung <- struct{}{}:
	default:
		return journal.Place{}, ErrNoTrail // so many wait already that this one would, too
	}
	type result struct {
		at  journal.Place
		err error
	}
	answer := make(chan result)
	go func() {
		at, err := h.seal.Append(ctx, journal.Line{Kind: journal.Acts, Source: "access", Time: l.At, JSON: text})
		<-h.hung
		select {
		case answer <- result{at, err}:
		case <-ctx.Done():
			if err == nil && late != nil {
				late(at)
			}
		}
	}()
	select {
	case r := <-answer:
		if r.err != nil {
			return journal.Place{}, fmt.Errorf("%w: %w", ErrNoTrail, r.err)
		}
		return r.at, nil
	case <-ctx.Done():
		return journal.Place{}, ErrNoTrail
	}
}

// sealedAct is what people give as reasons, and errors, are sealed for in the table: they may name a patient.
const sealedAct = "act"

// enter writes a line that is going to be sealed into the table that Trail reads.
func (h *House) enter(ctx context.Context, l line) error {
	detail, err := json.Marshal(l.Detail)
	if err != nil {
		return fmt.Errorf("write act: %w", err)
	}
	said, err := h.vault.SealText(string(detail), sealedAct)
	if err != nil {
		return fmt.Errorf("seal act: %w", err)
	}
	why, err := h.vault.SealText(l.Why, sealedAct)
	if err != nil {
		return fmt.Errorf("seal act: %w", err)
	}
	_, err = h.db.ExecContext(ctx, `INSERT INTO acts (id, at, actor, name, roles, session, token, verb, kind, object,
		owner, detail, outcome, why, ended, intent_entry, intent_line, outcome_entry, outcome_line)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, -1, 0, -1, 0)`,
		l.Act, store.At(l.At), l.Actor, store.Text(l.Name), join(l.Roles), l.Session, l.Token,
		string(l.Verb), l.Kind, l.Object, l.Owner, said, string(Unsealed), why)
	if err != nil {
		return fmt.Errorf("%w: enter act: %w", ErrNoTrail, err)
	}
	return nil
}

// placed notes where a line was sealed.
func (h *House) placed(ctx context.Context, l line, at journal.Place) error {
	ended := store.Time{}
	if l.Outcome != Pending {
		ended = store.At(l.At)
	}
	_, err := h.db.ExecContext(ctx, `UPDATE acts SET outcome = $1, ended = $2,
		intent_entry = $3, intent_line = $4, outcome_entry = $3, outcome_line = $4 WHERE id = $5`,
		string(l.Outcome), ended, int64(at.Entry), at.Line, l.Act)
	if err != nil {
		return fmt.Errorf("%w: enter act: %w", ErrNoTrail, err)
	}
	return nil
}

// unsealed notes how a line ended that the journal did not take.
func (h *House) unsealed(ctx context.Context, l line, o Outcome, why string) error {
	why, err := h.vault.SealText(why, sealedAct)
	if err != nil {
		return err
	}
	_, err = h.db.ExecContext(ctx, `UPDATE acts SET outcome = $1, why = $2, ended = $3 WHERE id = $4 AND outcome = $5`,
		string(o), why, store.At(h.now()), l.Act, string(Unsealed))
	return err
}

// end seals and enters how an act ended.
func (h *House) end(ctx context.Context, intent line, o Outcome, why string) error {
	l := line{
		Act: intent.Act, Step: "outcome", At: h.now().UTC().Truncate(time.Microsecond),
		Actor: intent.Actor, Verb: intent.Verb, Outcome: o, Why: why,
	}
	ctx, cancel := soon(ctx)
	defer cancel()
	at, err := h.append(ctx, l, nil)
	if err != nil {
		return err
	}
	if why, err = h.vault.SealText(why, sealedAct); err != nil {
		return err
	}
	_, err = h.db.ExecContext(ctx, `UPDATE acts SET outcome = $1, why = $2, ended = $3, outcome_entry = $4, outcome_line = $5 WHERE id = $6`,
		string(o), why, store.At(l.At), int64(at.Entry), at.Line, l.Act)
	return err
}

// TrailFilter chooses acts. What is zero does not choose.
type TrailFilter struct {
	Actor    string // id
	Verb     Verb
	From, To time.Time // To is not included
	Open     bool      // only those without an outcome: they are going on, or an alarm
	Before   string    // id of an act: only what came before it, for the next page
	Limit    int       // at most 1000; 100 when it is 0
}

// Trail lists acts, the last one first. Everybody who is a person sees the own acts; others' need trail.read.
func (h *House) Trail(ctx context.Context, f TrailFilter) ([]Act, error) {
	a, _ := ActorOf(ctx)
	v, o := TrailRead, Object{Kind: "trail"}
	if f.Actor != "" && f.Actor == a.ID {
		v, o.Owner = TrailReadOwn, a.ID
	}
	if err := h.allow(ctx, a, v, o, nil); err != nil {
		return nil, err
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	return h.acts(ctx, `(actor = $1 OR $1 = '') AND (verb = $2 OR $2 = '') AND at >= $3 AND (at < $4 OR $4 = 0)
		AND (outcome IN ('', 'unsealed') OR $5 = 0) AND ($6 = '' OR (at, id) < (SELECT at, id FROM acts WHERE id = $6))
		ORDER BY at DESC, id DESC LIMIT $7`,
		f.Actor, string(f.Verb), store.At(f.From), store.At(f.To), truth(f.Open), f.Before, min(f.Limit, 1000))
}

// acts lists those that are chosen by what stands behind WHERE.
func (h *House) acts(ctx context.Context, chosen string, args ...any) ([]Act, error) {
	rows, err := h.db.QueryContext(ctx, `SELECT id, at, actor, name, roles, session, token, verb, kind, object, owner, detail,
		outcome, why, ended, intent_entry, intent_line, outcome_entry, outcome_line FROM acts WHERE `+chosen, args...)
	if err != nil {
		return nil, fmt.Errorf("read trail: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what went wrong
	var acts []Act
	for rows.Next() {
		act, err := h.scanAct(rows)
		if err != nil {
			return nil, fmt.Errorf("read trail: %w", err)
		}
		acts = append(acts, act)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read trail: %w", err)
	}
	return acts, nil
}

// scanner is a row of a query.
type scanner interface{ Scan(...any) error }

func (h *House) scanAct(row scanner) (Act, error) {
	var a Act
	var at, ended store.Time
	var roles, detail string
	var intent, result int64
	err := row.Scan(&a.ID, &at, &a.Actor.ID, &a.Actor.Name, &roles, &a.Actor.Session, &a.Actor.Token, &a.Verb,
		&a.Object.Kind, &a.Object.ID, &a.Object.Owner, &detail, &a.Outcome, &a.Why, &ended,
		&intent, &a.Intent.Line, &result, &a.Result.Line)
	if err != nil {
		return Act{}, err
	}
	a.At, a.Ended, a.Actor.Roles = at.Time, ended.Time, split[Role](roles)
	if a.Sealed = intent >= 0; a.Sealed {
		a.Intent.Entry, a.Result.Entry = uint64(intent), uint64(result)
	}
	if a.Why, err = h.vault.OpenText(a.Why, sealedAct); err != nil {
		return Act{}, err
	}
	if detail, err = h.vault.OpenText(detail, sealedAct); err != nil {
		return Act{}, err
	}
	return a, json.Unmarshal([]byte(detail), &a.Detail)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
