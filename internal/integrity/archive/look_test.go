package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// look looks at studies, and returns what was told of, each as what happened to how many images: as "gone instance 1 mismatch".
func (r *reader) look(images int, studies ...string) (archive.Report, []string) {
	r.Helper()
	r.told = nil
	report, err := r.keeper.Look(r.Context(), r.src, studies, images, r.emit)
	if err != nil {
		r.Fatal(err)
	}
	return report, r.lines()
}

func (r *reader) lines() []string {
	r.Helper()
	lines := []string{}
	for _, c := range r.told {
		var said struct {
			UID     any `json:"SOPInstanceUID"`
			Archive struct {
				Act, Level, Outcome string
				Images              int
			} `json:"archive"`
		}
		if err := json.Unmarshal(c.Fields, &said); err != nil {
			r.Fatal(err)
		}
		if c.Act == archive.Seen {
			lines = append(lines, fmt.Sprint("seen ", said.UID))
			continue
		}
		a := said.Archive
		lines = append(lines, fmt.Sprintf("%s %s %d %s", a.Act, a.Level, a.Images, a.Outcome))
	}
	slices.Sort(lines)
	return lines
}

func (r *reader) expect(what string, got []string, want ...string) {
	r.Helper()
	if diff := cmp.Diff(got, append([]string{}, want...)); diff != "" {
		r.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

const ct, ctSeries = "1.2.826.21", "1.2.826.21.1"

// scanned is an Orthanc that holds four slices of a CT, two of another series, and another study.
func scanned(t *testing.T) (*orthanc, *reader) {
	o := newOrthanc(t)
	files := []string{o.image("1.2.826.22", "1.2.826.22.1", 1, 1500), o.image(ct, ct+".2", 1, 1500), o.image(ct, ct+".2", 2, 1500)}
	for n := 1; n <= 4; n++ {
		files = append(files, o.image(ct, ctSeries, n, 1500))
	}
	o.Store(files...)
	return o, newReader(t, o.Web, "credentials: "+o.Secret()+"\n")
}

// TestLookAtANewStudy takes it in, and reads as many of each series as is said, then others, then all. The other study nobody touches.
func TestLookAtANewStudy(t *testing.T) {
	_, r := scanned(t)
	report, told := r.look(1, ct, ct)
	if len(told) != 2 || report.Read != 2 || report.New != 2 || report.Known != 6 || report.Listed != 1 || !report.First {
		t.Errorf("%v, %+v; want an image of each series", told, report)
	}
	report, told = r.look(1, ct)
	if len(told) != 2 || report.Read != 4 || report.New != 2 || report.First {
		t.Errorf("%v, %+v; want one more of each series, and one of those known", told, report)
	}
	report, told = r.look(0, ct)
	if len(told) > 0 || report.Read > 0 || report.Known != 6 || !report.There[ct] {
		t.Errorf("%v, %+v; want the lists read alone", told, report)
	}
	report, told = r.look(-1, ct)
	if report.New != 2 || len(told) != 2 || report.Read != 6 {
		t.Errorf("%v, %+v; want all read, and the two told of that nobody had read", told, report)
	}
	_, acts, err := r.sweep()
	if err != nil || acts[archive.Seen] != 1 {
		t.Errorf("%v, %v; want the one image told of that nobody looked at", acts, err)
	}
}

// TestLookFindsWhatIsGone: an instance, one in whose place another stands, a series, and the study.
func TestLookFindsWhatIsGone(t *testing.T) {
	o, r := scanned(t)
	r.look(-1, ct, "1.2.826.22")
	o.Remove("Study", "1.2.826.22")
	o.Remove("Instance", ctSeries+".3")
	report, told := r.look(0, ct)
	r.expect("an instance", told, "gone instance 1 mismatch")
	if report.Gone != 1 || report.Known != 6 {
		t.Errorf("%+v", report)
	}
	o.Remove("Instance", ctSeries+".2")
	o.Store(o.image(ct, ctSeries, 5, 1500))
	_, told = r.look(0, ct)
	r.expect("one in whose place another stands", told, "gone instance 1 mismatch")
	o.Remove("Series", ct+".2")
	_, told = r.look(1, ct)
	r.expect("a series", slices.DeleteFunc(told, func(line string) bool { return line == "seen "+ctSeries+".5" }), "gone series 2 mismatch")
	o.Remove("Study", ct)
	o.Store(o.image("1.2.826.23", "1.2.826.23.1", 1, 1500))
	report, told = r.look(1, ct)
	r.expect("the study", told, "gone study 3 mismatch")
	if there, said := report.There[ct]; there || !said {
		t.Errorf("it is said to be there: %v, %v", there, said)
	}
	_, told = r.look(1, ct)
	r.expect("the study again", told)
	if _, acts, err := r.sweep(); err != nil || acts[archive.Gone] != 1 {
		t.Errorf("%v, %v; want the study told of by the sweep that nobody looked at", acts, err)
	}
}

// TestLookFindsWhatIsAltered, once all is read again.
func TestLookFindsWhatIsAltered(t *testing.T) {
	o, r := scanned(t)
	r.look(-1, ct)
	o.Store(o.image(ct, ctSeries, 2, 1900))
	report, told := r.look(-1, ct)
	r.expect("altered", told, "seen "+ctSeries+".2")
	if report.Changed != 1 || report.Read != 6 {
		t.Errorf("%+v", report)
	}
	report, told = r.look(-1, ct)
	if len(told) > 0 || report.Changed > 0 {
		t.Errorf("told again: %v", told)
	}
}

// TestLookReadsNotes before it judges what is gone.
func TestLookReadsNotes(t *testing.T) {
	o, r := scanned(t)
	r.look(1, ct)
	o.Store(o.rejection(ct, ctSeries, 1))
	o.Remove("Instance", ctSeries+".1")
	o.Remove("Instance", ctSeries+".2")
	report, told := r.look(0, ct)
	told = slices.DeleteFunc(told, func(line string) bool { return line == "seen "+ct+".99.1" })
	r.expect("rejected, and one not", told, "gone instance 1 explained", "gone instance 1 mismatch")
	if report.Gone != 1 || report.Rejected != 1 {
		t.Errorf("%+v", report)
	}
	o.Store(o.rejection(ct, ct+".2", 1), o.rejection(ct, ct+".2", 2), o.image(ct, ctSeries, 7, 1500))
	r.look(0, ct)
	o.Remove("Series", ct+".2")
	_, told = r.look(0, ct)
	r.expect("a series that was rejected", told, "gone series 2 explained")
}

// TestLookAtWhatNeverWas is no change, and says so.
func TestLookAtWhatNeverWas(t *testing.T) {
	_, r := scanned(t)
	report, told := r.look(-1, "1.2.826.99", "1.2.826.22")
	r.expect("one of them", told, "seen 1.2.826.22.1.1")
	if diff := cmp.Diff(report.There, map[string]bool{"1.2.826.99": false, "1.2.826.22": true}); diff != "" || report.Failed > 0 {
		t.Errorf("%s, %+v", diff, report)
	}
	_, told = r.look(-1, "1.2.826.99")
	r.expect("again", told)
}

// TestLookRefuses what is no identifier, without repeating it, and more than are looked at in one go.
func TestLookRefuses(t *testing.T) {
	_, r := lying(t)
	_, err := r.keeper.Look(t.Context(), r.src, []string{study, "ROE"}, 1, r.emit)
	if err == nil || strings.Contains(err.Error(), "ROE") || !strings.Contains(err.Error(), "study 2 of 2") {
		t.Error(err)
	}
	if _, err := r.keeper.Look(t.Context(), r.src, slices.Repeat([]string{study}, 101), 1, r.emit); err == nil {
		t.Error("101 studies are looked at")
	}
}

// TestLookIsLiedTo: a list of something else is refused and counted, and says nothing of the study that was asked for.
func TestLookIsLiedTo(t *testing.T) {
	const other = `{"0020000D":{"Value":["1.2.3"]},"0020000E":{"Value":["1.2.826.1.1"]},"00080018":{"Value":["1.2.826.1.1.1"]}}`
	for _, path := range []string{studies, allSeries, instances} {
		for name, say := range map[string]http.HandlerFunc{
			"another study": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "["+other+"]") },
			"an error":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "ROE", http.StatusBadGateway) },
			"no list":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ROE":1}`) },
			"no study":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"0020000D":{"Value":["ROE"]}}]`) },
		} {
			l, r := lying(t)
			r.look(-1, study)
			l.say(path, say)
			report, told := r.look(-1, study)
			r.expect(path+", "+name, told)
			if there, said := report.There[study]; report.Failed == 0 || said && !there || path == studies && said {
				t.Errorf("%s, %s: %+v", path, name, report)
			}
			if report.Why != nil && (strings.Contains(report.Why.Error(), "ROE") || strings.Contains(report.Why.Error(), study)) {
				t.Errorf("an error names what the archive said: %v", report.Why)
			}
			l.say(path, nil)
			report, told = r.look(-1, study)
			r.expect("an honest answer after "+name, told)
			if !report.There[study] || report.Failed > 0 {
				t.Errorf("an honest answer after %s: %+v", name, report)
			}
		}
	}
}

// TestLookAtWhatIsNotListed asks for its series, too: an answer that fails says nothing, and one that has them says that the study is there.
func TestLookAtWhatIsNotListed(t *testing.T) {
	l, r := lying(t)
	r.look(-1, study)
	l.say(studies, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("StudyInstanceUID") {
			fmt.Fprint(w, "[]")
			return
		}
		fmt.Fprint(w, `[{"0020000D":{"Value":["1.2.3"]}}]`)
	})
	l.say(allSeries, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusInternalServerError) })
	report, told := r.look(0, study)
	if _, said := report.There[study]; said || len(told) > 0 || report.Failed != 1 {
		t.Errorf("%v, %+v; want nothing but a failure", told, report)
	}
	l.say(allSeries, nil)
	report, told = r.look(0, study)
	if !report.There[study] || len(told) > 0 || report.Failed > 0 {
		t.Errorf("%v, %+v; want it to be there", told, report)
	}
	l.say(allSeries, http.NotFound)
	_, told = r.look(0, study)
	r.expect("it is gone", told, "gone study 2 mismatch")
}

// TestLookAtAnEmptyArchive tells of that once, and not of each study.
func TestLookAtAnEmptyArchive(t *testing.T) {
	l, r := lying(t)
	r.look(-1, study)
	nothing := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") }
	l.say(studies, nothing)
	l.say(allSeries, nothing)
	report, told := r.look(-1, study)
	r.expect("an empty archive", told, "gone archive 2 mismatch")
	if len(report.There) > 0 {
		t.Errorf("%v is said of studies", report.There)
	}
	l.say(studies, nil)
	l.say(allSeries, nil)
	_, told = r.look(-1, study)
	r.expect("it is back", told)
}

// TestLookInBothStores keeps and judges the same in each.
func TestLookInBothStores(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l := &liar{says: map[string]http.HandlerFunc{}}
		server := httptest.NewServer(l)
		defer server.Close()
		r := newReaderIn(t, open(), server.URL, "")
		_, told := r.look(1, study, "1.2.3")
		if len(told) != 1 {
			t.Errorf("%v; want one of the images", told)
		}
		l.say(instances, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `[{"0020000D":{"Value":[%q]},"0020000E":{"Value":[%q]},"00080018":{"Value":["%s.2"]}}]`, study, aSeries, aSeries)
		})
		_, told = r.look(0, study)
		r.expect("an instance that is not listed", told, "gone instance 1 mismatch")
	})
}

// TestLookAtWhatIsListedAndNotDelivered.
func TestLookAtWhatIsListedAndNotDelivered(t *testing.T) {
	for _, images := range []int{-1, 2} {
		l, r := lying(t)
		r.look(-1, study)
		l.say(pictures, func(w http.ResponseWriter, _ *http.Request) { parts(w, file(1)) })
		l.say(instances+"/"+aSeries+".2", http.NotFound)
		l.say(instances+"/"+aSeries+".2/metadata", http.NotFound)
		_, told := r.look(images, study)
		r.expect("listed and not delivered", told, "gone instance 1 mismatch")
	}
}

// TestLookEndsWhenNothingAnswers, and with what cannot be told of.
func TestLookEndsWhenNothingAnswers(t *testing.T) {
	l, r := lying(t)
	var many []string
	for n := range 20 {
		many = append(many, fmt.Sprintf("1.2.%d", n+1))
	}
	l.say(studies, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) })
	report, err := r.keeper.Look(t.Context(), r.src, many, 1, r.emit)
	if err == nil || report.Failed != 10 || len(l.asked) != 10 {
		t.Errorf("%+v after %d questions, %v", report, len(l.asked), err)
	}
	l.say(studies, nil)
	full := errors.New("the disk is full")
	if _, err := r.keeper.Look(t.Context(), r.src, []string{study}, 1, func(context.Context, []archive.Change) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	_, told := r.look(-1, study)
	r.expect("what could not be told of", told, "seen "+aSeries+".1", "seen "+aSeries+".2")
}
