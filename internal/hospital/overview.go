package hospital

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Overview is how much a House knows, and how fresh that is.
type Overview struct {
	Patients int `json:"patients"` // without those that were merged into others
	Merged   int `json:"merged"`   // records that lead to another
	Staff    int `json:"staff"`    // in HR, and not gone
	// Accounts were used in the last 90 days; Linked of them belong to somebody in HR. Below 98 of 100 much stays unexplained.
	Accounts int `json:"accounts"`
	Linked   int `json:"linked"`
	// Rostered of Staff who are clinical have a shift within 15 days of now.
	Clinical int `json:"clinical"`
	Rostered int `json:"rostered"`
	// Units were heard of; Homeless of them belong to no department.
	Units    int `json:"units"`
	Homeless int `json:"homeless"`
	// HR is when the last row of HR was said. Missing of Staff were not in the last export: they are not taken for gone.
	HR      time.Time `json:"hr"`
	Missing int       `json:"missing"`
	Feeds   []Feed    `json:"feeds"`
	Limits  Limits    `json:"limits"`
}

// Feed is what one source says of one kind.
type Feed struct {
	Source string    `json:"source"`
	Kind   string    `json:"kind"` // patient, merge, visit, staff, shift, unit, mark, or the kind of a reason
	Facts  int64     `json:"facts"`
	Last   time.Time `json:"last"` // when the latest was said
	Seen   time.Time `json:"seen"` // when it came
}

// Limits counts what was not kept.
type Limits struct {
	Dropped   int64 `json:"dropped"`   // the oldest of a patient that had too much of something
	Unnamed   int64 `json:"unnamed"`   // names beyond the number that is kept
	Conflicts int64 `json:"conflicts"` // facts whose identifiers are those of several patients; the first one's counted
	Nobody    int64 `json:"nobody"`    // facts that say of no patient, and of no one who works here, whom they are about
	Merges    int64 `json:"merges"`    // that would have made one patient of too many records
	Crowded   int64 `json:"crowded"`   // numbers and names that so many patients have that they lead to nobody more
}

// feedKey tells feeds apart.
type feedKey struct{ source, kind string }

// mostFeeds bounds of how many feeds is kept count.
const mostFeeds = 4096

// heard counts a fact.
func (h *House) heard(f *Fact, said stamp) {
	if f.Source == "" {
		return // a room found it out, and no feed said so
	}
	k := feedKey{f.Source, f.Word()}
	feed := h.feeds[k]
	if feed == nil {
		if len(h.feeds) >= mostFeeds {
			return
		}
		k.source = strings.Clone(k.source)
		feed = &Feed{Source: k.source, Kind: k.kind}
		h.feeds[k] = feed
	}
	feed.Facts++
	feed.Last = later(feed.Last, said.time())
	feed.Seen = later(feed.Seen, f.Seen.UTC())
}

// Word is the word for what a fact says: patient, visit, order ...
func (f *Fact) Word() string {
	switch {
	case f.Patient != nil:
		return "patient"
	case f.Merge != nil:
		return "merge"
	case f.Visit != nil:
		return "visit"
	case f.Reason != nil:
		return f.Reason.Kind.String()
	case f.Staff != nil:
		return "staff"
	case f.Shift != nil:
		return "shift"
	case f.Unit != nil:
		return "unit"
	case f.Member != nil:
		return "member"
	case f.Mark != nil:
		return "mark"
	}
	return "nothing"
}

// String is the word for a kind.
func (k Kind) String() string {
	words := [...]string{"none", "provider", "appointment", "order", "result", "copy", "document", "medication", "care team", "procedure",
		"imaging", "specimen", "prescription", "registration", "account", "trigger", "message", "consult", "research", "assignment",
		"ticket", "page", "transfer"}
	if int(k) >= len(words) {
		return "unknown"
	}
	return words[k]
}

const (
	activeFor = 90 * day // an account that was used within counts
	exportAge = 2 * day  // whose row of HR is older than the latest by more is missing
)

// Overview is how much the House knows, and how fresh it is.
func (h *House) Overview() Overview {
	o := Overview{Patients: int(h.last) - h.merged, Merged: h.merged, HR: h.workers.hr.time(), Units: len(h.units.all), Limits: h.limits}
	for _, w := range h.workers.all {
		if w.into == 0 {
			h.count(&o, w)
		}
	}
	o.Missing = len(h.Missing())
	for _, u := range h.units.all {
		if u.Department == 0 {
			o.Homeless++
		}
	}
	o.Feeds = h.listFeeds()
	return o
}

func (h *House) listFeeds() []Feed {
	var all []Feed
	for _, f := range h.feeds {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Feed) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind)) })
	return all
}

func (h *House) count(o *Overview, w *worker) {
	if w.used != 0 && w.used.plus(activeFor) > h.now() && w.Type != Machine {
		o.Accounts++
		if w.Number != "" {
			o.Linked++
		}
	}
	if !h.employed(w) {
		return
	}
	o.Staff++
	if !w.Family.Clinical() {
		return
	}
	o.Clinical++
	if _, near := w.around(h.now(), h.now()+1); near {
		o.Rostered++
	}
}
