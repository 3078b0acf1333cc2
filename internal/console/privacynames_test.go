package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// TestNamesAreShownForAReasonAndForATime follows one reveal: to whom, where, and for how long.
func TestNamesAreShownForAReasonAndForATime(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	officer, other := n.officer(admin, "j.officer"), n.officer(admin, "k.officer")
	if status, body := officer.post("/review/"+n.coworker+"/reveal", nil); status != http.StatusBadRequest || !strings.Contains(body, "Say why") {
		t.Errorf("without a reason: status %d", status)
	}
	if status, to := officer.post("/review/"+n.coworker+"/reveal", url.Values{"reason": {"review"}}); status != http.StatusSeeOther || to != "/review/"+n.coworker {
		t.Fatal(status, to)
	}
	if _, body := officer.get("/review/" + n.coworker); !strings.Contains(body, "Ida Holm") || !strings.Contains(body, "Ola Berg, 0099-4471") || !strings.Contains(body, "names shown") {
		t.Error("the names are not shown")
	}
	for path, p := range map[string]*person{"/review/" + n.coworker: other, "/review/" + n.leaver: officer, "/review": officer} {
		if _, body := p.get(path); strings.Contains(body, "Ida Holm") {
			t.Errorf("%s names somebody to %s", path, p.name)
		}
	}
	n.pass(14 * time.Minute)
	if _, body := officer.get("/review/" + n.coworker); !strings.Contains(body, "Ida Holm") {
		t.Error("masked before its time")
	}
	n.pass(2 * time.Minute)
	if _, body := officer.get("/review/" + n.coworker); strings.Contains(body, "Ida Holm") {
		t.Error("the names are shown for longer than a quarter of an hour")
	}
	if _, to := officer.post("/review/"+n.coworker+"/reveal", url.Values{"reason": {"review"}}); to != "/review/"+n.coworker {
		t.Fatal(to)
	}
	officer.post("/review/"+n.coworker+"/conceal", nil)
	if _, body := officer.get("/review/" + n.coworker); strings.Contains(body, "Ida Holm") {
		t.Error("not masked again")
	}
	acts := n.acts(access.CaseReveal)
	if len(acts) != 2 || acts[0].Outcome != access.Done || acts[0].Object.ID != n.coworker || acts[0].Detail["reason"] != "review" || !acts[0].Sealed {
		t.Errorf("%+v", acts)
	}
}

// TestTheNamesOfManyTakeTwoPeople asks for those of 62 patients.
func TestTheNamesOfManyTakeTwoPeople(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	officer, other := n.officer(admin, "j.officer"), n.officer(admin, "k.officer")
	if _, to := officer.post("/review/"+n.report+"/reveal", url.Values{"reason": {"review"}}); to != "/review/"+n.report+"?done=proposed" {
		t.Fatal(to)
	}
	if _, body := officer.get("/review/" + n.report); strings.Contains(body, "Quin Quill") || !strings.Contains(body, "Waits for a second person") {
		t.Error("one person has the names of many")
	}
	ctx := access.WithActor(t.Context(), access.Actor{ID: other.id, Roles: []access.Role{access.Privacy}})
	all, err := n.house.Proposals(ctx)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	agree := "/review/proposals/" + all[0].ID + "/agree"
	if status, _ := officer.post(agree, nil); status != http.StatusBadRequest {
		t.Errorf("agreed to the own proposal: status %d", status)
	}
	// Whom the case is about neither learns of it here nor has a say.
	subject := n.officer(admin, "q.quill")
	if _, body := subject.get("/review"); strings.Contains(body, "Show the names of") {
		t.Error("the subject reads what is proposed about the case")
	}
	if _, body := subject.get("/"); strings.Contains(body, "One proposal waits") {
		t.Error("the subject is told that something is proposed")
	}
	for _, path := range []string{agree, "/review/proposals/" + all[0].ID + "/decline"} {
		if status, _ := subject.post(path, nil); status != http.StatusBadRequest {
			t.Errorf("%s by the subject: status %d", path, status)
		}
	}
	if _, body := other.get("/review"); !strings.Contains(body, "Show the names of 62 patients, case 0") || !strings.Contains(body, "“I am reviewing this”") {
		t.Error("the other is not asked")
	}
	if status, to := other.post(agree, nil); status != http.StatusSeeOther || to != "/review?done=shown-names" {
		t.Fatal(status, to)
	}
	if _, body := officer.get("/review/" + n.report); !strings.Contains(body, "Quin Quill") {
		t.Error("the names are not shown after both agreed")
	}
	if _, body := other.get("/review/" + n.report); strings.Contains(body, "Quin Quill") {
		t.Error("who agreed has the names as well")
	}
}

// TestWhoSawAChart asks for one patient, whose number stands nowhere but in the question itself.
func TestWhoSawAChart(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	p, other := n.officer(admin, "j.officer"), n.officer(admin, "k.officer")
	if status, body := p.post("/patients/who-saw", n.askPatient("7777-0000")); status != http.StatusBadRequest || !strings.Contains(body, "Nobody here has that number") || strings.Contains(body, "7777") {
		t.Errorf("nobody's number: status %d", status)
	}
	status, to := p.post("/patients/who-saw", n.askPatient(bergsNumber))
	if status != http.StatusSeeOther || strings.Contains(to, "4471") {
		t.Fatal(status, to)
	}
	_, body := p.get(to)
	for _, want := range []string{"One account opened it, without a reason that we found", "••••4471", "REG", "/review/" + n.coworker, "names masked", "Opened 3 times"} {
		if !strings.Contains(body, want) {
			t.Errorf("not %q", want)
		}
	}
	if status, body := other.get(to); status != http.StatusBadRequest || strings.Contains(body, "REG") {
		t.Errorf("somebody else sees the list: status %d", status)
	}
	n.pass(61 * time.Minute)
	p.login()
	if status, body := p.get(to); status != http.StatusBadRequest || strings.Contains(body, "REG") {
		t.Errorf("an hour later: status %d", status)
	}
	for _, act := range n.acts(access.RecordTrace) {
		if text, _ := json.Marshal([]any{act.Object, act.Detail, act.Why}); strings.Contains(string(text), "4471") || act.Detail["reason"] != "patient" {
			t.Errorf("%s", text)
		}
	}
}

// TestADayAtWork leads from a case to the day, and asks for one by the account.
func TestADayAtWork(t *testing.T) {
	n := newOffice(t)
	admin := n.first()
	p := n.officer(admin, "j.officer")
	day := n.clerksDay()
	if _, body := p.get("/review/" + n.coworker); !strings.Contains(body, `href="`+day+`"`) {
		t.Error("the case does not lead to the day")
	}
	status, body := p.get(day)
	for _, want := range []string{"One record was opened, without a reason that we found", "Planned: 08:00 to 16:30.", "At work 08:52 to 16:31", "••••4471", "registration clerk", "Opened 3 times"} {
		if !strings.Contains(body, want) {
			t.Errorf("status %d: not %q", status, want)
		}
	}
	form := url.Values{"person": {"nobody.here"}, "day": {n.day.Format(time.DateOnly)}, "reason": {"case"}}
	if status, body := p.post("/people-at-work", form); status != http.StatusBadRequest || !strings.Contains(body, "Nobody here has that account") {
		t.Errorf("nobody's account: status %d", status)
	}
	form.Set("person", "r.holm")
	if _, to := p.post("/people-at-work", form); to != day {
		t.Errorf("%s, not %s", to, day)
	}
	if _, to := p.post(day+"/reveal", url.Values{"reason": {"case"}}); to != day {
		t.Error(to)
	}
	if _, body := p.get(day); !strings.Contains(body, "Ida Holm") || !strings.Contains(body, "Ola Berg") {
		t.Error("the names are not shown")
	}
	// Of what happened a minute ago nothing is known yet.
	manager, err := n.room.FindStaff(t.Context(), "b.birch")
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/people-at-work/%d/%s", manager, n.now().UTC().Add(-time.Minute).Format(time.DateOnly))
	if _, body := p.get(path); !strings.Contains(body, "One record was opened; it is too early to say why") || !strings.Contains(body, "1 chart, too early") || strings.Contains(body, "No reason found") {
		t.Error("a reason that may still come is held against somebody")
	}
	// Neither the own day, nor that of somebody whom one reports to.
	for _, name := range []string{"r.holm", "b.birch"} {
		who := n.officer(admin, name)
		boss, err := n.room.FindStaff(t.Context(), "b.birch")
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{day: map[string]int{"r.holm": 404, "b.birch": 200}[name], fmt.Sprintf("/people-at-work/%d/%s", boss, n.day.Format(time.DateOnly)): 404} {
			if status, _ := who.get(path); status != want {
				t.Errorf("%s as %s: status %d", path, name, status)
			}
			if status, _ := who.post(path+"/reveal", url.Values{"reason": {"case"}}); want == 404 && status != want {
				t.Errorf("reveal of %s as %s: status %d", path, name, status)
			}
		}
	}
	for _, act := range n.acts(access.StaffDay) {
		if text, _ := json.Marshal(act.Detail); strings.Contains(string(text), "holm") {
			t.Errorf("%s", text)
		}
	}
}

// TestWhoWorksHereAsksNotAboutTheOwnRecord has somebody else do it.
func TestWhoWorksHereAsksNotAboutTheOwnRecord(t *testing.T) {
	n := newOffice(t)
	p := n.officer(n.first(), "o.berg")
	if status, body := p.post("/patients/who-saw", n.askPatient(bergsNumber)); status != http.StatusBadRequest || !strings.Contains(body, "Somebody else must ask about your own record") {
		t.Errorf("status %d", status)
	}
}

// TestWhatIsTooEarlyIsHeldAgainstNobody counts accounts and records by what is known of them.
func TestWhatIsTooEarlyIsHeldAgainstNobody(t *testing.T) {
	opened, listed := [judge.Acts]uint32{judge.Open: 2}, [judge.Acts]uint32{judge.Listed: 1, judge.Search: 1}
	of := func(token string) privacy.Party { return privacy.Party{Token: token} }
	reason, none := privacy.Seen{Account: of("a"), Counts: opened, Explained: true}, privacy.Seen{Account: of("b"), Counts: opened}
	early, list := privacy.Seen{Account: of("c"), Counts: opened, Pending: true}, privacy.Seen{Account: of("d"), Counts: listed}
	for _, c := range []struct {
		all  []privacy.Seen
		want string
	}{
		{nil, "Nobody opened it in this time"}, {[]privacy.Seen{list}, "Nobody opened it in this time"}, {[]privacy.Seen{early, list}, "One account opened it; it is too early to say why"},
		{[]privacy.Seen{reason, list}, "One account opened it, with a reason as far as we know"}, {[]privacy.Seen{none}, "One account opened it, without a reason that we found"},
		{[]privacy.Seen{reason, none}, "Two accounts opened it, one of them without a reason that we found"}, {[]privacy.Seen{reason, early}, "Two accounts opened it; for one it is too early to say"},
		{[]privacy.Seen{reason, none, early, list}, "Three accounts opened it, one of them without a reason that we found; for one it is too early to say"},
	} {
		if got := console.SeenHeadline(c.all); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		var d privacy.Day
		for _, s := range c.all {
			d.Looks = append(d.Looks, privacy.Look{Touch: judge.Touch{Counts: s.Counts}, Verdict: judge.Verdict{Explained: s.Explained}, Pending: s.Pending})
		}
		want := strings.NewReplacer("Nobody opened it in this time", "No record was opened on this day", "One account opened it", "One record was opened", " as far as we know", "",
			"Two accounts opened it", "Two records were opened", "Three accounts opened it", "Three records were opened", "one of them", "1 of them", "for one it", "for 1 it").Replace(c.want)
		if got := console.DayHeadline(&d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
