package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// Statement returns statement.txt of a manifest: what the bundle proves and what it does not, for people who decide and do not compute.
// policy is the bundle's own, nil when it has none; stamped is how many of its records an authority's time stamp covers.
func Statement(m *Manifest, policy *tlog.Policy, stamped int) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	house := 0
	for i := range m.Objects {
		if m.Objects[i].Shown == ByHouseOnly {
			house++
		}
	}
	say("WHAT THIS IS\n")
	say("%s", m.About)
	say("It was exported on %s by %s.", m.Exported.Format("2 January 2006 at 15:04:05 MST"), m.Exporter)
	say("The reason given was: %s", m.Reason)
	say("It holds %d %s of the journal %s.\n", len(m.Objects), plural(len(m.Objects), "record", "records"), originOf(m.Journal))
	say("WHAT IT PROVES, WHEN ALL CHECKS HOLD\n")
	if proven := len(m.Objects) - house; proven > 0 {
		say("1. %d %s, letter by letter, what was sealed in the journal at the place that is named.", proven, plural(proven, "record is", "records are"))
		say("   Nobody has to believe the hospital for that: it follows from the record itself, by arithmetic.")
	}
	if house > 0 {
		say("!  Of %d %s ONLY THE HOSPITAL SAYS that it was sealed at the place that is named. That entry is older", house, plural(house, "record", "records"))
		say("   than the way to show single records. That the entry stands in the journal is proved; what it says is not.")
	}
	say("2. The checkpoint in the bundle seals it together with everything in front of it in the journal. None of that can be changed, removed or")
	say("   put in between afterwards without becoming another checkpoint.")
	if policy == nil {
		say("3. The hospital signed that checkpoint. NO OTHER HOUSE DID. Whoever has the hospital's key and rules its machines could have")
		say("   made another past and signed that. What shows the age of a record is a checkpoint that somebody else kept.")
	} else {
		say("3. Other houses signed that checkpoint too, each at the time that the check names. So the record is at least that old,")
		say("   unless the hospital and those houses lied together. This holds for houses whose keys you had from elsewhere.")
	}
	if stamped > 0 {
		say("4. Of %d %s an authority of time stamps signed, at the time that the check names, a checkpoint that seals it. So it is at least", stamped, plural(stamped, "record", "records"))
		say("   that old, unless that authority lied. This holds for an authority whose certificate you had from elsewhere.")
	}
	say("\nWHAT IT DOES NOT PROVE\n")
	say("- That a record is true. It proves what reached the journal, not whether the sender told the truth.")
	say("- That it is complete. There may be other records about the same matter, which were not exported.")
	say("- When something happened before it reached the journal. Times within a record are what its sender said.")
	say("- That the encrypted copy in the hospital's own store still says the same. What counts is what the entry was bound to when it was sealed.")
	say("- That a time named by the hospital alone is right. Only the signatures of others bound it.")
	say("- Anything, to somebody who takes the keys from this bundle. They must have come another way, and earlier.")
	return b.String()
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func originOf(key string) string {
	name, _, _ := strings.Cut(key, "+")
	return name
}

// day writes a time for a table.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
