package integrity_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
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
	pacs    *dicomtest.Orthanc
	db      *store.DB
	dir     string
	sweeper *integrity.ArchiveSweeper
}

func newWard(t *testing.T, db *store.DB, more string) *ward {
	t.Helper()
	w := &ward{house: newHouse(t), pacs: dicomtest.StartOrthanc(t), db: db, dir: t.TempDir()}
	w.read = reader.New(time.UTC).Read
	d, err := archive.Parse(fmt.Appendf(nil, "system: PACS\nurl: %s\ncredentials: %s\nrequests: 5000\n%s", w.pacs.Web, w.pacs.Secret(), more))
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
	w.pacs.Store(files...)
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
