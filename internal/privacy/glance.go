package privacy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// settles is when the reasons of a sheet have had their time.
func (s *sheet) settles(e *Engine) int64 {
	return s.rows[len(s.rows)-1].at + e.cfg.Settle.Milliseconds()
}

// private tells whether the patient of a sheet concerns its account in private.
func (e *Engine) private(s *sheet) bool {
	if s.private == unasked {
		t := &e.scratch
		s.touch(t, e.house.Text, e.sensitive)
		s.private = no
		if e.judge.Private(t, e.house, &judge.Known{}) {
			s.private = yes
		}
	}
	return s.private == yes
}

// glance looks at a sheet before its reasons had time to arrive. What is so bad that hardly any reason would still come goes into a case;
// anything else waits.
func (e *Engine) glance(s *sheet) error {
	s.glanced = true
	s.due = s.settles(e)
	e.agenda.add(s)
	k, err := e.known(s)
	if err != nil {
		return err
	}
	t := e.touchOf(s)
	v := e.judge.Verdict(t, e.house, k, time.Time{})
	s.doubted = !v.Explained
	if !s.doubted || v.Score < e.cfg.Threshold+e.cfg.Doubt {
		return nil
	}
	heard, err := e.heard(s)
	if err == nil && heard {
		e.assemble(s, e.touchOf(s), &v)
	}
	return err
}

// heard tells whether the feeds that carry a department's reasons are heard: whether what else it opened at that time is explained by
// now about as often as ever. Nobody knows yet whether a feed is silent.
func (e *Engine) heard(s *sheet) (bool, error) {
	const (
		near  = 2 * 60 * 60 * 1000 // milliseconds
		peers = 25
		early = 2.0 // times as much is without a reason yet as will be
		some  = 0.1 // that is without a reason where nobody knows how much is
	)
	usual := some
	if r := e.health.own(e); r != nil {
		dept, ok := r.Unexplained[e.deptOf(s.staff)]
		if !ok {
			dept = r.Unexplained[0]
		}
		usual = dept
	}
	bare, opened := 0, 0
	for _, o := range e.beside(s, near) {
		if opened == peers {
			break
		}
		k, err := e.known(o)
		if err != nil {
			return false, err
		}
		opened++
		if v := e.judge.Verdict(e.touchOf(o), e.house, k, time.Time{}); !v.Explained {
			bare++
		}
	}
	return chance.HitsAtLeast(bare, opened, min(early*usual, 0.9)) > 0.01, nil
}

// beside lists what was opened in the department near the time of a sheet, of nobody who concerns anybody in private, in an order that has
// nothing to do with what it was.
func (e *Engine) beside(s *sheet, near int64) []*sheet {
	type peer struct {
		*sheet
		lot float64
	}
	var list []peer
	dept := e.deptOf(s.staff)
	old := e.now.Add(-e.cfg.Glance).UnixMilli()
	for _, o := range e.hot {
		if o.patient == 0 || o.patient == s.patient || o.gone || !o.opens() || o.rows[len(o.rows)-1].at > old || e.deptOf(o.staff) != dept {
			continue
		}
		if max(o.rows[0].at-s.rows[0].at, s.rows[0].at-o.rows[0].at) < near && !e.private(o) {
			list = append(list, peer{o, e.chance(fmt.Sprint("beside ", o.user, " ", o.patient, " ", o.day))})
		}
	}
	slices.SortFunc(list, func(a, b peer) int { return cmp.Compare(a.lot, b.lot) })
	sheets := make([]*sheet, 0, len(list))
	for _, p := range list {
		sheets = append(sheets, p.sheet)
	}
	return sheets
}
