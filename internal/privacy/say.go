package privacy

import (
	"cmp"
	"context"
	"slices"

	"github.com/wardline/wardline/internal/privacy/judge"
)

// SaidReason is one reason that was asked for, in words.
type SaidReason struct {
	Title string // of the reason: an appointment of the patient
	Found string // a sentence: what was found, or that nothing was
	// Holds tells that it explains; Weak that something was found which does not.
	Holds, Weak bool
}

// SayReasons tells of the heaviest touch of a case which reasons were asked for, one by one, those of which something was found first.
func (r *Room) SayReasons(ctx context.Context, c *Case) ([]SaidReason, error) {
	if len(c.Touches) == 0 {
		return nil, nil
	}
	look := slices.MaxFunc(c.Touches, func(a, b Look) int { return cmp.Compare(a.Verdict.Score, b.Verdict.Score) })
	var all []SaidReason
	err := r.look(ctx, func(e *Engine) error {
		for i := range look.Verdict.Reasons {
			reason := &look.Verdict.Reasons[i]
			all = append(all, SaidReason{Title: e.judge.TemplateTitle(reason.Template), Found: e.judge.SayReason(reason), Holds: look.Verdict.Explained, Weak: !look.Verdict.Explained})
		}
		for i := range look.Verdict.Tried {
			tried := &look.Verdict.Tried[i]
			all = append(all, SaidReason{Title: e.judge.TemplateTitle(tried.Template), Found: e.judge.SayTried(tried, look.Touch.First, e.cfg.Zone), Weak: tried.Nearest != nil})
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b SaidReason) int { return rankOf(a) - rankOf(b) })
	return all, err
}

func rankOf(s SaidReason) int {
	switch {
	case s.Holds:
		return 0
	case s.Weak:
		return 1
	}
	return 2
}

// SayReason tells in a sentence what a reason is, such as the one that explained a touch of a day.
func (r *Room) SayReason(ctx context.Context, reason *judge.Reason) (says string, err error) {
	err = r.look(ctx, func(e *Engine) error {
		says = e.judge.SayReason(reason)
		return nil
	})
	return says, err
}

// ReasonTitle is what people call a template.
func (r *Room) ReasonTitle(ctx context.Context, template string) (title string, err error) {
	err = r.look(ctx, func(e *Engine) error {
		title = e.judge.TemplateTitle(template)
		return nil
	})
	return title, err
}
