package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// Sentences that say why something was told.
const (
	whyGone     = "The archive listed it before, and neither lists nor delivers it now. No rejection note that was read names it."
	whyRejected = "A rejection note named it before it went."
	whyEmpty    = "The archive held studies before, and lists none at all now. Nothing is judged until it lists some again."
	whyBroken   = "The archive delivered it before. What it delivers now under its name cannot be read as an image."
)

// judgeStudies tells of studies that were not listed, and are not there when they are asked for by name.
func (s *sweep) judgeStudies(ctx context.Context) error {
	names, err := s.unlisted(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if s.over() {
			return nil
		}
		if err := s.pass(ctx, s.judgeStudy(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// unlisted are the studies that are known and were not listed now.
func (s *sweep) unlisted(ctx context.Context) ([]int64, error) {
	return s.within(ctx, `SELECT name FROM integrity_archive_studies WHERE source = $1 AND listed < $2 AND gone = 0`, "name", s.src.System(), store.At(s.at))
}

// within runs a statement that selects names: for all studies, or for those alone that are looked at. column is where it has the name of the study.
func (s *sweep) within(ctx context.Context, statement, column string, arguments ...any) (all []int64, err error) {
	if s.only == nil {
		return s.names(ctx, statement, arguments...)
	}
	statement += fmt.Sprintf(" AND %s = $%d", column, len(arguments)+1)
	for _, study := range s.only {
		names, err := s.names(ctx, statement, append(slices.Clip(arguments), study)...)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}

// judgeArchive tells that nothing is there at all: of every study that would be a flood, and it may be the account, or another archive at this address.
func (s *sweep) judgeArchive(ctx context.Context) error {
	known, err := s.known(ctx, s.src.System())
	if err != nil {
		return err
	}
	if known == 0 {
		return nil
	}
	s.report.Gone = known
	if err := s.lose(ctx, &Loss{Level: "archive", Images: known, Outcome: Mismatch, Reason: whyEmpty}); err != nil {
		return err
	}
	return s.flush(ctx)
}

func (s *sweep) lose(ctx context.Context, l *Loss) error {
	l.System = s.src.System()
	if l.Act == "" {
		l.Act = string(Gone)
	}
	fields, err := l.Fields(&s.b)
	if err != nil {
		return ours{errors.New("wardline: internal error: an event about a loss is too long")}
	}
	names := append([]string{l.System, l.Act, l.Level, string(l.Outcome), l.Study, l.Series}, l.Instances...)
	return s.tell(ctx, Change{Act: Act(l.Act), Fields: fields, Names: names})
}

func (s *sweep) judgeStudy(ctx context.Context, name int64) error {
	system := s.src.System()
	st, err := s.study(ctx, system, name)
	if err != nil || st == nil {
		return err
	}
	st.listed = s.at
	list, _, err := s.src.series(ctx, st.UID)
	if err != nil {
		return err
	}
	if len(list) > 0 { // it was on no page while studies moved from one to the other
		if err := s.look(ctx, st, false); err != nil {
			return err
		}
		return s.putStudy(ctx, system, st)
	}
	return s.loseStudy(ctx, st)
}

// loseStudy tells of a study that is gone, and forgets its series.
func (s *sweep) loseStudy(ctx context.Context, st *study) error {
	system := s.src.System()
	names, err := s.seriesOf(ctx, system, st.name)
	if err != nil {
		return ours{err}
	}
	var all []*series
	var gone, rejected []string
	l := Loss{Level: "study", Study: st.UID, Patient: st.Patient, Issuer: st.Issuer}
	for _, name := range names {
		sr, err := s.series(ctx, system, name)
		if err != nil {
			return ours{err}
		}
		if sr == nil {
			continue
		}
		if l.Modality == "" || l.Modality == "KO" {
			l.Modality = sr.Modality
		}
		for i := range sr.Images {
			sr.Images[i].Lost = true
		}
		g, r, err := s.split(ctx, sr)
		if err != nil {
			return ours{err}
		}
		gone, rejected, all = append(gone, g...), append(rejected, r...), append(all, sr)
	}
	if err := s.loseBoth(ctx, l, gone, rejected); err != nil {
		return err
	}
	for _, sr := range all {
		sr.Images = nil
		if err := s.putSeries(ctx, system, sr, nil); err != nil {
			return ours{err}
		}
	}
	st.gone = s.at
	if err := s.putStudy(ctx, system, st); err != nil {
		return ours{err}
	}
	return nil
}

// split parts what a series lost into what is simply gone and what was rejected. Rejection notes go with what they rejected.
func (s *sweep) split(ctx context.Context, sr *series) (gone, rejected []string, err error) {
	for i := range sr.Images {
		if !sr.Images[i].Lost {
			continue
		}
		uid := sr.Images[i].UID
		is, err := s.isRejected(ctx, s.src.System(), uid)
		if err != nil {
			return nil, nil, err
		}
		if is || sr.Images[i].Note {
			rejected = append(rejected, uid)
		} else {
			gone = append(gone, uid)
		}
	}
	return gone, rejected, nil
}

// loseBoth tells of what is gone, and of what was rejected before it went.
func (s *sweep) loseBoth(ctx context.Context, l Loss, gone, rejected []string) error {
	s.report.Gone += int64(len(gone))
	s.report.Rejected += int64(len(rejected))
	for _, part := range []struct {
		uids    []string
		outcome Outcome
		reason  string
	}{{gone, Mismatch, whyGone}, {rejected, Explained, whyRejected}} {
		if len(part.uids) == 0 {
			continue
		}
		one := l
		one.Instances, one.Images, one.Outcome, one.Reason = part.uids, int64(len(part.uids)), part.outcome, part.reason
		if err := s.lose(ctx, &one); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// judgeRead tells of what a series lost that was not seen in the lists, for counts stay when as much is added. A rejection note may be what was added.
func (s *sweep) judgeRead(ctx context.Context, r *reading) error {
	if err := s.look(ctx, r.study, false); err != nil {
		return err
	}
	if err := s.readNotes(ctx); err != nil {
		return err
	}
	sr, err := s.series(ctx, s.src.System(), r.series.name)
	if err != nil || sr == nil {
		return err
	}
	return s.judge(ctx, sr)
}

// judgeSeries tells of what series lost.
func (s *sweep) judgeSeries(ctx context.Context) error {
	names, err := s.within(ctx, `SELECT name FROM integrity_archive_series WHERE source = $1 AND lost > 0`, "study", s.src.System())
	if err != nil {
		return err
	}
	for _, name := range names {
		if s.over() {
			return nil
		}
		sr, err := s.series(ctx, s.src.System(), name)
		if err != nil {
			return err
		}
		if sr == nil {
			continue
		}
		if err := s.pass(ctx, s.judge(ctx, sr)); err != nil {
			return err
		}
	}
	return nil
}

// judge asks again for what a series lost, and tells of what is gone.
func (s *sweep) judge(ctx context.Context, sr *series) error {
	system := s.src.System()
	st, err := s.study(ctx, system, sr.study)
	if err != nil {
		return ours{err}
	}
	if st == nil || !st.gone.IsZero() {
		return nil
	}
	list, _, err := s.src.instances(ctx, st.UID, sr.UID)
	if err != nil {
		return err
	}
	delivered := make(map[string]bool, len(sr.Images)) // what is listed and not delivered is gone all the same
	for i := range sr.Images {
		delivered[sr.Images[i].UID] = !sr.Images[i].Lost
	}
	for i := range list {
		if there, known := delivered[list[i].instance]; known && !there {
			there, err := s.src.hasInstance(ctx, st.UID, sr.UID, list[i].instance)
			if err != nil {
				return err
			}
			delivered[list[i].instance] = there
		}
	}
	for i := range sr.Images {
		sr.Images[i].Lost = !delivered[sr.Images[i].UID]
	}
	return s.loseInstances(ctx, st, sr)
}

func (s *sweep) loseInstances(ctx context.Context, st *study, sr *series) error {
	gone, rejected, err := s.split(ctx, sr)
	if err != nil {
		return ours{err}
	}
	l := Loss{Level: "instance", Study: st.UID, Series: sr.UID, Patient: st.Patient, Issuer: st.Issuer, Modality: sr.Modality}
	if len(gone)+len(rejected) == len(sr.Images) {
		l.Level = "series"
	}
	if err := s.loseBoth(ctx, l, gone, rejected); err != nil {
		return err
	}
	kept := sr.Images[:0]
	for i := range sr.Images {
		if !sr.Images[i].Lost {
			kept = append(kept, sr.Images[i])
		}
	}
	sr.Images = kept
	if err := s.putSeries(ctx, s.src.System(), sr, nil); err != nil {
		return ours{err}
	}
	return nil
}

// Missing tells whether an archive was never seen to have a study, does not have it now, and NoteMissing was not called for it.
func (k *Keeper) Missing(ctx context.Context, src *Source, uid string) (bool, error) {
	known, err := k.study(ctx, src.System(), k.named(src.System(), uid))
	if err != nil || known != nil || !isUID(uid) {
		return false, err
	}
	list, _, err := src.series(ctx, uid) // it may have come since the lists were read
	return err == nil && len(list) == 0, err
}

// NoteMissing keeps that it was told that an archive never got a study.
func (k *Keeper) NoteMissing(ctx context.Context, system, uid string, at time.Time) error {
	return k.putStudy(ctx, system, &study{name: k.named(system, uid), day: at, images: -1, gone: at, about: about{UID: uid}})
}
