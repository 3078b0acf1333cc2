package feed_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/sim/feed"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 250e6, time.FixedZone("", 3600))

// TestMessage writes a message and reads it again: what has delimiters in it comes back as it was.
func TestMessage(t *testing.T) {
	var m feed.Message
	m.Header("EHR", "ALDER", "ENGINE", "ADT^A01^ADT_A01", noon, "M1")
	m.Segment("PID")
	m.Field(3, "1234", "", "", "ALDER", "MR")
	m.Again("99", "", "", "OTHER", "PI")
	m.Field(5, `O|Hara^&~\`, "Zoë", "")
	m.Stamp(7, noon)
	m.Stamp(8, time.Time{})
	m.Segment("PV1")
	m.Field(2, "I")
	got, err := hl7.Parse(m.Bytes(), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"MSH-9.2": "A01", "MSH-10": "M1", "MSH-18": "UNICODE UTF-8", "PID-3.1": "1234", "PID-5.1": `O|Hara^&~\`, "PID-5.2": "Zoë",
		"PID-7": "20260302120000+0100", "PID-8": "", "PV1-2": "I", "MSH-7": "20260302120000.250+0100",
	} {
		if text, _ := got.Get(path); text != want {
			t.Errorf("%s is %q, not %q", path, text, want)
		}
	}
	if n := strings.Count(string(m.Bytes()), "\r"); n != 3 {
		t.Errorf("%d segments end", n)
	}
}

// TestFieldsComeInTheirOrder: to write them in another is a mistake of ours.
func TestFieldsComeInTheirOrder(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nobody noticed")
		}
	}()
	var m feed.Message
	m.Segment("PID")
	m.Field(5, "a")
	m.Field(3, "b")
}

// TestAccessRow has a cell for each column, also where a cell holds what separates them.
func TestAccessRow(t *testing.T) {
	r := feed.AccessRow{At: noon, Zone: noon.Location(), Login: "a", Name: `Fable, "Aesop"`, Metric: "Search patients", Search: "two\nlines", Patients: 7, Session: "s1"}
	rows, err := csv.NewReader(strings.NewReader(feed.AccessHead + "\n" + string(feed.AppendAccess(nil, &r)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, column := range rows[0] {
		if rows[1][i] != "" {
			got[column] = rows[1][i]
		}
	}
	want := map[string]string{
		"ACCESS_INSTANT": "2026-03-02T11:00:00.250Z", "ACCESS_TIME": "2026-03-02 12:00:00", "SYSTEM_LOGIN": "a", "USER_NAME": `Fable, "Aesop"`,
		"METRIC_NAME": "Search patients", "SEARCH_TEXT": "two\nlines", "PATIENT_COUNT": "7", "SESSION": "s1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSignIn is a line of JSON.
func TestSignIn(t *testing.T) {
	line := feed.AppendSignIn(nil, &feed.SignIn{At: noon, Login: "a.fable", IP: "198.51.100.7", Country: "AT", App: "Mail", Code: 50126, Serial: 0xabc})
	var got struct {
		ID, CreatedDateTime, UserPrincipalName string
		Status                                 struct{ ErrorCode int }
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "00000000-0000-4000-8000-000000000abc" || got.CreatedDateTime != "2026-03-02T11:00:00Z" || got.UserPrincipalName != "a.fable@example.org" || got.Status.ErrorCode != 50126 {
		t.Errorf("got %+v", got)
	}
}
