package archive

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/internal/store"
)

// readNotes reads the series that may hold rejection notes and were not read yet.
func (s *sweep) readNotes(ctx context.Context) error {
	names, err := s.within(ctx, `SELECT name FROM integrity_archive_series WHERE source = $1 AND note = 1 AND read = 0`, "study", s.src.System())
	if err != nil {
		return err
	}
	for _, name := range names {
		if s.over() {
			return nil
		}
		if err := s.pass(ctx, s.read(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads series back until all are read, or the night is over: those of young studies, then those never read, then those read longest ago.
func (s *sweep) readAll(ctx context.Context) error {
	young := s.at.Add(-time.Duration(s.src.decl.Days))
	tried := map[int64]bool{} // and not read whole
	for {
		names, err := s.names(ctx, `SELECT name FROM integrity_archive_series WHERE source = $1 AND read < $2
			ORDER BY CASE WHEN day >= $3 THEN 0 ELSE 1 END, read, name LIMIT $4`, s.src.System(), store.At(s.at), store.At(young), atOnce+len(tried))
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(name int64) bool { return tried[name] })
		if len(names) == 0 {
			return nil
		}
		for _, name := range names {
			if s.over() {
				return nil
			}
			tried[name] = true
			if err := s.pass(ctx, s.read(ctx, name)); err != nil {
				return err
			}
		}
	}
}

// reading is a series that is being read.
type reading struct {
	*sweep
	series   *series
	study    *study
	index    map[string]int // of the images of series
	seen     map[string]bool
	rejected []string
	tested   bool // the image that is pretended another was met
	packed   []packed
}

// packed is an image to be told of whose pixels only the archive can unpack.
type packed struct {
	uid    string
	names  []string
	fields []byte
}

// load prepares to read a series; nil when nothing is known of it any more.
func (s *sweep) load(ctx context.Context, name int64) (*reading, error) {
	sr, err := s.series(ctx, s.src.System(), name)
	if err != nil || sr == nil {
		return nil, err
	}
	st, err := s.study(ctx, s.src.System(), sr.study)
	if err != nil || st == nil {
		return nil, err
	}
	r := &reading{sweep: s, series: sr, study: st, index: map[string]int{}, seen: map[string]bool{}}
	for i := range sr.Images {
		r.index[sr.Images[i].UID] = i
	}
	return r, nil
}

// read reads all instances of a series.
func (s *sweep) read(ctx context.Context, name int64) error {
	return s.readBy(ctx, name, true, func(r *reading) error { return r.whole(ctx) })
}

// readBy reads a series in some way. What was read is kept, also when it fails; what is not there any more is judged now, or else by the next sweep.
func (s *sweep) readBy(ctx context.Context, name int64, judged bool, how func(*reading) error) error {
	r, err := s.load(ctx, name)
	if err != nil {
		return ours{err}
	}
	if r == nil {
		return nil
	}
	failed := how(r)
	if err := r.keep(ctx); err != nil {
		return err
	}
	if judged && failed == nil && r.series.lost() > 0 && r.series.Modality != "KO" {
		return s.judgeRead(ctx, r)
	}
	return failed
}

// strangers is how many instances may come that were not listed.
const strangers = 1000

// whole retrieves the series in one answer, and one by one what that did not have.
func (r *reading) whole(ctx context.Context) error {
	_, err := r.src.retrieve(ctx, seriesPath(r.study.UID, r.series.UID), acceptAny, len(r.series.Images)+strangers, func(p *picture) error { return r.take(ctx, p) })
	var our ours
	if errors.As(err, &our) || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	isAbsent := errors.Is(err, errAbsent)
	if err != nil && !isAbsent {
		r.report.Why = err // archives that deliver single instances only are no failure
	}
	for i := range r.series.Images {
		im := &r.series.Images[i]
		switch {
		case r.seen[im.UID] || im.Lost:
		case isAbsent:
			im.Lost = true
		default:
			if err := r.pass(ctx, r.one(ctx, im.UID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// one retrieves one instance.
func (r *reading) one(ctx context.Context, uid string) error {
	broken, err := r.src.retrieve(ctx, instancePath(r.study.UID, r.series.UID, uid), acceptAny, 1, func(p *picture) error { return r.take(ctx, p) })
	im := &r.series.Images[r.index[uid]]
	switch {
	case errors.Is(err, errAbsent) || err == nil && broken == 0 && !r.seen[uid]:
		im.Lost = true
		return nil
	case err != nil:
		return err
	case broken == 0:
		return nil
	}
	r.report.Broken++
	was := im.Sum
	im.Sum, im.Read = nil, r.at.UnixMicro()
	if was == nil {
		return nil
	}
	st := r.study
	return r.lose(ctx, &Loss{
		Act: string(Broken), Level: "instance", Study: st.UID, Series: r.series.UID, Instances: []string{uid}, Images: 1,
		Modality: r.series.Modality, Patient: st.Patient, Issuer: st.Issuer, Outcome: Mismatch, Reason: whyBroken,
	})
}

// take takes in an instance that was retrieved.
func (r *reading) take(ctx context.Context, p *picture) error {
	uid := p.instance.SOPInstance
	i, known := r.index[uid]
	if !known {
		i = len(r.series.Images)
		r.index[uid] = i
		r.series.Images = append(r.series.Images, image{UID: uid})
	}
	im, now := &r.series.Images[i], sum(p)
	r.seen[uid] = true
	r.report.Read++
	isNew, isSame := im.Read == 0, bytes.Equal(im.Sum, now)
	named := rejects(&p.file.DataSet)
	r.rejected = append(r.rejected, named...)
	im.Lost, im.Note = false, len(named) > 0
	switch {
	case isNew:
		r.report.New++
	case !isSame:
		r.report.Changed++
	}
	test := r.pretends(uid)
	if test {
		r.tested = true
		if isNew || !isSame {
			test, r.report.Void = false, true
		}
	}
	if isNew || !isSame || test {
		err := r.found(ctx, p, test)
		if errors.Is(err, errDamaged) {
			r.report.Broken++
		} else if err != nil {
			return err
		}
	}
	im.Sum, im.Read = now, max(r.at.UnixMicro(), 1)
	return nil
}

// found tells of an instance, now or once its pixels are unpacked.
func (r *reading) found(ctx context.Context, p *picture, test bool) error {
	var planted time.Time
	if test {
		planted = r.plant.at
	}
	fields, err := write(&r.b, r.src.System(), p, planted)
	if err != nil {
		return err
	}
	in := &p.instance
	names := []string{r.src.System(), string(Seen), in.SOPInstance, in.Header.String(), in.Pixels.String()}
	isPacked := slices.ContainsFunc(in.Frames, func(f digest.Frame) bool { return f.Samples.Kind == digest.None })
	if isPacked && lossless(in.Syntax) {
		r.packed = append(r.packed, packed{in.SOPInstance, names, fields})
		return nil
	}
	return r.tell(ctx, Change{Act: Seen, Fields: fields, Names: names})
}

// keep tells of what was found, and keeps what is known of the series from now on.
func (r *reading) keep(ctx context.Context) error {
	for _, p := range r.packed {
		fields, err := r.unpack(ctx, p)
		if err := r.pass(ctx, err); err != nil {
			return err
		}
		if err := r.tell(ctx, Change{Act: Seen, Fields: fields, Names: p.names}); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if err := r.putSeries(ctx, r.src.System(), r.series, r.rejected); err != nil {
		return ours{err}
	}
	if r.tested {
		r.plant = nil
		return r.uproot(ctx, r.src.System())
	}
	return nil
}

// unpack has the archive unpack the pixels of an image. It returns at least the fields that there are.
func (r *reading) unpack(ctx context.Context, p packed) (fields []byte, err error) {
	fields = p.fields
	_, err = r.src.retrieve(ctx, instancePath(r.study.UID, r.series.UID, p.uid), acceptPlain, 1, func(plain *picture) error {
		if plain.instance.SOPInstance != p.uid || slices.ContainsFunc(plain.instance.Frames, func(f digest.Frame) bool { return f.Samples.Kind == digest.None }) {
			return nil // as it was: the archive cannot unpack it either
		}
		more, err := unpacked(&r.b, p.fields, plain.instance.Pixels)
		if err == nil {
			fields = more
		}
		return err
	})
	return fields, err
}

// Sample reads n images back that the archive is known to hold, each as likely as the others; all of them when it has fewer.
func (k *Keeper) Sample(ctx context.Context, src *Source, n int, emit Emit) (Report, error) {
	s, err := k.begin(ctx, src, emit)
	if err != nil {
		return Report{}, err
	}
	if s.report.Known, err = k.known(ctx, src.System()); err != nil {
		return s.report, err
	}
	drawn, err := s.draw(ctx, n, s.report.Known)
	if err != nil {
		return s.report, err
	}
	for _, d := range drawn {
		if err := s.pass(ctx, s.look1(ctx, d)); err != nil {
			return s.report, err
		}
	}
	return s.report, nil
}

// drawn is some images of a series, by their places in it.
type drawn struct {
	series int64
	places []int
}

// draw chooses n of the images that are known.
func (s *sweep) draw(ctx context.Context, n int, known int64) (out []drawn, err error) {
	ranks := s.Dice.Draw(known, n)
	rows, err := s.DB.QueryContext(ctx, `SELECT name, images FROM integrity_archive_series WHERE source = $1 ORDER BY name`, s.src.System())
	if err != nil {
		return nil, ours{err}
	}
	defer rows.Close()
	var before int64
	for rows.Next() && len(ranks) > 0 {
		var d drawn
		var images int64
		if err := rows.Scan(&d.series, &images); err != nil {
			return nil, ours{err}
		}
		for len(ranks) > 0 && ranks[0] < before+images {
			d.places = append(d.places, int(ranks[0]-before))
			ranks = ranks[1:]
		}
		before += images
		if len(d.places) > 0 {
			out = append(out, d)
		}
	}
	return out, rows.Err()
}

// look1 reads some images of a series. What is not there any more the next sweep judges, which reads rejection notes first.
func (s *sweep) look1(ctx context.Context, d drawn) error {
	return s.readBy(ctx, d.series, false, func(r *reading) error { return r.some(ctx, d.places) })
}

// some reads the images at these places of a series.
func (r *reading) some(ctx context.Context, places []int) error {
	for _, place := range places {
		if place >= len(r.series.Images) {
			continue
		}
		if err := r.one(ctx, r.series.Images[place].UID); err != nil {
			return err
		}
	}
	return nil
}
