package archive

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// mostLooked is how many studies are looked at in one go.
const mostLooked = 100

// Look looks at some studies now, whatever the time: because images of them have just come, or because somebody has opened a case. It lists what
// they hold, tells of what is gone, and reads images back: of each series as many as images says of those that were never read, and as many of those that
// were, at random; all of them when it is below 0. A study that the archive does not have and never had is no change: see Report.There.
func (k *Keeper) Look(ctx context.Context, src *Source, studies []string, images int, emit Emit) (Report, error) {
	if len(studies) > mostLooked {
		return Report{}, fmt.Errorf("look at %d studies: at most %d are looked at in one go", len(studies), mostLooked)
	}
	for i, uid := range studies {
		if !isUID(uid) {
			return Report{}, fmt.Errorf("look at study %d of %d: what is asked for is no UID", i+1, len(studies))
		}
	}
	s, err := k.begin(ctx, src, emit)
	if err != nil {
		return Report{}, err
	}
	s.only = []int64{}
	err = s.lookAt(ctx, studies, images)
	var count error
	s.report.Known, count = k.known(ctx, src.System())
	return s.report, errors.Join(err, count)
}

func (s *sweep) lookAt(ctx context.Context, studies []string, images int) error {
	for _, uid := range studies {
		if err := s.visit(ctx, uid); err != nil {
			return err
		}
	}
	isEmpty, err := s.holdsNothing(ctx)
	switch {
	case err != nil:
		return err
	case isEmpty:
		return s.judgeArchive(ctx)
	}
	if err := s.judgeAll(ctx); err != nil {
		return err
	}
	if err := s.readLooked(ctx, images); err != nil {
		return err
	}
	return s.say(ctx, studies)
}

// visit takes in what the archive lists of one study.
func (s *sweep) visit(ctx context.Context, uid string) error {
	m, odd, err := s.src.study(ctx, uid)
	s.report.Odd += int64(odd)
	if err != nil {
		return s.pass(ctx, err)
	}
	name := s.named(s.src.System(), uid)
	if slices.Contains(s.only, name) {
		return nil
	}
	s.only = append(s.only, name)
	if m == nil {
		return nil
	}
	s.report.Listed++
	known, err := s.study(ctx, s.src.System(), name)
	if err != nil {
		return ours{err}
	}
	return s.renew(ctx, known, m)
}

// holdsNothing tells whether the archive lists nothing at all any more, when it does not list what it held.
func (s *sweep) holdsNothing(ctx context.Context) (bool, error) {
	missing, err := s.unlisted(ctx)
	if err != nil || len(missing) == 0 || s.report.Listed > 0 {
		return false, err
	}
	listed := 0
	odd, err := s.src.ask(ctx, "studies", url.Values{"limit": {"1"}}, func(match) error {
		listed++
		return nil
	})
	if err != nil && !errors.Is(err, errAbsent) {
		return false, fmt.Errorf("look whether an archive holds anything: %w", err)
	}
	return listed+odd == 0, nil
}

// readLooked reads images of the studies that are looked at.
func (s *sweep) readLooked(ctx context.Context, images int) error {
	names, err := s.within(ctx, `SELECT name FROM integrity_archive_series WHERE source = $1`, "study", s.src.System())
	if err != nil {
		return err
	}
	for _, name := range names {
		err := s.readBy(ctx, name, true, func(r *reading) error {
			if images < 0 {
				return r.whole(ctx)
			}
			return r.some(ctx, r.choose(images))
		})
		if err := s.pass(ctx, err); err != nil {
			return err
		}
	}
	return nil
}

// choose draws up to n images of the series that were never read, and up to n that were.
func (r *reading) choose(n int) (places []int) {
	var unread, known []int
	for i := range r.series.Images {
		if r.series.Images[i].Read == 0 {
			unread = append(unread, i)
		} else {
			known = append(known, i)
		}
	}
	for _, of := range [][]int{unread, known} {
		for _, rank := range r.Dice.Draw(int64(len(of)), n) {
			places = append(places, of[rank])
		}
	}
	return places
}

// say reports whether the archive has each of the studies, if it said so.
func (s *sweep) say(ctx context.Context, studies []string) error {
	s.report.There = map[string]bool{}
	for _, uid := range studies {
		name := s.named(s.src.System(), uid)
		if !slices.Contains(s.only, name) {
			continue
		}
		st, err := s.study(ctx, s.src.System(), name)
		switch {
		case err != nil:
			return err
		case st == nil || !st.gone.IsZero():
			s.report.There[uid] = false
		case st.listed.Equal(s.at):
			s.report.There[uid] = true
		}
	}
	return nil
}
