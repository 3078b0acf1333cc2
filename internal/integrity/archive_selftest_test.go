package integrity_test

import (
	"testing"
	"time"
)

// TestArchiveSelfTest plants a difference, which the next sweep finds, beside a picture that somebody really drew into; and one in an image that is drawn into
// itself, of which the test can say nothing.
func TestArchiveSelfTest(t *testing.T) {
	archived(t, "", func(w *ward) {
		scans := ct("1.2.826.9.1", 3)
		w.stored(scans)
		must(t, w.sweeper.Plant(t.Context()))
		w.expect("first sweep", w.sweep(), nil)
		if tests, err := w.follow(w.db).SelfTests(t.Context()); err != nil || len(tests) != 0 {
			t.Errorf("before an image was read: %+v, %v", tests, err)
		}
		must(t, w.sweeper.Plant(t.Context()))
		w.expect("second sweep", w.sweep(), nil)
		tests, err := w.follow(w.db).SelfTests(t.Context())
		if err != nil || len(tests) != 1 || tests[0].System != "PACS" || tests[0].Table != "images" || !tests[0].Found.After(tests[0].Planted) {
			t.Errorf("found: %+v, %v", tests, err)
		}
		must(t, w.sweeper.Plant(t.Context()))
		for i := range scans {
			scans[i].altered = true
		}
		w.pacs.Store(w.files(scans)...)
		w.expect("all are drawn into", w.sweep(), map[string]int{"image-redrawn": 3})
		if tests, err := w.follow(w.db).SelfTests(t.Context()); err != nil || len(tests) != 1 || tests[0].Found.IsZero() {
			t.Errorf("after a void one: %+v, %v", tests, err)
		}
		must(t, w.sweeper.Plant(t.Context()))
		w.pacs.Remove("Study", scans[0].study)
		w.expect("the study is deleted", w.sweep(), map[string]int{"image-redrawn": 3, "image-gone": 1})
		if _, err := w.db.ExecContext(t.Context(), `UPDATE integrity_selftests SET planted = planted - $1`, 4*24*time.Hour/time.Microsecond); err != nil {
			t.Fatal(err)
		}
		must(t, w.sweeper.Test(t.Context()))
		w.expect("of what went nothing is told", kinds(w.doubts()), map[string]int{"image-redrawn": 3, "image-gone": 1})
	})
}
