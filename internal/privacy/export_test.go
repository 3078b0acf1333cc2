package privacy

import (
	"context"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// What is worked out, for tests.
var (
	Clocks  = clocks
	QueryOf = func(text string) uint64 { return queryOf([]byte(text)) }
)

// Touches lists what an Engine has in memory, by account, patient and day.
func (e *Engine) Touches() []judge.Touch {
	var list []judge.Touch
	m, _ := e.shelf.(*memory)
	for _, s := range m.sheets {
		var t judge.Touch
		s.touch(&t, e.house.Text, e.sensitive)
		list = append(list, t)
	}
	return list
}

// WorkOf is what an account did on the day of a moment.
func (e *Engine) WorkOf(user hospital.Ref, at time.Time) judge.Work {
	return *e.work(e.workday(dayKey{user, e.dayOf(at.UnixMilli())}))
}

// Shares are what the site's own rates are made of, however little it is.
func (e *Engine) Shares() judge.Rates { return *e.health.rates() }

// Shares are those of the room's Engine.
func (r *Room) Shares(ctx context.Context) (s judge.Rates, err error) {
	err = r.look(ctx, func(e *Engine) error {
		s = e.Shares()
		return nil
	})
	return s, err
}

// Pasts are how many patients accounts opened, of how many of them nothing explained it, and how often and when two machines took turns.
func (r *Room) Pasts(ctx context.Context) (all map[hospital.Ref][4]float64, err error) {
	all = map[hospital.Ref][4]float64{}
	err = r.look(ctx, func(e *Engine) error {
		for user, p := range e.users {
			all[user] = [4]float64{p.opened, p.bare, float64(p.shared.turns), float64(p.shared.day)}
		}
		return nil
	})
	return all, err
}

// LearnNow learns groups and duties now.
func (e *Engine) LearnNow() error { return e.learnNow() }

// Mates are those with whom one shares patients.
func (e *Engine) Mates(s hospital.StaffID) []judge.Mate { return e.learned.mates[s] }

// Responsible is how much more a department sees of a diagnosis.
func (e *Engine) Responsible(dept, diagnosis hospital.Ref) float64 {
	return e.learned.responsible(dept, diagnosis)
}

// Recode writes every sheet and reads it back.
func (e *Engine) Recode() error {
	m, _ := e.shelf.(*memory)
	for k, s := range m.sheets {
		body, err := encodeSheet(nil, s)
		if err != nil {
			return err
		}
		again := &sheet{key: k}
		if err := decodeSheet(body, again); err != nil {
			return err
		}
		second, err := encodeSheet(nil, again)
		if err != nil || string(second) != string(body) {
			return errCode
		}
	}
	return nil
}

// Decode reads a body that anybody may have written.
func Decode(body []byte) ([]byte, error) {
	s := &sheet{}
	if err := decodeSheet(body, s); err != nil {
		return nil, err
	}
	return encodeSheet(nil, s)
}

// DrugMarks are what the house said of the removals that it was asked about.
func (e *Engine) DrugMarks() (all []diversion.Marks) {
	for _, d := range e.drugs.fresh {
		if d.Marks&diversion.Asked != 0 && !slices.Contains(all, d.Marks) {
			all = append(all, d.Marks)
		}
	}
	return all
}
