package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/store"
)

// Emit takes the changes of a sweep, at most 200 at a time. When it returns nil they are durable: the Keeper goes on then. After a crash, or an error, the
// same changes may come again.
type Emit func(context.Context, []Change) error

const (
	mostPending  = 200
	mostFailures = 10        // one after the other, before the archive is left alone
	atOnce       = 1000      // series that are chosen at a time
	grace        = time.Hour // for what is under way when the night ends
)

// sweep is one that is under way.
type sweep struct {
	*Keeper
	src     *Source
	emit    Emit
	at      time.Time
	until   time.Time
	report  Report
	b       event.Builder
	pending []Change
	row     int     // failures one after the other
	plant   *plant  // nil when nothing is pretended
	only    []int64 // names of the studies that are looked at; nil for all
}

// ours marks a failure of Emit or of the database, after which a sweep ends.
type ours struct{ error }

func (o ours) Unwrap() error { return o.error }

func (k *Keeper) begin(ctx context.Context, src *Source, emit Emit) (*sweep, error) {
	s := &sweep{Keeper: k, src: src, emit: emit, at: k.Now().UTC().Truncate(time.Microsecond)}
	s.report = Report{System: src.System(), At: s.at}
	var known int
	err := k.DB.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM integrity_archive_studies WHERE source = $1 AND listed > 0 LIMIT 1) AS one`, src.System()).Scan(&known)
	if err != nil {
		return nil, fmt.Errorf("look into what is known of an archive: %w", err)
	}
	s.report.First = known == 0
	if s.plant, err = k.planted(ctx, src.System()); err != nil {
		return nil, err
	}
	return s, nil
}

// Sweep lists all that the archive holds, tells of what is gone, and reads images back until all are read or until has come, which may be zero. When it
// fails the archive could not be read, or what was found not be told of; what was read is kept, and the next sweep goes on there.
func (k *Keeper) Sweep(ctx context.Context, src *Source, until time.Time, emit Emit) (Report, error) {
	s, err := k.begin(ctx, src, emit)
	if err != nil {
		return Report{}, err
	}
	if s.until = until; !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until.Add(grace))
		defer cancel()
	}
	s.report.All, err = s.list(ctx)
	isEmpty := err == nil && s.report.All && s.report.Listed == 0 && !s.report.First
	if isEmpty {
		err = s.judgeArchive(ctx)
	} else if err == nil {
		err = s.judgeAll(ctx)
	}
	if err == nil && !isEmpty {
		err = s.readAll(ctx)
		s.report.Whole = s.report.All && err == nil && !s.over() && s.report.Failed == 0
	}
	var count error
	s.report.Known, count = k.known(ctx, src.System())
	return s.report, errors.Join(err, count)
}

// judgeAll tells of what was not listed any more, once the notes were read that may explain it.
func (s *sweep) judgeAll(ctx context.Context) error {
	if err := s.readNotes(ctx); err != nil {
		return err
	}
	if s.report.All || s.only != nil {
		if err := s.judgeStudies(ctx); err != nil {
			return err
		}
	}
	return s.judgeSeries(ctx)
}

func (s *sweep) over() bool { return !s.until.IsZero() && !s.Now().Before(s.until) }

// tell has a change told of, together with others.
func (s *sweep) tell(ctx context.Context, c Change) error {
	s.pending = append(s.pending, c)
	if len(s.pending) < mostPending {
		return nil
	}
	return s.flush(ctx)
}

func (s *sweep) flush(ctx context.Context) error {
	if len(s.pending) == 0 {
		return nil
	}
	if err := s.emit(ctx, s.pending); err != nil {
		return ours{fmt.Errorf("tell of what changed in an archive: %w", err)}
	}
	s.pending = nil
	return nil
}

// pass lets one failure of the archive pass, and returns those after which the sweep ends.
func (s *sweep) pass(ctx context.Context, err error) error {
	var our ours
	switch {
	case err == nil:
		s.row = 0
		return nil
	case errors.As(err, &our) || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	}
	s.report.Failed++
	s.report.Why = err
	s.row++
	if s.row >= mostFailures {
		return fmt.Errorf("%d times one after the other: %w", s.row, err)
	}
	return nil
}

// list asks for all studies, and looks into those that are not as they are known. whole is false when the night ended before.
func (s *sweep) list(ctx context.Context) (whole bool, err error) {
	var page []match
	odd, err := s.src.list(ctx, "studies", aboutStudies(), func(m match) (bool, error) {
		known, err := s.study(ctx, s.src.System(), s.named(s.src.System(), m.study))
		if err != nil {
			return false, ours{err}
		}
		if known != nil && known.listed.Equal(s.at) {
			return false, nil
		}
		page = append(page, m)
		return true, nil
	}, func() error {
		defer func() { page = nil }()
		if s.over() {
			return errOver
		}
		return s.listed(ctx, page)
	})
	s.report.Odd += int64(odd)
	if errors.Is(err, errOver) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("list the studies: %w", err)
	}
	return true, nil
}

// errOver says that the night is over.
var errOver = errors.New("the window is over")

// listed takes in a page of studies.
func (s *sweep) listed(ctx context.Context, page []match) error {
	var same []int64
	for i := range page {
		m := &page[i]
		s.report.Listed++
		known, err := s.study(ctx, s.src.System(), s.named(s.src.System(), m.study))
		if err != nil {
			return ours{err}
		}
		if known != nil && known.gone.IsZero() && m.images >= 0 && m.images == known.images && m.parts == known.parts && known.Patient == m.patient {
			same = append(same, known.name)
			continue
		}
		if err := s.renew(ctx, known, m); err != nil {
			return err
		}
	}
	err := s.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, name := range same {
			if _, err := tx.ExecContext(ctx, `UPDATE integrity_archive_studies SET listed = $1 WHERE source = $2 AND name = $3`, store.At(s.at), s.src.System(), name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return ours{fmt.Errorf("keep what an archive lists: %w", err)}
	}
	return nil
}

// renew looks into a study that is new, or not as it is known. Of one that is now another patient's all images are read again.
func (s *sweep) renew(ctx context.Context, known *study, m *match) error {
	next := &study{name: s.named(s.src.System(), m.study), day: s.at, listed: s.at, images: m.images, parts: m.parts, about: about{UID: m.study, Patient: m.patient, Issuer: m.issuer}}
	if day, err := time.Parse("20060102", m.date); err == nil && !day.After(s.at) {
		next.day = day
	}
	err := s.look(ctx, next, known != nil && known.Patient != m.patient)
	if err != nil {
		next.images = -1 // so that the next sweep looks again
	}
	if err := s.pass(ctx, err); err != nil {
		return err
	}
	if err := s.putStudy(ctx, s.src.System(), next); err != nil {
		return ours{err}
	}
	return nil
}

// look lists the series of a study, and the instances of those that are not as they are known. What is not listed any more is marked as lost.
func (s *sweep) look(ctx context.Context, st *study, again bool) error {
	list, odd, err := s.src.series(ctx, st.UID)
	s.report.Odd += int64(odd)
	if err != nil {
		return err
	}
	names, err := s.seriesOf(ctx, s.src.System(), st.name)
	if err != nil {
		return ours{err}
	}
	unlisted := map[int64]bool{}
	for _, name := range names {
		unlisted[name] = true
	}
	for i := range list {
		name := s.named(s.src.System(), list[i].series)
		delete(unlisted, name)
		if err := s.lookInto(ctx, st, name, &list[i], again); err != nil {
			return err
		}
	}
	for name := range unlisted {
		err := s.change(ctx, name, func(sr *series) {
			for i := range sr.Images {
				sr.Images[i].Lost = true
			}
		})
		if err != nil {
			return ours{err}
		}
	}
	return nil
}

// change changes what is known of a series.
func (s *sweep) change(ctx context.Context, name int64, how func(*series)) error {
	sr, err := s.series(ctx, s.src.System(), name)
	if err != nil || sr == nil {
		return err
	}
	how(sr)
	return s.putSeries(ctx, s.src.System(), sr, nil)
}

// lookInto lists the instances of a series.
func (s *sweep) lookInto(ctx context.Context, st *study, name int64, m *match, again bool) error {
	sr, err := s.series(ctx, s.src.System(), name)
	if err != nil {
		return ours{err}
	}
	if sr == nil {
		sr = &series{name: name, contents: contents{UID: m.series}}
	}
	isSame := m.images >= 0 && m.images == int64(len(sr.Images)) && sr.lost() == 0 && sr.study == st.name
	if isSame && !again && s.only == nil { // who looks at a study sees an image that stands in the place of another
		return nil
	}
	sr.study, sr.day, sr.Modality = st.name, st.day, m.modality
	list, odd, err := s.src.instances(ctx, st.UID, m.series)
	s.report.Odd += int64(odd)
	if err != nil {
		return err
	}
	sr.take(list)
	for i := range sr.Images {
		if again {
			sr.Images[i].Read = 0
		}
	}
	if err := s.putSeries(ctx, s.src.System(), sr, nil); err != nil {
		return ours{err}
	}
	return nil
}

// take takes in a list of all instances.
func (c *contents) take(list []match) {
	there := map[string]bool{}
	for i := range list {
		there[list[i].instance] = true
	}
	for i := range c.Images {
		c.Images[i].Lost = c.Images[i].Lost || !there[c.Images[i].UID] // one that was not delivered is asked for by name before it is taken for there
		delete(there, c.Images[i].UID)
	}
	for i := range list {
		if there[list[i].instance] {
			c.Images = append(c.Images, image{UID: list[i].instance})
		}
	}
}
