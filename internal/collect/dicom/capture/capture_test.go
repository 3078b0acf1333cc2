package capture_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
	return list(t, capture.Format().Open(r, options(t)))
}

func list(t testing.TB, d collect.Decoder) (lines []string, events []map[string]any, damages int) {
	t.Helper()
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

// What is known of the recordings of DCMTK's programs.
func TestCorpus(t *testing.T) {
	for name, want := range map[string][]string{
		"echo_abort": {"assoc A-ASSOCIATE MONITOR STORESCP1 accepted", "assoc C-ECHO MONITOR STORESCP1 0000", "assoc A-ABORT MONITOR STORESCP1 aborted"},
		"find_patient_id": {
			"assoc A-ASSOCIATE WKSTN7 RADPACS accepted", "assoc C-FIND WKSTN7 RADPACS STUDY map[PatientID:1CT1] 1 0000",
		},
		"find_all_patients": {
			"assoc A-ASSOCIATE WKSTN7 RADPACS accepted", "assoc C-FIND WKSTN7 RADPACS PATIENT map[PatientName:*] 4 0000",
		},
		"move_patient_all": {
			"assoc A-ASSOCIATE WKSTN7 RADPACS accepted", "assoc A-ASSOCIATE RADPACS WKSTN7 accepted", "instance C-STORE RADPACS WKSTN7 MR WKSTN7",
			"assoc C-STORE RADPACS WKSTN7 1 0000 WKSTN7", "assoc C-MOVE WKSTN7 RADPACS PATIENT map[PatientID:4MR1] WKSTN7 0000 1",
		},
		"move_unknown_dest": {
			"assoc A-ASSOCIATE WKSTN7 RADPACS accepted",
			"assoc C-MOVE WKSTN7 RADPACS STUDY map[StudyInstanceUID:1.3.6.1.4.1.5962.1.2.1.20040119072730.12322] EVILBOX A801 0",
		},
		"not_dicom_http": nil,
		"store_big_implicit": {
			"assoc A-ASSOCIATE MODALITY2 STORESCP1 accepted", "instance C-STORE MODALITY2 STORESCP1 MR", "assoc C-STORE MODALITY2 STORESCP1 1 0000",
			"instance C-STORE MODALITY2 STORESCP1 ECG", "assoc C-STORE MODALITY2 STORESCP1 1 0000",
		},
		"store_jpeg": {"assoc A-ASSOCIATE MODALITY1 RADPACS accepted", "assoc A-ABORT MODALITY1 RADPACS aborted"},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(formattest.Corpora(t, "dicom-net", name, "capture.pcap"))
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
