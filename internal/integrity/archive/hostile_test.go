package archive_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// liar answers as an archive with one study of two instances would, but for what a test has it say. No real archive can be made to say that.
type liar struct {
	mu    sync.Mutex
	says  map[string]http.HandlerFunc // by path
	asked []string                    // paths, and the credentials that came along
}

const (
	study     = "1.2.826.1"
	aSeries   = study + ".1"
	studies   = "/studies"
	allSeries = studies + "/" + study + "/series"
	instances = allSeries + "/" + aSeries + "/instances"
	pictures  = allSeries + "/" + aSeries
)

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.asked = append(l.asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	say := l.says[r.URL.Path]
	l.mu.Unlock()
	switch {
	case say != nil:
		say(w, r)
	case r.URL.Query().Get("offset") != "" && r.URL.Query().Get("offset") != "0":
		fmt.Fprint(w, "[]")
	case r.URL.Path == studies:
		fmt.Fprintf(w, `[{"0020000D":{"Value":[%q]},"00100020":{"Value":["ROE"]},"00201206":{"Value":[1]},"00201208":{"Value":[2]}}]`, study)
	case r.URL.Path == allSeries:
		fmt.Fprintf(w, `[{"0020000D":{"Value":[%q]},"0020000E":{"Value":[%q]},"00080060":{"Value":["CT"]},"00201209":{"Value":[2]}}]`, study, aSeries)
	case r.URL.Path == instances:
		entry := `{"0020000D":{"Value":[%q]},"0020000E":{"Value":[%q]},"00080018":{"Value":[%q]}}`
		fmt.Fprintf(w, "["+entry+","+entry+"]", study, aSeries, aSeries+".1", study, aSeries, aSeries+".2")
	case r.URL.Path == pictures:
		parts(w, file(1), file(2))
	case strings.HasPrefix(r.URL.Path, instances+"/"+aSeries+"."):
		parts(w, file(int(r.URL.Path[len(r.URL.Path)-1]-'0')))
	default:
		http.NotFound(w, r)
	}
}

func (l *liar) say(path string, how http.HandlerFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if how == nil {
		delete(l.says, path)
		return
	}
	l.says[path] = how
}

const related = `multipart/related; type="application/dicom"; boundary=cut`

func parts(w http.ResponseWriter, files ...[]byte) {
	w.Header().Set("Content-Type", related)
	for _, f := range files {
		fmt.Fprintf(w, "\r\n--cut\r\nContent-Type: application/dicom\r\n\r\n%s", f)
	}
	fmt.Fprint(w, "\r\n--cut--\r\n")
}

// header is of one slice, in front of its pixels.
func header(n int) string {
	uid := func(tag dicom.Tag, value string) string {
		if len(value)%2 == 1 {
			value += "\x00"
		}
		return dicomtest.Explicit(tag, "UI", value)
	}
	return uid(0x00080016, "1.2.840.10008.5.1.4.1.1.2") + uid(0x00080018, fmt.Sprintf("%s.%d", aSeries, n)) + dicomtest.Explicit(0x00100010, "PN", "ROE^RITA") +
		uid(0x0020000D, study) + uid(0x0020000E, aSeries) + dicomtest.Explicit(0x00280002, "US", dicomtest.Shorts(1)) +
		dicomtest.Explicit(0x00280010, "US", dicomtest.Shorts(1)) + dicomtest.Explicit(0x00280011, "US", dicomtest.Shorts(2)) +
		dicomtest.Explicit(0x00280100, "US", dicomtest.Shorts(16))
}

func file(n int) []byte {
	return dicomtest.File(dicom.ExplicitLE, header(n)+dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(uint16(n), 772)))
}

// reader is a Keeper and a Source, and what they told of.
type reader struct {
	*testing.T
	keeper *archive.Keeper
	src    *archive.Source
	told   []archive.Change
}

func newReader(t *testing.T, url, more string) *reader {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return newReaderIn(t, db, url, more)
}

func newReaderIn(t *testing.T, db *store.DB, url, more string) *reader {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{T: t}
	r.keeper, err = archive.Open(t.Context(), archive.Config{DB: db, Seal: v.Seal, Open: v.Open, Hash: v.Hash, Now: time.Now, Dice: sample.NewDice(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	d, err := archive.Parse(fmt.Appendf(nil, "system: PACS\nurl: %s\nrate: 1000000000\nrequests: 10000\n%s", url, more))
	if err != nil {
		t.Fatal(err)
	}
	if r.src, err = archive.Connect(d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.src.Close)
	return r
}

func (r *reader) emit(_ context.Context, changes []archive.Change) error {
	r.told = append(r.told, changes...)
	return nil
}

// sweep returns what was told of, by act.
func (r *reader) sweep() (archive.Report, map[archive.Act]int, error) {
	r.told = nil
	report, err := r.keeper.Sweep(r.Context(), r.src, time.Time{}, r.emit)
	acts := map[archive.Act]int{}
	for _, c := range r.told {
		acts[c.Act]++
	}
	for _, err := range []error{err, report.Why} {
		if err != nil && (strings.Contains(err.Error(), "ROE") || strings.Contains(err.Error(), study)) {
			r.Errorf("an error names a patient or a study: %v", err)
		}
	}
	return report, acts, err
}

func lying(t *testing.T) (*liar, *reader) {
	l := &liar{says: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return l, newReader(t, server.URL, "")
}

// endless writes until nobody reads.
func endless(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// TestHostileAnswers has an archive, or who speaks for it, answer with what it should not. The sweep ends, and says why.
func TestHostileAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	defer elsewhere.Close()
	const slowly = "too slowly"
	padding := strings.Repeat(" ", 1<<16)
	for name, c := range map[string]struct {
		path string
		say  http.HandlerFunc
		want string
	}{
		"a list without end": {studies, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "[")
			endless(w, strings.Repeat(`{"0020000D":{"Value":["x"]}},`, 1000))
		}, "longer than the limit"},
		"an entry without end": {studies, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[{"); endless(w, padding) }, "longer than the limit"},
		"values without end": {studies, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"0020000D":{"Value":["1.2"`)
			endless(w, strings.Repeat(`,"ROE"`, 1000))
		}, "longer than the limit"},
		"depth without end": {studies, func(w http.ResponseWriter, _ *http.Request) { endless(w, strings.Repeat("[", 1000)) }, "at byte"},
		"no list":           {studies, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>ROE</html>") }, "at byte 0"},
		"an error":          {studies, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "ROE", 500) }, "answers 500"},
		"no right":          {studies, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "ROE", http.StatusUnauthorized) }, "the account may not read this"},
		"another host": {studies, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "sends elsewhere"},
		"another host, retrieve": {pictures, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "sends elsewhere"},
		"another list": {instances, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"0020000D":{"Value":["1.2"]}}]`)
		}, "something else than it was asked for"},
		"something that stands still": {studies, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "[")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, slowly},
		"drops": {studies, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "[")
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		}, slowly},
		"no answer": {studies, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, slowly},
		"no HTTP": {studies, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprint(conn, "ROE\r\n\r\n")
				conn.Close()
			}
		}, "does not speak HTTP"},
		"no parts": {pictures, func(w http.ResponseWriter, _ *http.Request) { w.Write(file(1)) }, "something else than parts"},
		"another boundary": {pictures, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", strings.Replace(related, "cut", "ROE", 1))
			fmt.Fprintf(w, "--cut\r\n\r\n%s\r\n--cut--", file(1))
		}, "broke off"},
		"heads of parts without end": {pictures, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", related)
			fmt.Fprint(w, "--cut\r\n")
			endless(w, "X-ROE: "+padding+"\r\n")
		}, "cannot be told apart"},
		"parts without end": {pictures, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", related)
			endless(w, fmt.Sprintf("\r\n--cut\r\n\r\n%s", file(1)))
		}, "more than"},
		"an answer that breaks off": {pictures, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", related)
			w.Header().Set("Content-Length", "1000000")
			fmt.Fprintf(w, "--cut\r\n\r\n%s", file(1)[:200])
		}, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			l, r := lying(t)
			if c.want == slowly {
				r.src.Hurry(200 * time.Millisecond)
			}
			l.say(c.path, c.say)
			report, acts, err := r.sweep()
			why := err
			if why == nil {
				why = report.Why
			}
			if why == nil || !strings.Contains(why.Error(), c.want) {
				t.Errorf("the sweep ends with %v, want an error about %q", why, c.want)
			}
			if acts[archive.Gone]+acts[archive.Broken] > 0 {
				t.Errorf("it tells of %v", acts)
			}
			l.say(c.path, nil)
			r.src.Hurry(time.Minute)
			if _, _, err := r.sweep(); err != nil {
				t.Errorf("a sweep of an honest archive ends with %v", err)
			}
			if acts := r.told; c.path == studies && len(acts) != 2 {
				t.Errorf("it tells of %d changes, want 2 images", len(acts))
			}
		})
	}
}

// TestImageWithoutEnd has one instance go on: its header is refused, and the other is read.
func TestImageWithoutEnd(t *testing.T) {
	l, r := lying(t)
	long := dicomtest.Explicit(0x00204000, "LT", strings.Repeat("x", 60_000))
	heads := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", related)
		fmt.Fprintf(w, "--cut\r\n\r\n%s", dicomtest.File(dicom.ExplicitLE, header(1)))
		endless(w, long)
	}
	l.say(pictures, heads)
	l.say(instances+"/"+aSeries+".1", heads)
	report, acts, err := r.sweep()
	if err != nil || acts[archive.Seen] != 1 || report.Broken != 1 && report.Failed != 1 {
		t.Errorf("%v told of, %+v, %v; want one image told of, and one that cannot be read", acts, report, err)
	}
}

// TestErrorsAreNoDeletions has an archive fail, list less than it has, and get well again.
func TestErrorsAreNoDeletions(t *testing.T) {
	l, r := lying(t)
	if _, acts, err := r.sweep(); err != nil || acts[archive.Seen] != 2 {
		t.Fatalf("%v, %v; want two images", acts, err)
	}
	other := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("offset") == "0" {
			fmt.Fprint(w, `[{"0020000D":{"Value":["1.2.3"]},"00201208":{"Value":[0]}}]`)
		} else {
			fmt.Fprint(w, "[]")
		}
	}
	l.say(studies, other) // the study is on no page, but there
	if _, acts, err := r.sweep(); err != nil || len(acts) > 0 {
		t.Errorf("%v, %v; want nothing", acts, err)
	}
	l.say(allSeries, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", 500) })
	if report, acts, err := r.sweep(); err != nil || len(acts) > 0 || report.Failed == 0 {
		t.Errorf("%v, %v; want nothing but a failure", acts, err)
	}
	l.say(allSeries, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	if report, acts, err := r.sweep(); err != nil || acts[archive.Gone] != 1 || report.Gone != 2 {
		t.Errorf("%v, %v; want a study that is gone", acts, err)
	}
}

// TestListedAndNotDelivered has the files of an image gone, and its row in the archive's database still there.
func TestListedAndNotDelivered(t *testing.T) {
	l, r := lying(t)
	if _, _, err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	l.say(pictures, func(w http.ResponseWriter, _ *http.Request) { parts(w, file(1)) })
	l.say(instances+"/"+aSeries+".2", http.NotFound)
	l.say(instances+"/"+aSeries+".2/metadata", http.NotFound)
	if _, acts, err := r.sweep(); err != nil || acts[archive.Gone] != 1 {
		t.Errorf("%v, %v; want an image that is gone", acts, err)
	}
}

// TestListsAlone has the lists tell what nobody has time to read: another patient, and a series in the place of an image.
func TestListsAlone(t *testing.T) {
	l, r := lying(t)
	if _, _, err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	lists := func(patient string, series int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("offset") != "0" {
				fmt.Fprint(w, "[]")
				return
			}
			fmt.Fprintf(w, `[{"0020000D":{"Value":[%q]},"00100020":{"Value":[%q]},"00201206":{"Value":[%d]},"00201208":{"Value":[2]}}]`, study, patient, series)
		}
	}
	l.say(studies, lists("DOE", 1))
	if _, acts, err := r.sweep(); err != nil || acts[archive.Seen] != 2 {
		t.Errorf("another patient: %v, %v; want both images told of again", acts, err)
	}
	fails := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) }
	third := allSeries + "/" + study + ".3"
	for _, path := range []string{pictures, instances + "/" + aSeries + ".1", instances + "/" + aSeries + ".2", third, third + "/instances/" + study + ".3.1"} {
		l.say(path, fails)
	}
	entry := func(series string, n int) string {
		return fmt.Sprintf(`{"0020000D":{"Value":[%q]},"0020000E":{"Value":[%q]},"00080018":{"Value":["%s.%d"]},"00201209":{"Value":[1]}}`, study, series, series, n)
	}
	l.say(studies, lists("DOE", 2))
	l.say(allSeries, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "["+entry(aSeries, 1)+","+entry(study+".3", 1)+"]")
	})
	l.say(instances, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "["+entry(aSeries, 1)+"]") })
	l.say(third+"/instances", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "["+entry(study+".3", 1)+"]") })
	if report, acts, err := r.sweep(); err != nil || acts[archive.Gone] != 1 || report.Gone != 1 {
		t.Errorf("a series in the place of an image: %v, %+v, %v; want the image told of as gone", acts, report, err)
	}
}

// TestBrokenImage has an image that could be read be none any more.
func TestBrokenImage(t *testing.T) {
	l, r := lying(t)
	if _, _, err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	l.say(pictures, func(w http.ResponseWriter, _ *http.Request) { parts(w, file(1), file(2)[:150]) })
	l.say(instances+"/"+aSeries+".2", func(w http.ResponseWriter, _ *http.Request) { parts(w, file(2)[:150]) })
	if _, acts, err := r.sweep(); err != nil || acts[archive.Broken] != 1 || len(r.told) != 1 {
		t.Errorf("%v, %v; want an image that is broken", acts, err)
	}
	if _, acts, err := r.sweep(); err != nil || len(acts) > 0 {
		t.Errorf("%v, %v; want to be told once", acts, err)
	}
	l.say(pictures, nil)
	if _, acts, err := r.sweep(); err != nil || acts[archive.Seen] != 1 {
		t.Errorf("%v, %v; want the image told of once it can be read again", acts, err)
	}
}

// TestJournalThatFails has nothing forgotten that could not be told of.
func TestJournalThatFails(t *testing.T) {
	_, r := lying(t)
	full := errors.New("the disk is full")
	_, err := r.keeper.Sweep(t.Context(), r.src, time.Time{}, func(context.Context, []archive.Change) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("the sweep ends with %v", err)
	}
	if _, acts, err := r.sweep(); err != nil || acts[archive.Seen] != 2 {
		t.Errorf("%v, %v; want both images told of", acts, err)
	}
}

// TestNightEnds has the window be over before anything is read, and the next sweep go on.
func TestNightEnds(t *testing.T) {
	_, r := lying(t)
	report, err := r.keeper.Sweep(t.Context(), r.src, time.Now().Add(-time.Second), r.emit)
	if err != nil || report.Whole || report.Read > 0 {
		t.Errorf("%+v, %v; want nothing read", report, err)
	}
	report, acts, err := r.sweep()
	if err != nil || !report.Whole || acts[archive.Seen] != 2 {
		t.Errorf("%+v, %v; want all", report, err)
	}
}

func TestSample(t *testing.T) {
	l, r := lying(t)
	if report, err := r.keeper.Sample(t.Context(), r.src, 5, r.emit); err != nil || report.Read > 0 {
		t.Errorf("%+v, %v; want nothing before the first sweep", report, err)
	}
	if _, _, err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	r.told = nil
	if report, err := r.keeper.Sample(t.Context(), r.src, 5, r.emit); err != nil || report.Read != 2 || len(r.told) > 0 {
		t.Errorf("%+v, %v; want both images, as they were", report, err)
	}
	other := dicomtest.File(dicom.ExplicitLE, header(2)+dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(9, 9)))
	l.say(instances+"/"+aSeries+".2", func(w http.ResponseWriter, _ *http.Request) { parts(w, other) })
	for range 50 { // of two images it is one or the other
		if _, err := r.keeper.Sample(t.Context(), r.src, 1, r.emit); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.told) != 1 || r.told[0].Act != archive.Seen {
		t.Errorf("%d changes were told of, want the one image that is another", len(r.told))
	}
}

// TestCredentials holds that they go where they belong, that the file is read anew, and that nothing but GET is sent.
func TestCredentials(t *testing.T) {
	l := &liar{says: map[string]http.HandlerFunc{}}
	server := httptest.NewTLSServer(l)
	defer server.Close()
	dir := t.TempDir()
	ca, secret := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "secret")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for file, text := range map[string]string{ca: string(certificate), secret: "bearer one\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	address := "https://127.0.0.1:" + port
	r := newReader(t, address, "credentials: "+secret+"\nca: "+ca+"\n")
	if _, _, err := r.sweep(); err != nil {
		t.Fatal(err)
	}
	for _, asked := range l.asked {
		if !strings.HasPrefix(asked, "GET ") || !strings.HasSuffix(asked, " Bearer one") {
			t.Errorf("asked %q, want a GET with the token", asked)
		}
	}
	l.asked = nil
	if err := os.WriteFile(secret, []byte("basic reader:invented\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.sweep(); err != nil || len(l.asked) == 0 || !strings.HasSuffix(l.asked[0], " Basic cmVhZGVyOmludmVudGVk") {
		t.Errorf("asked %q, %v; want the new credentials", l.asked, err)
	}
	stranger := newReader(t, address, "credentials: "+secret+"\n")
	l.asked = nil
	if _, _, err := stranger.sweep(); err == nil || !strings.Contains(err.Error(), "not trusted") || len(l.asked) > 0 {
		t.Errorf("an archive with a certificate of nobody's is read: %v", err)
	}
	for _, text := range []string{"", "hunter2", "bearer a\nb", "basic hunter2"} {
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.sweep(); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("credentials %q give %v", text, err)
		}
	}
}
