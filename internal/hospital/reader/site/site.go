// Package site reads the rows of a hospital's own files: who works there, who is on duty when, which unit belongs to what, and
// the lists of those who are to be handled with care or who have a special reason to look.
//
// It knows the fields of row only; which columns of which product they come from is said by mapping files.
package site

import (
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// row is one row of a site's file.
type row struct {
	ev   *event.Event
	zone *time.Location
}

// Event reads the row that ev holds; zone says when a day begins.
func Event(ev *event.Event, zone *time.Location) []hospital.Fact {
	r := row{ev, zone}
	if zone == nil {
		r.zone = time.UTC
	}
	var f hospital.Fact
	switch ev.Class.Service {
	case "staff":
		f.Staff = r.staff()
	case "roster":
		f.Shift = r.shift()
	case "location":
		f.Unit = &hospital.UnitFact{
			Unit: r.get("unit"), Title: r.get("title"), Department: r.get("department"), Service: r.get("service"),
			Building: r.get("building"), Site: r.get("site"),
		}
	case "list":
		r.list(&f)
	}
	if f == (hospital.Fact{}) {
		return nil
	}
	return []hospital.Fact{f}
}

// get is a field of the row.
func (r row) get(name string) string {
	for v := range r.ev.Values("row." + name) {
		return clip(string(v))
	}
	return ""
}

// all lists the values of a field.
func (r row) all(name string) []string {
	const most = 64
	var list []string
	for v := range r.ev.Values("row." + name) {
		if len(v) > 0 && len(list) < most {
			list = append(list, clip(string(v)))
		}
	}
	return list
}

// clip bounds a value.
func clip(value string) string {
	const longest = 256
	n := min(len(value), longest)
	for n > 0 && n < len(value) && value[n]&0xc0 == 0x80 { // not inside of a character
		n--
	}
	return value[:n]
}

// begin is when a day or moment begins, end when it is over.
func (r row) begin(name string) time.Time { t, _ := r.time(name); return t }
func (r row) end(name string) time.Time {
	t, isDay := r.time(name)
	if isDay {
		return t.AddDate(0, 0, 1)
	}
	return t
}

func (r row) time(name string) (t time.Time, isDay bool) {
	value := r.get(name)
	if t, err := time.ParseInLocation(time.DateOnly, value, r.zone); err == nil {
		return t, true
	}
	t, _ = time.Parse(time.RFC3339, value)
	return t, false
}

func (r row) staff() *hospital.StaffFact {
	f := &hospital.StaffFact{
		Number: r.get("staff_id"), Logins: r.all("logins"), Job: r.get("job_code"), Title: r.get("job_title"), Family: r.get("job_family"),
		Department: r.get("department"), Service: r.get("service"), Units: r.all("units"), Manager: r.get("manager_id"), Site: r.get("site"),
		Employment: r.get("employment_type"), Start: r.begin("start_date"), End: r.end("end_date"), Suspended: r.begin("suspended_from"),
	}
	if f.Number == "" && len(f.Logins) == 0 {
		return nil
	}
	f.Human = r.human()
	switch status := strings.ToLower(r.get("status")); status {
	case "suspended", "blocked", "locked", "disabled":
		if f.Suspended.IsZero() {
			f.Suspended = r.ev.Observed
		}
	case "inactive", "terminated", "left", "retired", "withdrawn":
		f.Gone = true
	}
	return f
}

func (r row) human() hospital.Human {
	h := hospital.Human{
		Family: r.get("family_name"), Given: r.get("given_name"), Former: r.all("former_names"), Street: r.get("street"),
		Postcode: r.get("postcode"), City: r.get("city"), Phones: r.all("phone"), National: r.get("national_id"),
	}
	if born, err := time.Parse(time.DateOnly, r.get("birth_date")); err == nil { // the same day everywhere
		h.Born = born
	}
	east, ok1 := metres(r.get("east_m"))
	north, ok2 := metres(r.get("north_m"))
	if ok1 && ok2 {
		h.East, h.North, h.Located = east, north, true
	}
	phones := r.all("kin_phones")
	for i, name := range r.all("kin_names") {
		family, given, _ := strings.Cut(name, ",")
		k := hospital.Kinship{Family: strings.TrimSpace(family), Given: strings.TrimSpace(given)}
		if i < len(phones) {
			k.Phone = phones[i]
		}
		h.Kin = append(h.Kin, k)
	}
	return h
}

// metres reads a place in metres from some point, within a country.
func metres(text string) (int32, bool) {
	m, err := strconv.ParseFloat(text, 64)
	const furthest = 20e6
	if err != nil || m > furthest || m < -furthest || m != m {
		return 0, false
	}
	return int32(m), true
}

func (r row) shift() *hospital.ShiftFact {
	f := &hospital.ShiftFact{Staff: r.get("staff_id"), Unit: r.get("unit"), From: r.begin("start"), To: r.end("end"), Covers: r.get("covers")}
	if f.Staff == "" || f.From.IsZero() || !f.To.After(f.From) {
		return nil
	}
	switch strings.ToLower(r.get("kind")) {
	case "on-call", "on call", "oncall", "standby":
		f.OnCall = true
	case "leave", "sick", "vacation", "holiday", "absence":
		f.Leave = true
	case "cancelled", "canceled":
		f.Void = true
	}
	return f
}

// list reads a row of a list: a mark on a patient, a reason, or a member of a protocol.
func (r row) list(f *hospital.Fact) {
	kind, status := strings.ToLower(r.get("kind")), strings.ToLower(r.get("status"))
	who := r.who()
	void := isOver(status)
	switch kind {
	case "member":
		if len(who) == 1 && r.get("reference") != "" {
			f.Member = &hospital.MemberFact{Protocol: r.get("reference"), Staff: who[0].Name, From: r.begin("from"), To: r.end("to"), Void: void}
		}
		return
	case "vip", "canary", "listed", "restricted":
		if to := r.end("to"); !to.IsZero() && !to.After(r.ev.Observed) {
			void = true
		}
		f.Mark = &hospital.MarkFact{Patient: r.patient(), Kind: kind, Who: who, Label: r.get("label"), Void: void}
		if len(f.Mark.Patient) == 0 {
			f.Mark = nil
		}
		return
	}
	k := reason(kind)
	if k == 0 || len(r.patient()) == 0 && r.get("visit") == "" {
		return
	}
	const closed = "closed" // it was a reason up to then; what is cancelled never was one
	f.Reason = &hospital.ReasonFact{
		Patient: r.patient(), Visit: r.get("visit"), Kind: k, Key: kind + " " + r.get("reference"), Who: who,
		By: hospital.Name{Text: r.get("entered_by")}, From: r.begin("from"), To: r.end("to"), Void: void && status != closed,
	}
	if status == closed && f.Reason.To.IsZero() {
		f.Reason.To = r.ev.Observed
	}
}

// isOver tells the words for what does not hold any more.
func isOver(status string) bool {
	switch status {
	case "closed", "cancelled", "canceled", "removed", "void", "deleted", "inactive":
		return true
	}
	return false
}

// reason says what kind of reason a list holds.
func reason(kind string) hospital.Kind {
	switch kind {
	case "ticket":
		return hospital.Ticket
	case "release", "utilisation", "infection", "quality", "registry":
		return hospital.Trigger
	case "research":
		return hospital.Research
	case "assignment":
		return hospital.Assignment
	case "page":
		return hospital.Page
	case "imaging":
		return hospital.Imaging
	case "message":
		return hospital.Message
	case "transfer":
		return hospital.Transfer
	}
	return 0
}

func (r row) patient() []hospital.Identifier {
	value := r.get("patient_id")
	if value == "" {
		return nil
	}
	return []hospital.Identifier{{Value: value, Authority: r.get("authority"), Type: "MR"}}
}

func (r row) who() []hospital.Who {
	name := r.get("who")
	if name == "" {
		return nil
	}
	kind := hospital.Person
	switch strings.ToLower(r.get("who_kind")) {
	case "department":
		kind = hospital.Department
	case "service":
		kind = hospital.Service
	case "unit":
		kind = hospital.Unit
	case "protocol":
		kind = hospital.Protocol
	}
	return []hospital.Who{{Kind: kind, Name: hospital.Name{Text: name}}}
}
