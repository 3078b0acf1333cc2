package resources

import (
	"strconv"
	"strings"
	"time"
)

// clockSlack is how far the clocks of a server's machines may be apart. Of the time of its answers we know the second.
const clockSlack = 2 * time.Minute

// judging says what became of resources. It is pure: the same records and views give the same words.
type judging struct {
	typ        string
	at         time.Time // of this sweep, by the server's clock
	swept      time.Time // of the last whole one; zero when there was none
	young      time.Duration
	contiguous bool // the server numbers versions without holes
	renumbered bool // it has numbered everything anew, as after a move: what is the same is the same
	compare    func(before, after *version) difference
}

// verdict is the outcome that grows worse, and why.
type verdict struct {
	act           Act
	outcome       Outcome
	reasons       []string
	before, after *version // between which the difference lies that matters most; nil for none
}

func (v *verdict) say(a Act, o Outcome, reason string) {
	v.act, v.outcome = max(v.act, a), max(v.outcome, o)
	v.reasons = append(v.reasons, reason)
}

// between sets where the difference lies, unless a graver one was found before.
func (v *verdict) between(before, after *version) {
	if v.after == nil && v.before == nil {
		v.before, v.after = before, after
	}
}

// resource judges a resource of which one side may be nil.
func (j *judging) resource(old *record, now *view) verdict {
	switch {
	case now == nil && (old == nil || !old.there()):
		return verdict{}
	case now == nil:
		v := verdict{before: old.latest()}
		v.say(Gone, Mismatch, "The server knows nothing of it any more. What is deleted through a server stays known as deleted.")
		return v
	case old == nil:
		return j.appeared(now)
	case j.renumbered && same(old, now):
		return verdict{}
	}
	return j.changed(old, now)
}

// same tells whether a resource says what it said, whatever its versions are called.
func same(old *record, now *view) bool {
	l, n := old.latest(), now.latest()
	return l != nil && l.gone == n.gone && l.sum == n.sum && l.labels == n.labels
}

func (j *judging) appeared(now *view) verdict {
	l := now.latest()
	v := verdict{after: l}
	if l.gone {
		v.say(Deleted, Explained, "It was written and deleted since the last sweep.")
	} else {
		v.say(New, Explained, "It was not there at the last sweep.")
	}
	if j.late(&now.versions[0]) && !l.gone {
		v.say(Inserted, Mismatch, "It is dated before the last sweep, which did not find it.")
	}
	if now.complete && j.contiguous && !fromOne(now.versions) {
		v.say(Shortened, Mismatch, "Its versions have holes, or do not begin with 1, though this server numbers them one after the other.")
	}
	act := v.act
	if j.steps(now.versions, &v); v.outcome < Mismatch {
		v.act = act // it was amended before anybody saw it
	}
	j.timely(l, &v)
	return v
}

// late tells what the last sweep should have seen.
func (j *judging) late(v *version) bool {
	return !j.swept.IsZero() && !v.updated.IsZero() && v.updated.Before(j.swept.Add(-max(j.young, clockSlack)))
}

// changed judges what is there and was there.
func (j *judging) changed(old *record, now *view) verdict {
	var v verdict
	known := old.live()
	if old.gone != 0 {
		v.say(Returned, Mismatch, "It was missing without a trace at an earlier sweep and is there again.")
	}
	if len(known) == 0 {
		return v
	}
	l, n := &known[len(known)-1], now.latest()
	missing := j.kept(known, now, &v)
	switch older := j.older(known, l, n); {
	case older:
		v.say(Older, Mismatch, "Its version is lower than before: an older state was put back.")
		v.between(l, n)
	case missing > 0:
		v.say(Shortened, Mismatch, "Its history is shorter: "+plural(missing, "version that was", "versions that were")+" there cannot be had any more.")
	}
	j.slipped(old, known, now, &v)
	j.newer(l, now, &v)
	return v
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// kept looks at the versions that were known, and counts those that are missing.
func (j *judging) kept(known []version, now *view, v *verdict) (missing int) {
	for i := len(known) - 1; i >= 0; i-- {
		k := &known[i]
		n := now.find(k.id)
		latest := i == len(known)-1 && n == now.latest()
		switch {
		case k.id == unnumbered || n == nil && k.id == deletion: // what has neither number nor time nobody can tell from a newer one
		case n == nil && now.whole:
			missing++
			v.between(k, now.latest())
		case n == nil:
		case (n.sum != k.sum || n.gone != k.gone) && latest:
			v.say(Unversioned, Mismatch, "It says something else than before under the same version.")
			v.between(k, n)
		case n.sum != k.sum || n.gone != k.gone:
			v.say(Rewritten, Mismatch, "Version "+k.id+" says something else than it said when it was read before: its history was rewritten.")
			v.between(k, n)
		case n.labels != k.labels:
			j.labelled(k, n, v)
		}
	}
	return missing
}

// labelled judges labels that changed under the same version. Operations may do that ($meta-add, R4 resource-operation-meta-add.html); to labels of
// security nobody should without being seen.
func (j *judging) labelled(k, n *version, v *verdict) {
	v.between(k, n)
	if security(k.labels) != security(n.labels) {
		v.say(Labelled, Mismatch, "Its labels of security, which say who may see it, are others under the same version.")
		return
	}
	v.say(Labelled, Explained, "Its tags are others under the same version, as operations may have them.")
}

// security is the part of labels that says who may see a resource.
func security(labels string) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(labels, `{"security":`), `],"tag":`)
	return strings.TrimPrefix(part, "[")
}

// older tells whether what is there now is from before what was there.
func (j *judging) older(known []version, l, n *version) bool {
	switch {
	case l.id == n.id || n.id == deletion:
		return false
	case isNumber(l.id) && isNumber(n.id):
		return compareVersions(n, l) < 0
	case find(known, n.id) != nil:
		return true
	}
	return !n.updated.IsZero() && !l.updated.IsZero() && n.updated.Before(l.updated)
}

// slipped looks for versions that appeared where none were.
func (j *judging) slipped(old *record, known []version, now *view, v *verdict) {
	if !old.complete || !now.complete {
		return
	}
	l := &known[len(known)-1]
	for i := range now.versions {
		n := &now.versions[i]
		if isNumber(n.id) && isNumber(l.id) && compareVersions(n, l) < 0 && find(old.versions, n.id) == nil {
			v.say(Inserted, Mismatch, "Version "+n.id+" was not in its history before, and is older than what was.")
			v.between(nil, n)
		}
	}
}

// newer judges the versions that came since.
func (j *judging) newer(l *version, now *view, v *verdict) {
	n := now.latest()
	if l.id == unnumbered || l.id == deletion && n.id != deletion {
		j.steps([]version{*l, *n}, v) // of those before nothing is known, or no number
		v.between(l, n)
		return
	}
	list := []version{*l}
	for i := range now.versions {
		if compareVersions(&now.versions[i], l) > 0 {
			list = append(list, now.versions[i])
		}
	}
	if len(list) == 1 {
		return
	}
	if now.complete && j.contiguous && !consecutive(list) {
		v.say(Shortened, Mismatch, "There are holes between its new versions, though this server numbers them one after the other.")
	}
	if j.late(&list[1]) {
		v.say(Inserted, Mismatch, "A new version says that it was written before the last sweep, which did not find it.")
	}
	j.steps(list, v)
	v.between(l, n)
	j.timely(n, v)
}

// steps judges how each version became the next.
func (j *judging) steps(list []version, v *verdict) {
	for i := 1; i < len(list); i++ {
		a, b := &list[i-1], &list[i]
		if !a.updated.IsZero() && !b.updated.IsZero() && b.updated.Before(a.updated.Add(-clockSlack)) {
			v.say(Inserted, Mismatch, "Version "+b.id+" claims an earlier time than the version before it.")
		}
		switch {
		case a.gone && !b.gone:
			v.say(Returned, Explained, "It was deleted, and written again.")
		case b.gone && !a.gone:
			v.say(Deleted, Explained, "It was deleted, and the server says so.")
		case a.sum == b.sum && a.labels != b.labels:
			v.say(Labelled, Explained, "A new version has other labels.")
		case a.sum != b.sum:
			j.amended(a, b, v)
		}
	}
}

// amended judges a new version that says something else.
func (j *judging) amended(a, b *version, v *verdict) {
	switch d := j.compare(a, b); {
	case d.unmarked:
		v.say(Unmarked, Mismatch, "A result that was final has another value, and its status says neither corrected nor amended.")
		v.before, v.after = a, b
	case d.unknown:
		v.say(Amended, Explained, "A new version says something else. What it said before is not kept.")
	case d.corrected:
		v.say(Amended, Explained, "A new version says something else, and says that it corrects or withdraws.")
	default:
		v.say(Amended, Explained, "A new version says something else.")
	}
}

// timely looks at the time at which a resource says that it was written.
func (j *judging) timely(n *version, v *verdict) {
	switch {
	case n.updated.IsZero():
	case n.updated.After(j.at.Add(max(j.young, clockSlack))):
		v.say(Inserted, Mismatch, "It is dated in the future.")
	case n.updated.After(j.at.Add(-j.young)) && v.outcome == Explained:
		v.say(Same, Pending, "It is so young that other systems may not have heard of it yet.")
	}
}
