package v2_test

import (
	"bytes"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader/readertest"
	"github.com/wardline/wardline/internal/hospital/reader/v2"
)

var update = flag.Bool("update", false, "write the examples anew")

var received = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func berlin(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// Each example is a message, or several, and the facts that are read from them. Lines stand for segments.
func TestExamples(t *testing.T) {
	readertest.Run(t, *update, func(t *testing.T, in []byte) (all []hospital.Fact) {
		for _, text := range strings.Split(string(bytes.TrimSpace(in)), "\n\n") {
			facts, err := v2.Read([]byte(strings.ReplaceAll(text, "\n", "\r")), berlin(t), received)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, facts...)
		}
		return all
	})
}

// A message that speaks of many patients and of many others takes no longer to read than its size makes it.
func TestHostileMessages(t *testing.T) {
	patients := strings.Repeat("PID|||1\r", 200)
	for kind, rest := range map[string]string{
		"SIU^S12": "SCH|1\r" + patients + strings.Repeat("AIP|||a~b~c~d\r", 19_000),
		"REF^I12": strings.Repeat("PRD|||||||a~b~c~d\r", 19_000) + patients,
	} {
		facts, err := v2.Read([]byte("MSH|^~\\&|A|B|||20260314100000||"+kind+"|1|P|2.5.1\r"+rest), nil, time.Now())
		if err != nil || len(facts) < 200 { // some 20 milliseconds; what takes many times many runs into the time limit of the suite
			t.Errorf("%s: %d facts, %v", kind, len(facts), err)
		}
	}
}
