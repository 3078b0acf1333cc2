package integrity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/archive"
)

func TestArchiveKeepsImages(t *testing.T) {
	archived(t, "", func(w *ward) {
		w.stored(ct("1.2.826.5.1", 3))
		w.pacs.Store(w.files(ct("1.2.826.5.2", 2))...) // nobody heard these being made
		w.expect("first sweep", w.sweep(), nil)
		if n := w.readBack(); n != 5 {
			w.Errorf("%d images were told of, want each once", n)
		}
		w.expect("second sweep", w.sweep(), nil)
		if n := w.readBack(); n != 5 {
			w.Errorf("%d images were told of after a sweep that found nothing new", n)
		}
	})
}

func TestArchiveCompressesWithoutLoss(t *testing.T) {
	archived(t, "", func(w *ward) {
		transcode := func(n int) {
			for i, with := range [][2]string{{"dcmcrle", "-xr"}, {"dcmcjpeg", "-xs"}, {"dcmcjpls", "-xt"}} {
				s := scan{study: fmt.Sprintf("1.2.826.6.%d", n), series: fmt.Sprintf("1.2.826.6.%d.1", n), slice: i + 1, id: "4711", name: "ROE^RITA"}
				packed := filepath.Join(w.dir, with[0]+".dcm")
				dicomtest.Run(w, with[0], s.file(w, w.dir), packed)
				w.pacs.StoreAs(with[1], packed)
			}
		}
		w.stored(ct("1.2.826.6.1", 3))
		transcode(1) // before it was ever read back
		w.stored(ct("1.2.826.6.2", 3))
		w.expect("first sweep", w.sweep(), nil)
		transcode(2)
		w.expect("second sweep", w.sweep(), nil)
		if n := w.readBack(); n != 8 {
			w.Errorf("%d images were told of, want six, one that says how it was compressed, and one of JPEG-LS", n)
		}
		altered := scan{study: "1.2.826.6.2", series: "1.2.826.6.2.1", slice: 3, id: "4711", name: "ROE^RITA", altered: true}
		packed := filepath.Join(w.dir, "altered.dcm")
		dicomtest.Run(w, "dcmcjpls", altered.file(w, w.dir), packed)
		w.pacs.StoreAs("-xt", packed)
		w.expect("altered and compressed", w.sweep(), map[string]int{"image-redrawn": 1})
	})
}

// TestArchiveIsDrawnInto alters a block of eight by eight pixels in 22 slices, as those do who put a tumour there.
func TestArchiveIsDrawnInto(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices := ct("1.2.826.7.1", 30)
		w.stored(slices)
		w.expect("before", w.sweep(), nil)
		want := map[string]bool{}
		for i := 4; i < 26; i++ {
			slices[i].altered = true
			want[slices[i].uid()] = true
		}
		w.pacs.Store(w.files(slices[4:26])...)
		w.expect("after", w.sweep(), map[string]int{"image-redrawn": 22})
		for _, d := range w.doubts() {
			if len(d.Places) == 1 && d.Before != nil && d.Study == slices[0].study {
				delete(want, w.imageAt(d))
			}
		}
		if len(want) > 0 {
			w.Errorf("%d altered slices were not found", len(want))
		}
		w.expect("once more", w.sweep(), map[string]int{"image-redrawn": 22})
	})
}

// imageAt is the image that a doubt points to in the journal.
func (w *ward) imageAt(d integrity.Doubt) string {
	w.Helper()
	e, err := w.journal.Entry(w.Context(), d.Places[0].Entry)
	if err != nil {
		w.Fatal(err)
	}
	for n, line := range e.Lines() {
		if n == d.Places[0].Line {
			_, after, _ := bytes.Cut(line, []byte(`"SOPInstanceUID":"`))
			uid, _, _ := bytes.Cut(after, []byte(`"`))
			return string(uid)
		}
	}
	return ""
}

func TestArchiveSwapsPatients(t *testing.T) {
	archived(t, "", func(w *ward) {
		one, two := ct("1.2.826.8.1", 2), ct("1.2.826.8.2", 2)
		for i := range two {
			two[i].id, two[i].name = "4712", "DOE^DORA"
		}
		w.stored(one)
		w.stored(two)
		w.expect("before", w.sweep(), nil)
		w.pacs.Remove("Study", one[0].study)
		w.pacs.Remove("Study", two[0].study)
		for i := range one {
			one[i].id, one[i].name, two[i].id, two[i].name = two[i].id, two[i].name, one[i].id, one[i].name
		}
		w.pacs.Store(append(w.files(one), w.files(two)...)...)
		w.expect("after", w.sweep(), map[string]int{"image-moved": 4})
	})
}

func TestArchiveDeletes(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices, other, whole := ct("1.2.826.9.1", 4), ct("1.2.826.9.1", 2), ct("1.2.826.9.2", 3)
		for i := range other {
			other[i].series = "1.2.826.9.1.2"
		}
		w.stored(slices)
		w.stored(other)
		w.stored(whole)
		w.expect("before", w.sweep(), nil)
		w.pacs.Remove("Instance", slices[2].uid())
		w.expect("an instance", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.Remove("Series", other[0].series)
		w.expect("a series", w.sweep(), map[string]int{"image-gone": 2})
		w.pacs.Remove("Study", whole[0].study)
		w.expect("a study", w.sweep(), map[string]int{"image-gone": 3})
		counts := map[int]int{}
		for _, d := range w.doubts() {
			counts[d.Count]++
		}
		if want := map[int]int{1: 1, 2: 1, 3: 1}; !maps.Equal(counts, want) {
			w.Errorf("how many images each doubt is about: %v, want %v", counts, want)
		}
		w.pacs.Store(whole[0].file(w, w.dir))
		w.expect("one is back, as it was", w.sweep(), map[string]int{"image-gone": 3})
		whole[1].altered = true
		w.pacs.Store(whole[1].file(w, w.dir))
		w.expect("one is back, and another", w.sweep(), map[string]int{"image-gone": 3, "image-redrawn": 1})
	})
}

// TestArchiveSwapsAnInstance deletes one slice and puts another in, so that the count stays.
func TestArchiveSwapsAnInstance(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices := ct("1.2.826.12.1", 4)
		w.stored(slices)
		w.expect("before", w.sweep(), nil)
		w.pacs.Remove("Instance", slices[2].uid())
		w.pacs.Store(w.files(ct("1.2.826.12.1", 5)[4:])...)
		w.expect("after", w.sweep(), map[string]int{"image-gone": 1})
	})
}

func TestArchiveCorrectsThePatient(t *testing.T) {
	archived(t, "", func(w *ward) {
		w.say("adt", strings.Join([]string{
			`MSH|^~\&|ADT|ADM|EHR|HOSP|20260302080000||ADT^A01^ADT_A01|1|P|2.5.1`, `EVN|A01|20260302080000`,
			`PID|1||4711^^^HOSP^MR||ROE^RITA||19560403|F`, `PV1|1|I|W1^1^1`,
		}, "\r")+"\r")
		unknown := ct("1.2.826.10.1", 2)
		for i := range unknown {
			unknown[i].id = "UNKNOWN"
		}
		w.stored(unknown)
		w.expect("before", w.sweep(), nil)
		w.pacs.Remove("Study", unknown[0].study)
		for i := range unknown {
			unknown[i].id, unknown[i].coerced = "4711", "CORRECT"
		}
		w.pacs.Store(w.files(unknown)...)
		w.expect("corrected, and said so", w.sweep(), nil)
		w.pacs.Remove("Study", unknown[0].study)
		for i := range unknown {
			unknown[i].id, unknown[i].name = "4712", "DOE^DORA"
		}
		w.pacs.Store(w.files(unknown)...)
		w.expect("corrected to somebody else", w.sweep(), map[string]int{"image-moved": 2})
	})
}

func TestArchiveRejects(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices, kept := ct("1.2.826.11.1", 4), ct("1.2.826.11.2", 2)
		w.stored(slices)
		w.stored(kept)
		w.expect("before", w.sweep(), nil)
		w.pacs.Store(note(w, w.dir, "113001", 1, slices[:2]...))
		w.pacs.Remove("Instance", slices[0].uid())
		w.expect("rejected, and one deleted", w.sweep(), nil)
		w.pacs.Remove("Instance", slices[1].uid())
		w.expect("rejected, and the other deleted", w.sweep(), nil)
		w.pacs.Store(note(w, w.dir, "113000", 1, kept[0])) // of interest
		w.pacs.Remove("Instance", kept[0].uid())
		w.expect("a note of something else", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.Store(note(w, w.dir, "113037", 2, slices[2])) // in the place of the image: all counts stay
		w.pacs.Remove("Instance", slices[2].uid())
		w.expect("a note in the place of what it rejects", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.Remove("Instance", slices[3].uid())
		w.expect("one that no note names", w.sweep(), map[string]int{"image-gone": 2})
	})
}

func TestArchiveNeverGotAStudy(t *testing.T) {
	archived(t, "expects: [imaging]\n", func(w *ward) {
		w.at = time.Now().Add(-30 * time.Hour)
		w.stored(ct("1.2.826.13.1", 2))
		lost := w.files(ct("1.2.826.13.2", 2))
		w.made(lost...)
		w.at = time.Now().Add(-time.Hour)
		w.made(w.files(ct("1.2.826.13.3", 2))...) // may still come
		w.follow(w.db)
		w.expect("first sweep", w.sweep(), map[string]int{"image-missing": 1})
		w.expect("once is enough", w.sweep(), map[string]int{"image-missing": 1})
		if n := w.told("missing"); n != 1 {
			w.Errorf("it was told of %d times, want once", n)
		}
		w.pacs.Store(lost...)
		w.expect("it came", w.sweep(), map[string]int{"image-missing": 1})
		w.pacs.Remove("Study", "1.2.826.13.2")
		w.expect("it went", w.sweep(), map[string]int{"image-missing": 1, "image-gone": 1})
	})
}

// TestArchiveRuns has the sweeper run as a node runs it, in a window that is always open.
func TestArchiveRuns(t *testing.T) {
	archived(t, "window: {from: '00:00', to: '00:00'}\n", func(w *ward) {
		w.stored(ct("1.2.826.16.1", 3))
		ctx, stop := context.WithCancel(w.Context())
		done := make(chan error, 1)
		go func() { done <- w.sweeper.Run(ctx) }()
		room := w.follow(w.db)
		for {
			sweeps, err := room.Sweeps(w.Context())
			if err != nil {
				w.Fatal(err)
			}
			if len(sweeps) > 0 {
				got := sweeps[0]
				got.At, got.Since = time.Time{}, time.Time{}
				if want := (integrity.SweepState{System: "PACS", Table: "images", Unit: "images", Rows: 3, Known: 3, First: true}); got != want {
					w.Errorf("the sweep came to %+v, want %+v", got, want)
				}
				break
			}
			select {
			case err := <-done:
				w.Fatal(err)
			case <-time.After(10 * time.Millisecond):
			}
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.Errorf("it ends with %v", err)
		}
		if n := w.readBack(); n != 3 {
			w.Errorf("%d images were told of, want 3", n)
		}
	})
}

// TestArchiveIsEmpty tells once a day of an archive that lost everything, and of nothing else.
func TestArchiveIsEmpty(t *testing.T) {
	archived(t, "", func(w *ward) {
		w.stored(ct("1.2.826.14.1", 2))
		w.stored(ct("1.2.826.14.2", 2))
		w.expect("before", w.sweep(), nil)
		w.pacs.Remove("Patient", "4711")
		w.expect("after", w.sweep(), map[string]int{"image-gone": 1})
	})
}

// TestArchiveStateNamesNobody looks for identifiers in what the sweeps keep.
func TestArchiveStateNamesNobody(t *testing.T) {
	archived(t, "", func(w *ward) {
		w.stored(ct("1.2.826.15.1", 2))
		w.sweep()
		for _, table := range []string{"integrity_archive_studies", "integrity_archive_series"} {
			rows, err := w.db.QueryContext(w.Context(), `SELECT body FROM `+table)
			if err != nil {
				w.Fatal(err)
			}
			n := 0
			for ; rows.Next(); n++ {
				var body []byte
				if err := rows.Scan(&body); err != nil {
					w.Fatal(err)
				}
				if bytes.Contains(body, []byte("1.2.826")) || bytes.Contains(body, []byte("4711")) {
					w.Errorf("%s holds identifiers that can be read", table)
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil || n != 1 {
				w.Errorf("%s has %d rows, %v; want 1", table, n, err)
			}
		}
	})
}

// TestArchiveIsLookedAtByDay: a study is known as soon as its images were heard, so that what is altered before the night is found when somebody opens a doubt about it.
func TestArchiveIsLookedAtByDay(t *testing.T) {
	archived(t, "expects: [imaging]\n", func(w *ward) {
		w.expect("the night before", w.sweep(), nil)
		slices := ct("1.2.826.17.1", 3)
		w.at = time.Now()
		w.stored(slices)
		w.stored(ct("1.2.826.17.2", 1))
		room := w.follow(w.db)
		from := time.Now().Add(-time.Hour)
		heard, err := w.sweeper.News(w.Context(), from, time.Now().Add(time.Hour))
		if err != nil || !heard.After(from) {
			w.Fatal(heard, err)
		}
		if n := w.readBack(); n != 2 {
			w.Errorf("%d images were read back, want one of each series", n)
		}
		w.pacs.Remove("Instance", slices[1].uid())
		doubt := integrity.Doubt{ID: "d1", Study: slices[0].study}
		now := time.Now()
		look := func(want string) {
			w.Helper()
			must(w.T, room.LookBack(w.Context(), &doubt, now))
			must(w.T, w.sweeper.Answer(w.Context(), now))
			answers, err := room.Answers(w.Context(), doubt.ID)
			if err != nil || len(answers) != 1 || answers[0].Outcome != want || answers[0].Part != "images" {
				w.Errorf("%+v %v, want %q", answers, err, want)
			}
			now = now.Add(time.Hour)
		}
		look("mismatch")
		look("match")
		slices[0].altered = true
		w.pacs.Store(slices[0].file(w, w.dir))
		look("changed")
		w.pacs.Remove("Study", slices[0].study)
		look("mismatch")
		look("absent")
		got := map[string]int{}
		for _, d := range w.doubts() {
			got[d.Kind]++
		}
		if want := map[string]int{"image-gone": 2, "image-redrawn": 1}; !maps.Equal(got, want) {
			w.Errorf("doubts %v, want %v", got, want)
		}
	})
}

// TestAnArchiveThatDoesNotAnswer is asked again for the studies that were heard meanwhile.
func TestAnArchiveThatDoesNotAnswer(t *testing.T) {
	archived(t, "expects: [imaging]\n", func(w *ward) {
		w.at = time.Now()
		w.made(w.files(ct("1.2.826.18.1", 1))...)
		w.follow(w.db)
		d, err := archive.Parse([]byte("system: SILENT\nurl: http://127.0.0.1:1/dicom-web\nexpects: [imaging]\n"))
		must(w.T, err)
		silent, err := integrity.OpenArchiveSweeper(w.Context(), d, integrity.SweepConfig{DB: w.db, Journal: w.journal, Vault: w.vault, Taxonomy: w.tax, Log: slog.New(slog.DiscardHandler)})
		must(w.T, err)
		defer silent.Close()
		to := time.Now().Add(time.Minute)
		if heard, err := silent.News(w.Context(), to.Add(-30*time.Minute), to); err != nil || !heard.Equal(to.Add(-30*time.Minute)) {
			w.Errorf("it goes on at %v, %v: the study is forgotten", heard, err)
		}
		if heard, err := silent.News(w.Context(), to.Add(-2*time.Hour), to); err != nil || !heard.Equal(to) {
			w.Errorf("it stays at %v, %v: one archive that is gone is asked for ever", heard, err)
		}
	})
}
