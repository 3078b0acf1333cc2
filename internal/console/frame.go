package console

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/triage"
)

// key is one key of the key bar.
func key(does string, keys ...string) page.Key { return page.Key{Keys: keys, Does: does} }

// frame is what a page of this reader has around its matter.
func (c *Console) frame(r *request, here, title, ask string, keys ...page.Key) page.Frame {
	ctx := r.Context()
	f := page.Frame{
		Title: title, Site: c.Site, Ask: ask, Here: here, Who: page.Clean(r.actor.Name, 60), Roles: rolesOf(r.actor.Roles),
		Time: r.clock.Day(r.clock.Now) + ", " + r.clock.At(r.clock.Now), Keys: append(keys, key("search", "/"), key("print", "P")),
		Print: "printed " + r.clock.Second(r.clock.Now) + " by " + page.Clean(r.actor.Name, 60) + ", patients masked, " + page.Plural(c.Journal.Size(), "journal entry"),
	}
	f.Print = strings.Replace(f.Print, "entrys", "entries", 1)
	f.Sealed, f.Count = c.sealed(ctx)
	f.Vouched = c.vouched(ctx)
	if cookie, err := r.Cookie(keysCookie); err == nil && cookie.Value == "off" {
		f.KeysOff = true
	}
	c.rail(r, &f)
	f.Toast = c.toast(r)
	return f
}

// entries is "1 entry" or "4 entries".
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return page.Number(n) + " entries"
}

// either chooses between the singular and the plural of a word.
func either(one bool, singular, plural string) string {
	if one {
		return singular
	}
	return plural
}

// rail lists the rooms that the reader may enter, each with its worst state.
func (c *Console) rail(r *request, f *page.Frame) {
	room := func(key, name, url, letter string, v access.Verb, state page.State, count string) []page.Room {
		if allowed(r.actor, v) != nil {
			return nil
		}
		m := page.Room{Key: key, Name: name, URL: url, Go: letter}
		if count != "" && state.Class != "ok" && state.Class != "" {
			m.Class, m.Count, m.Says = state.Class, count, strings.ToLower(state.Word)
		}
		return []page.Room{m}
	}
	worst, waiting := c.worst(r.Context())
	silence, silent := c.silence()
	refusal, refused := page.State{}, ""
	if n := len(c.Rulebook.Refused()); n > 0 {
		refusal, refused = page.Watch("not loaded"), page.Number(n)
	}
	if c.Rulebook.Trouble() != "" {
		refusal, refused = page.Look("in trouble"), "1"
	}
	today := room("today", "Today", "/", "H", access.TodayRead, page.State{}, "")
	findings := room("findings", "Findings", "/findings", "I", access.FindingRead, worst, waiting)
	search := room("search", "Search", "/search", "S", access.SearchRun, page.State{}, "")
	sources := room("sources", "Sources", "/sources", "O", access.SourceRead, silence, silent)
	journal := room("journal", "Journal", "/journal", "J", access.JournalVerify, page.State{}, "")
	people := room("people", "People and access", "/people", "U", access.PeopleRead, page.State{}, "")
	if len(people) == 0 {
		people = room("people", "What I did", "/trail", "U", access.TrailReadOwn, page.State{}, "")
	}
	watch := append(findings, search...)
	watch = append(watch, room("hunt", "Search back", "/hunt", "B", access.HuntRun, page.State{}, "")...)
	watch = append(watch, sources...)
	watch = append(watch, room("rules", "Rules", "/rules", "L", access.RuleRead, refusal, refused)...)
	protect := slices.Concat(c.accessRoom(r), c.flowsRoom(r), c.recordsRoom(r))
	f.Groups = []page.Group{{Rooms: today}}
	if len(protect) > 0 {
		f.Groups = append(f.Groups, page.Group{Name: "Protect patients", Rooms: protect})
	}
	f.Groups = append(f.Groups, page.Group{Name: "Watch", Rooms: watch}, page.Group{Name: "Prove", Rooms: append(journal, people...)})
	f.Tabs = append(f.Tabs, today...)
	for _, tab := range [][]page.Room{protect, findings, search, sources, journal} {
		if len(f.Tabs) < 4 {
			f.Tabs = append(f.Tabs, tab...)
		}
	}
}

// accessRoom is the row of the room of the privacy officer.
func (c *Console) accessRoom(r *request) []page.Room {
	if allowed(r.actor, access.CaseRead) != nil {
		return nil
	}
	m := page.Room{Key: "access", Name: "Access", URL: "/review", Go: "A"}
	if c.Privacy == nil {
		m.Class, m.Count, m.Says = "dim", "Not set up", ""
		return []page.Room{m}
	}
	all, which, err := c.cases(r, "waiting")
	switch {
	case err != nil:
		m.Class, m.Count, m.Says = "dim", "-", "not known"
	case which == "waiting" && len(all) > 0:
		worst := caseState(&all[0])
		for i := range all {
			if s := caseState(&all[i]); s.Rank() < worst.Rank() {
				worst = s
			}
		}
		m.Class, m.Count, m.Says = worst.Class, page.Number(len(all)), "wait"
	}
	return []page.Room{m}
}

// worst is the state of the worst finding that waits, and how many wait.
func (c *Console) worst(ctx context.Context) (page.State, string) {
	n, err := c.Desk.Counts(ctx)
	if err != nil {
		return page.Dim("not known"), "-"
	}
	if waiting(n) <= 0 {
		return page.State{}, ""
	}
	top, err := c.Desk.List(ctx, triage.Filter{States: []triage.State{triage.New, triage.Seen}, Limit: 1})
	if err != nil || len(top) == 0 {
		return page.Watch("waiting"), page.Number(waiting(n))
	}
	return page.Level(top[0].Rule.Level), page.Number(waiting(n))
}

// silence is the state of the senders that are missed, and how many they are.
func (c *Console) silence() (page.State, string) {
	n := 0
	for _, s := range c.Senders() {
		if s.State == "silent" || s.State == "never" {
			n++
		}
	}
	if n == 0 {
		return page.State{}, ""
	}
	return page.Look("silent"), page.Number(n)
}

// sealed says how far the journal is sealed.
func (c *Console) sealed(ctx context.Context) (page.State, string) {
	size := c.Journal.Size()
	if size == 0 {
		return page.Dim("Nothing sealed yet"), "0 entries"
	}
	if e, err := c.Journal.Entry(ctx, size-1); err == nil {
		return page.OK("Sealed " + e.Header.Received.In(c.Zone).Format("15:04:05")), entries(size)
	}
	return page.Act("Last entry cannot be read"), entries(size)
}

// toast says what became of the click that led here: the address names the act, and for a finding its id.
func (c *Console) toast(r *request) *page.Toast {
	q := r.URL.Query()
	id := q.Get("of")
	if t := c.caseToast(r, q.Get("done"), id); t != nil {
		return t
	}
	said := map[string]string{
		"true": "Real", "false": "False alarm", "expected": "Expected", "later": "Later", "taken": "You have it", "undone": "Taken back",
	}[q.Get("done")]
	if said != "" {
		item, err := c.Desk.Get(r.Context(), id)
		if err != nil || access.Check(r.actor, access.FindingRead, object(&item)) != nil {
			return nil // the address may be somebody else's making
		}
		t := &page.Toast{State: page.OK("Recorded"), Text: said + ": " + page.Clean(item.Rule.Title, 60)}
		switch q.Get("done") {
		case "true", "false", "expected":
			t.Undo = "/findings/" + id + "/undo"
		}
		return t
	}
	simple := map[string]string{
		"hidden": "Such findings are hidden for now", "shown": "Such findings are shown again", "roles": "The roles are set; old sessions have ended",
		"reset": "The second factor is taken away", "ended": "All sessions have ended", "closed": "The account is closed", "revoked": "The token does not work any more",
		"kept": "The question is kept", "forgotten": "The question is forgotten", "stopped": "Stopped", "keys": "Keys are switched",
		"proposed": "It waits until somebody else agrees", "declined": "Nothing was done",
		"keymade": "The passkey is added", "keygone": "The passkey is removed",
		"resumed": "The rule is asked again", "shown-names": "The names are shown for 15 minutes, to who asked", "learned": "Such accesses are set aside from now on", "assessed": "Saved with the case",
	}[q.Get("done")]
	if simple == "" {
		return nil
	}
	return &page.Toast{State: page.OK("Recorded"), Text: simple}
}

// roleName is what people call a role.
func roleName(r access.Role) string {
	switch r {
	case access.Analyst:
		return "analyst"
	case access.Senior:
		return "senior analyst"
	case access.Privacy:
		return "privacy officer"
	case access.Biomed:
		return "biomedical engineer"
	case access.Auditor:
		return "auditor"
	case access.Admin:
		return "administrator"
	}
	return string(r)
}

func rolesOf(all []access.Role) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = roleName(r)
	}
	return strings.Join(names, ", ")
}

// denied names the roles that may, and who has them here.
func (c *Console) denied(r *request, d *access.Denied) {
	var may []string
	for _, role := range d.May {
		if role != access.Reader && role != access.Sender {
			may = append(may, roleName(role)+"s")
		}
	}
	v := page.Denied{Frame: c.frame(r, "", "Not allowed", "May you do this?"), For: list(may, 6)}
	v.Answer = "Not with the roles you have."
	v.Holders = "Ask one of them, or an administrator for the role."
	if names := c.holders(r.Context(), d.May); len(names) > 0 {
		v.Holders = "Here that is " + list(names, 4) + "."
	}
	c.draw(r, "denied", v, 403)
}

// holders names people who have one of the roles.
func (c *Console) holders(ctx context.Context, roles []access.Role) []string {
	if actor, _ := access.ActorOf(ctx); allowed(actor, access.PeopleRead) != nil {
		return nil // asking would be sealed as a refused act
	}
	users, err := c.House.Users(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, u := range users {
		if u.Disabled.IsZero() && slices.ContainsFunc(roles, func(r access.Role) bool { return slices.Contains(u.Roles, r) }) {
			names = append(names, page.Clean(u.Display, 60))
		}
	}
	return names
}

// list writes names with commas and "and", at most so many.
func list(names []string, most int) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > most:
		return strings.Join(names[:most], ", ") + " and " + fmt.Sprint(n-most) + " more"
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
