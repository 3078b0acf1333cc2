package report

import (
	"fmt"
	"strings"
)

// Review is what a scan says of accesses to patients' records.
type Review struct {
	Once                         bool  // they came by a way that can be read only once, so nothing else is known of them
	Accesses, Touches, Explained int64 // a touch is what an account did with one record on a day
	Firsts, FirstsExplained      int64 // the first touch of an account and a patient
	Accounts, Staffed, Patients  int64 // Staffed of Accounts belong to somebody in HR
	Facts                        int64 // that the files say of the house: visits, orders, shifts
	Templates, Flags             []ReviewRow
	Departments                  []ReviewShare
	Cases                        int64
	Cabinet                      int64 // transactions at drug cabinets
	Given                        bool  // the files say that drugs were given
}

// ReviewRow is a reason, or what speaks for a closer look, and how often it was found.
type ReviewRow struct {
	Title       string
	Touches     int64
	Unexplained int64
}

// ReviewShare is how much of what a department opened is explained.
type ReviewShare struct {
	Name               string
	Touches, Explained int64
}

const reviewRows = 8

// review tells how many accesses are explained, by what, and where they are not.
func (t *table) review() {
	r := t.run.Review
	if r != nil && r.Once {
		t.line("", "")
		t.paragraph("33", "These are accesses to patients' records. Why they happened takes reading them more than once: scan them from a file, not from standard input.", 0, 3)
	}
	if r == nil {
		return
	}
	t.cabinets(r)
	if r.Touches == 0 {
		return
	}
	t.line("", "")
	t.paragraph("1", fmt.Sprintf("Why records were opened: of %s, %s have a reason that we found; %s to look at.",
		Plural(r.Touches, "opening"), share(r.Explained, r.Touches), Plural(r.Cases, "case")), 0, 3)
	t.paragraph("2", fmt.Sprintf("An opening is all that one account did with one record on one day. %s by %s, of %s. Of the first openings %s have a reason.",
		Plural(r.Accesses, "access row"), Plural(r.Accounts, "account"), Plural(r.Patients, "patient"), share(r.FirstsExplained, r.Firsts)), 0, 4)
	t.reviewRows("Explained by", r.Templates, false)
	t.reviewRows("What speaks for a closer look", r.Flags, true)
	t.reviewShares(r.Departments)
	t.reviewAdvice(r)
}

// cabinets tells what was done with the logs of drug cabinets.
func (t *table) cabinets(r *Review) {
	if r.Cabinet == 0 {
		return
	}
	t.line("", "")
	t.paragraph("1", fmt.Sprintf("Drug cabinets: %s. Who took controlled drugs was compared with others at the same cabinet.", Plural(r.Cabinet, "transaction")), 0, 3)
	t.paragraph("2", "It takes ten doses within 30 days and five others who use the cabinet. Nobody is named who does not stand out.", 0, 4)
	if !r.Given {
		t.paragraph("33", "Nothing in these files says which drugs were given, so that a dose without a giving is nothing odd: scan the HL7 messages (RAS) or FHIR resources of the same days with them.", 2, 4)
	}
}

func (t *table) reviewRows(head string, rows []ReviewRow, flags bool) {
	if len(rows) == 0 {
		return
	}
	t.line("", "")
	t.line("1", "  "+head)
	for _, row := range rows[:min(reviewRows, len(rows))] {
		count := number(row.Touches)
		if flags {
			count += ", " + number(row.Unexplained) + " without a reason"
		}
		t.reviewLine(row.Title, count)
	}
	if more := len(rows) - reviewRows; more > 0 {
		t.paragraph("2", "and "+number(int64(more))+" more", 4, 1)
	}
}

func (t *table) reviewShares(list []ReviewShare) {
	if len(list) < 2 {
		return
	}
	t.line("", "")
	t.line("1", "  Departments")
	for _, d := range list[:min(reviewRows, len(list))] {
		name := clean(d.Name, 60)
		if name == "" {
			name = "nobody knows which"
		}
		t.reviewLine(name, number(d.Touches)+", "+share(d.Explained, d.Touches)+" explained")
	}
	if more := len(list) - reviewRows; more > 0 {
		t.paragraph("2", "and "+number(int64(more))+" more", 4, 1)
	}
}

// reviewLine has a name on the left and a count on the right.
func (t *table) reviewLine(name, count string) {
	room := min(t.width, 100) - 4 - columns(count) - 2
	name = clip(clean(name, 200), room)
	t.line("", "    "+name+" "+strings.Repeat("·", max(0, room-columns(name)-1))+" ", count)
}

// reviewAdvice says what would explain more.
func (t *table) reviewAdvice(r *Review) {
	const well = 98
	var missing []string
	if r.Facts == 0 {
		missing = append(missing, "Nothing in these files says who was looked after where and by whom: scan the HL7 messages or FHIR resources of the same days with them.")
	}
	if r.Accounts > 0 && r.Staffed*100 < well*r.Accounts {
		missing = append(missing, share(r.Staffed, r.Accounts)+" of the accounts belong to somebody in HR: add the HR file with logins, or nobody's household, department and shift is known.")
	}
	if len(missing) > 0 {
		t.line("", "")
	}
	for _, s := range missing {
		t.paragraph("33", s, 2, 4)
	}
}
