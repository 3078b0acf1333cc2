package integrity_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/internal/collect/collecttest"
	collectdicom "github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// pacs is an Orthanc of its own, with DICOMweb.
type pacs struct {
	testing.TB
	rest, web string
	port      string // for DICOM
}

const webPlugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"

func newPACS(t testing.TB) *pacs {
	t.Helper()
	program, err := exec.LookPath("Orthanc")
	if err != nil {
		program = "/usr/sbin/Orthanc"
	}
	for _, needed := range []string{program, webPlugin} {
		if _, err := os.Stat(needed); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("no %s: install orthanc and orthanc-dicomweb", needed)
			}
			t.Skipf("no %s: install orthanc and orthanc-dicomweb to read a real archive back", needed)
		}
	}
	dir, web, port := t.TempDir(), freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{
		"Name": "ARCHIVE", "StorageDirectory": dir, "IndexDirectory": dir, "HttpPort": web, "DicomPort": port, "DicomAet": "ARCHIVE", "DicomCheckCalledAet": false,
		"DicomAlwaysAllowStore": true, "RemoteAccessAllowed": false, "AuthenticationEnabled": true, "RegisteredUsers": map[string]string{"reader": "invented"},
		"OverwriteInstances": true, "Plugins": []string{webPlugin}, "DicomWeb": map[string]any{"Enable": true, "Root": "/dicom-web/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "orthanc.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, file)
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it would take seconds to stop, and nobody needs what it keeps
		_ = run.Wait()
	})
	p := &pacs{TB: t, rest: fmt.Sprintf("http://127.0.0.1:%d", web), web: fmt.Sprintf("http://127.0.0.1:%d/dicom-web", web), port: fmt.Sprint(port)}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := p.ask(http.MethodGet, "/system", nil); err == nil {
			return p
		}
		if time.Now().After(end) {
			_ = run.Process.Kill()
			_ = run.Wait()
			t.Fatalf("Orthanc does not start: %s", said.Bytes())
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ask uses Orthanc's own interface.
func (p *pacs) ask(method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(method, p.rest+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth("reader", "invented")
	r.Close = true // Orthanc ends idle connections after a second, and nobody would send a POST again
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return answer, err
}

// store sends files as a modality does.
func (p *pacs) store(files ...string) {
	p.Helper()
	p.storeAs("-xe", files...)
}

// storeAs proposes a transfer syntax by an option of storescu.
func (p *pacs) storeAs(syntax string, files ...string) {
	p.Helper()
	dicomtest.Run(p, "storescu", append([]string{"-R", syntax, "-aec", "ARCHIVE", "127.0.0.1", p.port}, files...)...)
}

// remove deletes what bears an identifier: a study, a series or an instance.
func (p *pacs) remove(level, uid string) {
	p.Helper()
	found, err := p.ask(http.MethodPost, "/tools/lookup", []byte(uid))
	if err != nil {
		p.Fatal(err)
	}
	var list []struct{ Path, Type string }
	if err := json.Unmarshal(found, &list); err != nil {
		p.Fatal(err)
	}
	for _, l := range list {
		if l.Type == level {
			if _, err := p.ask(http.MethodDelete, l.Path, nil); err != nil {
				p.Fatal(err)
			}
			return
		}
	}
	p.Fatalf("Orthanc has no such %s among %d", level, len(list))
}

// scan is one slice of an invented person's CT.
type scan struct {
	study, series string
	slice         int
	id, name      string
	side          int    // rows and columns: 64 when 0
	altered       bool   // somebody drew into it
	coerced       string // reason of an Original Attributes Sequence
}

func (s scan) uid() string { return fmt.Sprintf("%s.%d", s.series, s.slice) }

const ctImage = "1.2.840.10008.5.1.4.1.1.2"

// file writes a slice into a folder.
func (s scan) file(t testing.TB, dir string) string {
	t.Helper()
	side := cmp.Or(s.side, 64)
	dice := rand.New(rand.NewPCG(uint64(s.slice), 7))
	pixels := make([]uint16, side*side)
	for i := range pixels {
		pixels[i] = uint16(1000 + i%side + dice.IntN(16))
	}
	if s.altered {
		for y := 20; y < 28; y++ {
			for x := 30; x < 38; x++ {
				pixels[y*side+x] = 1900
			}
		}
	}
	elements := []string{
		text(0x00080016, "UI", ctImage), text(0x00080018, "UI", s.uid()), text(0x00080020, "DA", "20260302"), text(0x00080060, "CS", "CT"),
		text(0x00100010, "PN", s.name), text(0x00100020, "LO", s.id), text(0x00100030, "DA", "19560403"),
		text(0x0020000D, "UI", s.study), text(0x0020000E, "UI", s.series), text(0x00200013, "IS", fmt.Sprint(s.slice)),
		dicomtest.Explicit(0x00280002, "US", dicomtest.Shorts(1)), text(0x00280004, "CS", "MONOCHROME2"),
		dicomtest.Explicit(0x00280010, "US", dicomtest.Shorts(uint16(side))), dicomtest.Explicit(0x00280011, "US", dicomtest.Shorts(uint16(side))),
		dicomtest.Explicit(0x00280100, "US", dicomtest.Shorts(16)), dicomtest.Explicit(0x00280101, "US", dicomtest.Shorts(16)),
		dicomtest.Explicit(0x00280102, "US", dicomtest.Shorts(15)), dicomtest.Explicit(0x00280103, "US", dicomtest.Shorts(0)),
	}
	if s.coerced != "" {
		before := dicomtest.Explicit(0x04000550, "SQ", dicomtest.Item(text(0x00100020, "LO", "UNKNOWN")))
		item := before + text(0x04000563, "LO", "ARCHIVE") + text(0x04000565, "CS", s.coerced)
		elements = append(elements, dicomtest.Explicit(0x04000561, "SQ", dicomtest.Item(item)))
	}
	elements = append(elements, dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(pixels...)))
	return write(t, dir, ctImage, s.uid(), strings.Join(elements, ""))
}

// text writes a text element, padded to an even length.
func text(tag dicom.Tag, vr, value string) string {
	if len(value)%2 == 1 && vr == "UI" {
		value += "\x00"
	} else if len(value)%2 == 1 {
		value += " "
	}
	return dicomtest.Explicit(tag, vr, value)
}

func write(t testing.TB, dir, class, uid, dataSet string) string {
	t.Helper()
	meta := dicomtest.Explicit(0x00020001, "OB", "\x00\x01") + text(0x00020002, "UI", class) + text(0x00020003, "UI", uid) +
		text(0x00020010, "UI", "1.2.840.10008.1.2.1") + text(0x00020012, "UI", "1.2.3")
	length := string(binary.LittleEndian.AppendUint32(nil, uint32(len(meta))))
	file := filepath.Join(dir, uid+".dcm")
	whole := string(make([]byte, 128)) + "DICM" + dicomtest.Explicit(0x00020000, "UL", length) + meta + dataSet
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// note writes a document that names the slices under a title, such as one of rejection.
func note(t testing.TB, dir, title string, n int, of ...scan) string {
	t.Helper()
	code := func(value, meaning string) string {
		return dicomtest.Item(text(0x00080100, "SH", value) + text(0x00080102, "SH", "DCM") + text(0x00080104, "LO", meaning))
	}
	const class = "1.2.840.10008.5.1.4.1.1.88.59"
	var named string
	for _, s := range of {
		named += dicomtest.Item(text(0x00081150, "UI", ctImage) + text(0x00081155, "UI", s.uid()))
	}
	series := dicomtest.Item(dicomtest.Explicit(0x00081199, "SQ", named) + text(0x0020000E, "UI", of[0].series))
	uid := fmt.Sprintf("%s.99.%d", of[0].study, n)
	return write(t, dir, class, uid, strings.Join([]string{
		text(0x00080016, "UI", class), text(0x00080018, "UI", uid), text(0x00080020, "DA", "20260302"), text(0x00080060, "CS", "KO"),
		text(0x00100010, "PN", of[0].name), text(0x00100020, "LO", of[0].id), text(0x00100030, "DA", "19560403"),
		text(0x0020000D, "UI", of[0].study), text(0x0020000E, "UI", of[0].study+".99"), text(0x00200013, "IS", fmt.Sprint(n)),
		text(0x0040A040, "CS", "CONTAINER"), dicomtest.Explicit(0x0040A043, "SQ", code(title, "Invented")),
		dicomtest.Explicit(0x0040A375, "SQ", dicomtest.Item(dicomtest.Explicit(0x00081115, "SQ", series)+text(0x0020000D, "UI", of[0].study))),
	}, ""))
}

// ward is a house with an archive.
type ward struct {
	*house
	pacs    *pacs
	db      *store.DB
	dir     string
	sweeper *integrity.ArchiveSweeper
}

func newWard(t *testing.T, db *store.DB, more string) *ward {
	t.Helper()
	w := &ward{house: newHouse(t), pacs: newPACS(t), db: db, dir: t.TempDir()}
	w.read = reader.New(time.UTC).Read
	secret := filepath.Join(w.dir, "secret")
	if err := os.WriteFile(secret, []byte("basic reader:invented\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := archive.Parse(fmt.Appendf(nil, "system: PACS\nurl: %s\ncredentials: %s\nrequests: 5000\n%s", w.pacs.web, secret, more))
	if err != nil {
		t.Fatal(err)
	}
	w.sweeper, err = integrity.OpenArchiveSweeper(t.Context(), d, integrity.SweepConfig{DB: db, Journal: w.journal, Vault: w.vault, Taxonomy: w.tax, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.sweeper.Close)
	return w
}

// made has the first hop hear of a file, as the collector reads it.
func (w *ward) made(files ...string) {
	w.Helper()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			w.Fatal(err)
		}
		w.at = w.at.Add(time.Second)
		var ev event.Event
		if err := collectdicom.Format().Open(bytes.NewReader(content), collecttest.Options(w.tax)).Next(&ev); err != nil {
			w.Fatal(err)
		}
		ev.Source, ev.Time, ev.Observed, ev.ID = "imaging/10.0.0.7", w.at, w.at, event.NewID("imaging", w.at.String())
		if _, err := w.journal.Append(w.Context(), journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)}); err != nil {
			w.Fatal(err)
		}
	}
}

// sweep reads the archive back, has the room judge, and counts its doubts so far by kind.
func (w *ward) sweep() map[string]int {
	w.Helper()
	if err := w.sweeper.Sweep(w.Context(), time.Time{}); err != nil {
		w.Fatal(err)
	}
	return kinds(w.doubts())
}

func (w *ward) doubts() []integrity.Doubt {
	w.Helper()
	found, err := w.follow(w.db).Doubts(w.Context(), w.at.AddDate(-10, 0, 0), 1000)
	if err != nil {
		w.Fatal(err)
	}
	return found
}

func kinds(found []integrity.Doubt) map[string]int {
	n := map[string]int{}
	for _, d := range found {
		n[d.Kind]++
	}
	return n
}

// readBack counts the images that the sweeps told of.
func (w *ward) readBack() int { return w.told("seen") }

// told counts the events of an act that the sweeps made.
func (w *ward) told(act string) (n int) {
	w.Helper()
	for i := range w.journal.Size() {
		e, err := w.journal.Entry(w.Context(), i)
		if err != nil {
			w.Fatal(err)
		}
		for _, line := range e.Lines() {
			if e.Header.Kind == journal.Events && bytes.Contains(line, []byte(`"sweep/PACS"`)) && bytes.Contains(line, []byte(`"act":"`+act+`"`)) {
				n++
			}
		}
	}
	return n
}

// ct is a series of so many slices.
func ct(study string, slices int) []scan {
	out := make([]scan, slices)
	for i := range out {
		out[i] = scan{study: study, series: study + ".1", slice: i + 1, id: "4711", name: "ROE^RITA"}
	}
	return out
}

func (w *ward) files(scans []scan) (files []string) {
	for _, s := range scans {
		files = append(files, s.file(w, w.dir))
	}
	return files
}

// stored has slices made, and come to the archive.
func (w *ward) stored(scans []scan) []string {
	w.Helper()
	files := w.files(scans)
	w.made(files...)
	w.pacs.store(files...)
	return files
}

func (w *ward) expect(what string, got, want map[string]int) {
	w.Helper()
	if want == nil {
		want = map[string]int{}
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		w.Errorf("%s: doubts (-got +want):\n%s", what, diff)
	}
}

// archived runs a case with both databases, each time with an archive of its own.
func archived(t *testing.T, more string, run func(*ward)) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { run(newWard(t, open(), more)) })
}

func TestArchiveKeepsImages(t *testing.T) {
	archived(t, "", func(w *ward) {
		w.stored(ct("1.2.826.5.1", 3))
		w.pacs.store(w.files(ct("1.2.826.5.2", 2))...) // nobody heard these being made
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
				w.pacs.storeAs(with[1], packed)
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
		w.pacs.storeAs("-xt", packed)
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
		w.pacs.store(w.files(slices[4:26])...)
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
		w.pacs.remove("Study", one[0].study)
		w.pacs.remove("Study", two[0].study)
		for i := range one {
			one[i].id, one[i].name, two[i].id, two[i].name = two[i].id, two[i].name, one[i].id, one[i].name
		}
		w.pacs.store(append(w.files(one), w.files(two)...)...)
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
		w.pacs.remove("Instance", slices[2].uid())
		w.expect("an instance", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.remove("Series", other[0].series)
		w.expect("a series", w.sweep(), map[string]int{"image-gone": 2})
		w.pacs.remove("Study", whole[0].study)
		w.expect("a study", w.sweep(), map[string]int{"image-gone": 3})
		counts := map[int]int{}
		for _, d := range w.doubts() {
			counts[d.Count]++
		}
		if want := map[int]int{1: 1, 2: 1, 3: 1}; !maps.Equal(counts, want) {
			w.Errorf("how many images each doubt is about: %v, want %v", counts, want)
		}
		w.pacs.store(whole[0].file(w, w.dir))
		w.expect("one is back, as it was", w.sweep(), map[string]int{"image-gone": 3})
		whole[1].altered = true
		w.pacs.store(whole[1].file(w, w.dir))
		w.expect("one is back, and another", w.sweep(), map[string]int{"image-gone": 3, "image-redrawn": 1})
	})
}

// TestArchiveSwapsAnInstance deletes one slice and puts another in, so that the count stays.
func TestArchiveSwapsAnInstance(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices := ct("1.2.826.12.1", 4)
		w.stored(slices)
		w.expect("before", w.sweep(), nil)
		w.pacs.remove("Instance", slices[2].uid())
		w.pacs.store(w.files(ct("1.2.826.12.1", 5)[4:])...)
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
		w.pacs.remove("Study", unknown[0].study)
		for i := range unknown {
			unknown[i].id, unknown[i].coerced = "4711", "CORRECT"
		}
		w.pacs.store(w.files(unknown)...)
		w.expect("corrected, and said so", w.sweep(), nil)
		w.pacs.remove("Study", unknown[0].study)
		for i := range unknown {
			unknown[i].id, unknown[i].name = "4712", "DOE^DORA"
		}
		w.pacs.store(w.files(unknown)...)
		w.expect("corrected to somebody else", w.sweep(), map[string]int{"image-moved": 2})
	})
}

func TestArchiveRejects(t *testing.T) {
	archived(t, "", func(w *ward) {
		slices, kept := ct("1.2.826.11.1", 4), ct("1.2.826.11.2", 2)
		w.stored(slices)
		w.stored(kept)
		w.expect("before", w.sweep(), nil)
		w.pacs.store(note(w, w.dir, "113001", 1, slices[:2]...))
		w.pacs.remove("Instance", slices[0].uid())
		w.expect("rejected, and one deleted", w.sweep(), nil)
		w.pacs.remove("Instance", slices[1].uid())
		w.expect("rejected, and the other deleted", w.sweep(), nil)
		w.pacs.store(note(w, w.dir, "113000", 1, kept[0])) // of interest
		w.pacs.remove("Instance", kept[0].uid())
		w.expect("a note of something else", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.store(note(w, w.dir, "113037", 2, slices[2])) // in the place of the image: all counts stay
		w.pacs.remove("Instance", slices[2].uid())
		w.expect("a note in the place of what it rejects", w.sweep(), map[string]int{"image-gone": 1})
		w.pacs.remove("Instance", slices[3].uid())
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
		w.pacs.store(lost...)
		w.expect("it came", w.sweep(), map[string]int{"image-missing": 1})
		w.pacs.remove("Study", "1.2.826.13.2")
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
				got.At = time.Time{}
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
		w.pacs.remove("Patient", "4711")
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
