package integrity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/sample"
)

// ArchiveSweeper reads the images of one archive back. What it finds becomes events in the journal (classes dicom/instance and dicom/archive), which the Engine judges.
type ArchiveSweeper struct {
	cfg    SweepConfig
	decl   archive.Declaration
	source *archive.Source
	keeper *archive.Keeper
	tests  selfTests
}

// OpenArchiveSweeper prepares to read the archive of a declaration, which says when and how much. Of cfg, Dir, At and Sample are for databases only.
func OpenArchiveSweeper(ctx context.Context, d archive.Declaration, cfg SweepConfig) (*ArchiveSweeper, error) {
	if err := cfg.DB.Migrate(ctx, "integrity", schema); err != nil {
		return nil, err
	}
	keeper, err := archive.Open(ctx, archive.Config{
		DB: cfg.DB, Seal: cfg.Vault.Seal, Open: cfg.Vault.Open, Hash: cfg.Vault.Hash, Now: time.Now, Dice: sample.NewDice(rand.NewChaCha8(seed(cfg.Vault, d.System))),
	})
	if err != nil {
		return nil, err
	}
	source, err := archive.Connect(d)
	if err != nil {
		return nil, err
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &ArchiveSweeper{cfg: cfg, decl: d, source: source, keeper: keeper, tests: selfTests{cfg.DB, d.System}}, nil
}

// Close gives the connections back.
func (s *ArchiveSweeper) Close() { s.source.Close() }

// Run sweeps the archive once in each window, looks at some images every hour, and in between at studies of which images were just heard and at those
// that somebody asks for, until ctx ends. It returns an error when the journal fails; an archive that cannot be read is told in the log, and asked
// again an hour later.
func (s *ArchiveSweeper) Run(ctx context.Context) error {
	if err := s.hour(ctx); err != nil {
		return err
	}
	turn := func(now time.Time) time.Time {
		from, _ := s.decl.Night(now, s.cfg.Zone)
		next := now.Add(hourly)
		if now.Before(from) && from.Before(next) {
			next = from
		}
		return next
	}
	heard := time.Now().Add(-newsEvery)
	news := func(ctx context.Context) (err error) {
		heard, err = s.News(ctx, heard, time.Now().Add(-newsEvery))
		return err
	}
	return serve(ctx, duty{turn, s.hour}, each(newsEvery, news), each(answersEvery, func(ctx context.Context) error { return s.Answer(ctx, time.Now()) }))
}

// hour is what is done every hour: a sweep, if it is night and there was none.
func (s *ArchiveSweeper) hour(ctx context.Context) error {
	if err := s.tests.untested(ctx, s.cfg.Log, s.Test(ctx)); err != nil {
		return err
	}
	now := time.Now()
	from, until := s.decl.Night(now, s.cfg.Zone)
	swept, err := s.sweptSince(ctx, from)
	switch {
	case err != nil:
		return err
	case !now.Before(from) && !swept:
		return s.Sweep(ctx, until)
	case s.decl.Sample > 0:
		return s.look(ctx, max(1, s.decl.Sample/24))
	}
	return nil
}

// How many images are read back of each series: of one of which some were just heard, and of one that somebody asks for.
const (
	newsImages  = 1
	askedImages = 20
	studiesOnce = 100
)

// News looks at the studies of which images were heard between two moments, from senders whose images must come to this archive. It returns up to when it has looked: an archive
// that cannot be asked is asked for them again.
func (s *ArchiveSweeper) News(ctx context.Context, from, to time.Time) (time.Time, error) {
	if len(s.decl.Expects) == 0 {
		return to, nil
	}
	heard, err := s.expected(ctx, from, to)
	if err != nil {
		return from, err
	}
	whole := true
	for studies := range slices.Chunk(slices.Sorted(maps.Keys(heard)), studiesOnce) {
		report, err := s.keeper.Look(ctx, s.source, studies, newsImages, s.emit)
		ok, err := s.settle(ctx, &report, err)
		if err != nil {
			return from, err
		}
		whole = whole && ok && report.Failed == 0
	}
	if !whole && to.Sub(from) < time.Hour {
		return from, nil
	}
	return to, nil
}

// Answer looks at the studies that somebody asks for by now.
func (s *ArchiveSweeper) Answer(ctx context.Context, now time.Time) error {
	e := errands{s.cfg.DB, s.cfg.Vault, s.decl.System}
	return e.each(ctx, now, func(_ string, list []errand) error {
		for i := range list {
			if err := s.answer(ctx, e, &list[i], now); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer looks at one study.
func (s *ArchiveSweeper) answer(ctx context.Context, e errands, one *errand, now time.Time) error {
	report, err := s.keeper.Look(ctx, s.source, one.thing, askedImages, s.emit)
	ok, err := s.settle(ctx, &report, err)
	if err != nil {
		return err
	}
	there, said := report.There[strings.Join(one.thing, " ")]
	outcome := OutcomeMatch
	switch {
	case report.Gone+report.Broken > 0:
		outcome = string(archive.Mismatch)
	case !there:
		outcome = OutcomeAbsent
	case report.Changed > 0:
		outcome = OutcomeChanged // how, the Engine says
	}
	return e.finish(ctx, []errand{*one}, !ok || !said, func(*errand) string { return outcome }, now)
}

// Test plants a difference in an image about once a week, and tells of one that nobody found for three days. Run calls it every hour.
func (s *ArchiveSweeper) Test(ctx context.Context) error {
	now := time.Now()
	since, waits, err := s.keeper.Planted(ctx, s.source)
	if err != nil {
		return err
	}
	if waits {
		overdue, err := s.tests.overdue(ctx, images, since, now)
		if err != nil || !overdue {
			return err
		}
		fields, err := json.Marshal(map[string]any{"archive": map[string]any{
			"system": s.decl.System, "act": actUnfound, "outcome": archive.Mismatch, "reasons": []string{unfoundSince(since)},
		}})
		if err != nil {
			return fmt.Errorf("tell of a self-test: %w", err)
		}
		return appendEvents(ctx, s.cfg.Journal, s.event("archive", fields, []string{actUnfound, since.Format(time.RFC3339)}))
	}
	if err := s.tests.forgotten(ctx, images, now); err != nil {
		return err
	}
	due, err := s.tests.due(ctx, images, now)
	if err != nil || !due {
		return err
	}
	return s.Plant(ctx)
}

// Plant pretends that one image was something else, as Run does once a week.
func (s *ArchiveSweeper) Plant(ctx context.Context) error {
	if _, err := s.keeper.Plant(ctx, s.source); err != nil {
		return err
	}
	since, waits, err := s.keeper.Planted(ctx, s.source)
	if err != nil || !waits {
		return err // no image was read yet
	}
	return s.tests.planted(ctx, images, since)
}

const images = "images" // what is counted of an archive

func (s *ArchiveSweeper) sweptSince(ctx context.Context, from time.Time) (bool, error) {
	var n int
	err := s.cfg.DB.QueryRowContext(ctx, `SELECT count(*) FROM integrity_sweeps WHERE system = $1 AND name = $2 AND at >= $3`, s.decl.System, images, from.Unix()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for earlier sweeps: %w", err)
	}
	return n > 0, nil
}

// Sweep reads the archive back until it is done or until has come, which may be zero.
func (s *ArchiveSweeper) Sweep(ctx context.Context, until time.Time) error {
	report, err := s.keeper.Sweep(ctx, s.source, until, s.emit)
	if whole, err := s.settle(ctx, &report, err); err != nil || !whole {
		return err
	}
	if report.All {
		_, err := s.settle(ctx, &archive.Report{}, s.miss(ctx, report.At))
		if err != nil {
			return err
		}
	}
	return keepSweep(ctx, s.cfg.DB, SweepState{
		System: s.decl.System, Table: images, Unit: images, At: time.Now(), Rows: report.Read, Known: report.Known, First: report.First,
		Mismatches: report.Gone + report.Broken, Explained: report.Rejected,
	})
}

func (s *ArchiveSweeper) look(ctx context.Context, n int) error {
	report, err := s.keeper.Sample(ctx, s.source, n, s.emit)
	_, err = s.settle(ctx, &report, err)
	return err
}

// settle tells the log how it went. An archive that could not be read is no failure of the node.
func (s *ArchiveSweeper) settle(ctx context.Context, r *archive.Report, err error) (whole bool, _ error) {
	switch {
	case errors.Is(err, errJournal) || ctx.Err() != nil:
		return false, errors.Join(err, ctx.Err())
	case err != nil:
		s.cfg.Log.ErrorContext(ctx, "an archive could not be read back; it is tried again", "system", s.decl.System, "error", err)
		return false, nil
	case r.Failed+r.Broken+r.Odd > 0:
		s.cfg.Log.WarnContext(ctx, "an archive was read back but for some of it", "system", s.decl.System,
			"refused", r.Failed, "unreadable", r.Broken, "odd_entries", r.Odd, "last_error", r.Why)
	}
	if r.Void {
		return true, s.tests.void(ctx, images)
	}
	return true, nil
}

// emit makes events of changes. They are durable when it returns nil.
func (s *ArchiveSweeper) emit(ctx context.Context, changes []archive.Change) error {
	var events []*event.Event
	for i := range changes {
		c := &changes[i]
		service := "archive"
		if c.Act == archive.Seen {
			service = "instance"
		}
		events = append(events, s.event(service, c.Fields, c.Names))
	}
	return appendEvents(ctx, s.cfg.Journal, events...)
}

func (s *ArchiveSweeper) event(service string, fields []byte, names []string) *event.Event {
	at := time.Now().UTC()
	source := "sweep/" + s.decl.System
	return &event.Event{
		Source: source, Class: s.cfg.Taxonomy.Class("dicom", service, ""), Format: "dicomweb", Time: at, Observed: at, Fields: fields,
		ID: event.NewID(source, append([]string{at.Format(time.DateOnly)}, names...)...),
	}
}

// How old a study must be that an archive should have by now, and how old it may be.
const (
	overdue   = 24 * time.Hour
	forgotten = 8 * 24 * time.Hour
)

// miss tells of studies that the archive should have got and never had.
func (s *ArchiveSweeper) miss(ctx context.Context, at time.Time) error {
	if len(s.decl.Expects) == 0 {
		return nil
	}
	studies, err := s.expected(ctx, at.Add(-forgotten), at.Add(-overdue))
	if err != nil {
		return err
	}
	for uid, l := range studies {
		never, err := s.keeper.Missing(ctx, s.source, uid)
		if err != nil {
			return err
		}
		if !never {
			continue
		}
		var b event.Builder
		fields, err := l.Fields(&b)
		if err != nil {
			return fmt.Errorf("tell of a study that is missing: %w", err)
		}
		if err := appendEvents(ctx, s.cfg.Journal, s.event("archive", fields, []string{missing, uid})); err != nil {
			return err
		}
		if err := s.keeper.NoteMissing(ctx, s.decl.System, uid, at); err != nil {
			return err
		}
	}
	return nil
}

// expected lists the studies of which images were first heard between two moments, from senders whose images must come to this archive.
func (s *ArchiveSweeper) expected(ctx context.Context, from, to time.Time) (map[string]*archive.Loss, error) {
	const drawer = "integrity_images"
	rows, err := s.cfg.DB.QueryContext(ctx, `SELECT body FROM `+drawer+` WHERE at >= $1 AND at < $2`, from.Unix(), to.Unix())
	if err != nil {
		return nil, fmt.Errorf("look for studies that an archive should have: %w", err)
	}
	defer rows.Close()
	out := map[string]*archive.Loss{}
	for rows.Next() {
		var body []byte
		var seal image.Seal
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("look for studies that an archive should have: %w", err)
		}
		plain, err := s.cfg.Vault.OpenBlob(body, drawer)
		if err == nil {
			err = json.Unmarshal(plain, &seal)
		}
		if err != nil {
			return nil, fmt.Errorf("read a seal: %w", err)
		}
		if seal.Study == "" || !isFrom(seal.From, s.decl.Expects) {
			continue
		}
		l := out[seal.Study]
		if l == nil {
			patient, issuer, _ := strings.Cut(seal.Patient, "^^^")
			l = &archive.Loss{
				System: s.decl.System, Act: missing, Level: "study", Study: seal.Study, Patient: patient, Issuer: issuer, Outcome: archive.Mismatch,
				Reason: "Its images were heard on their way, and the archive has not had the study for a day.",
			}
			out[seal.Study] = l
		}
		l.Images++
	}
	return out, rows.Err()
}
