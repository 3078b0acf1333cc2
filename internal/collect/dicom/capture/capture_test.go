package capture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collecttest.Options(tax)
}

// read lists what a recording says, one line for each event.
func read(t testing.TB, r io.Reader) (lines []string, events []map[string]any, damages int) {
	t.Helper()
	d := capture.Format().Open(r, options(t))
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return lines, events, damages
		case errors.As(err, &damage):
			damages++
			continue
		case err != nil:
			t.Fatal(err)
		}
		var f map[string]any
		if err := json.Unmarshal(ev.Fields, &f); err != nil {
			t.Fatal(err)
		}
		events = append(events, f)
		lines = append(lines, line(ev.Class.Key, f))
	}
}

// line is what tells events apart.
func line(class string, f map[string]any) string {
	b := strings.TrimPrefix(class, "dicom/")
	for _, key := range []string{"command", "CallingAETitle", "CalledAETitle", "QueryRetrieveLevel", "query", "MoveDestination", "matches", "instances", "Status", "result", "broken",
		"NumberOfCompletedSuboperations", "Modality", "MoveOriginatorAETitle"} {
		if v, ok := f[key]; ok {
			b += " " + fmt.Sprint(v)
		}
	}
	return b
}

func TestCorpus(t *testing.T) {
	for name, want := range map[string][]string{
		"echo_abort": {"x"},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(filepath.Join(formattest.Corpora(t, "dicom-net"), name, "capture.pcap"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			got, _, damages := read(t, file)
			if diff := cmp.Diff(got, want); diff != "" || damages > 0 {
				t.Errorf("%d damages, (-got +want):\n%s", damages, diff)
			}
		})
	}
}
