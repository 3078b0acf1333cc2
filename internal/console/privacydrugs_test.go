package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
)

// cabinets is a fortnight of a ward: seven nurses take a dose a day each, and one keeps another.
func (o *office) cabinets() {
	o.t.Helper()
	from := o.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -24)
	var facts []hospital.Fact
	for i := range 8 {
		facts = append(facts, hospital.Fact{Patient: &hospital.PatientFact{IDs: []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: fmt.Sprintf("0100-90%02d", i)}}, Human: hospital.Human{Family: "Stone", Given: "Sam"}}})
	}
	o.send("house", "hl7", "mllp", "", from.AddDate(0, 0, -1), map[string]any{"facts": facts})
	takes := func(at time.Time, nurse, patient int) {
		o.send("adc", "pharmacy", "cabinet", "", at, map[string]any{"row": map[string]any{"time": at, "station": "ADC-4W", "type": "remove", "user": fmt.Sprintf("n.nurse%c", 'a'+nurse),
			"patient": fmt.Sprintf("0100-90%02d", patient), "name": "MORPHINE 10 MG/ML INJ", "amount": "10", "unit": "mg"}})
	}
	for day := range 15 {
		for i := range 7 {
			at := from.AddDate(0, 0, day).Add(8*time.Hour + time.Duration(i)*time.Minute)
			given := at.Add(5 * time.Minute).Format("20060102150405")
			takes(at, i, i)
			text := fmt.Sprintf("MSH|^~\\&|MAR|ALDER|||%s+0000||RAS^O17|%s%d|P|2.5.1\rPID|||0100-90%02d^^^ALDER^MR\rRXA|0|1|%s||D^MORPHINE 10 MG/ML INJ^L|10|mg|||n\r", given, given, i, i, given)
			o.send("mar", "hl7", "mllp", "", at.Add(5*time.Minute), map[string]any{"MSH-9.1": "RAS", "message": text})
			if i == 3 {
				takes(at.Add(time.Hour), i, 7)
			}
		}
	}
}

// drugCase is the case that comes of it.
func (o *office) drugCase() (id string) {
	o.t.Helper()
	o.wait("the room has its case", func() bool {
		all, err := o.room.Cases(o.t.Context(), privacy.Filter{Kinds: []privacy.CaseKind{privacy.DrugCase}})
		if err == nil && len(all) > 0 {
			id = all[0].ID
		}
		return id != ""
	})
	return id
}

// TestADrugCase is shown as other cases are, asks another question, sets the cabinet beside the record and the person beside the others, names nobody, and
// is no breach when it holds.
func TestADrugCase(t *testing.T) {
	n := newOffice(t, (*office).cabinets)
	p := n.officer(n.first(), "j.officer")
	id := n.drugCase()
	if _, body := p.get("/review"); !strings.Contains(body, "Drug cabinet") || !strings.Contains(body, "doses of controlled drugs") {
		t.Error("it is not in the queue")
	}
	_, body := p.get("/review/" + id)
	for _, want := range []string{
		"Did this person take controlled drugs that no patient got?", "no giving is on record", "Beside others at the same cabinet", "What the cabinet says", "What the record says",
		"Took out: morphine 10 mg", "No giving within 60 minutes nor left over later, and nothing came back", "ADC-4W", "Drugs were taken", "What weighs", "/journal/",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
	for _, no := range []string{"n.nursed", "0100-9007", "Stone", "Reasons we tried", "Open a breach case"} {
		if strings.Contains(body, no) {
			t.Errorf("it says %q", no)
		}
	}
	if status, body := p.post("/review/"+id+"/decide", url.Values{"outcome": {"explained"}, "why": {"Shared"}}); status != http.StatusOK || strings.Contains(body, "Set aside all like it") || strings.Contains(body, "Try it on the last 30 days") {
		t.Error("it teaches what explains records")
	}
	_, to := p.post("/review/"+id+"/decide", url.Values{"outcome": {"violation"}, "why": {"The pharmacy counted"}})
	if _, body := p.get(to); !strings.Contains(body, "Drugs taken") || strings.Contains(body, "/breach") {
		t.Error("it is not decided, or a breach")
	}
}
