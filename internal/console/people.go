package console

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
)

// roleChoices lists the roles that a person can have, with what each may.
func roleChoices(has []access.Role) []page.Choice {
	hints := map[access.Role]string{
		access.Analyst: "judges findings, searches", access.Senior: "and hides what is expected", access.Privacy: "decides on accesses to records, sees names for a reason",
		access.Biomed: "findings about own devices, drills of downtime", access.Auditor: "reads and verifies, changes nothing", access.Admin: "people, tokens and sources; no event",
	}
	var all []page.Choice
	for _, role := range access.PeopleRoles() {
		all = append(all, page.Choice{Value: string(role), Text: capital(roleName(role)), Hint: hints[role], Chosen: slices.Contains(has, role)})
	}
	return all
}

// capital begins a word with a capital letter.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func peopleViews(here string, a access.Actor) []page.Tab {
	var tabs []page.Tab
	if allowed(a, access.PeopleRead) == nil {
		tabs = append(tabs, page.Tab{Text: "People", URL: "/people", Here: here == "people"})
	}
	name := "Trail"
	if allowed(a, access.TrailRead) != nil {
		name = "What I did"
	}
	return append(tabs, page.Tab{Text: name, URL: "/trail", Here: here == "trail"}, page.Tab{Text: "Your sign-in", URL: "/you", Here: here == "you"})
}

func (c *Console) people(r *request) (answer, error) {
	v, err := c.peoplePage(r)
	return view("people", v), err
}

// tokenChoices lists what a token may when that is chosen, of those that this person makes.
func tokenChoices(maker access.Actor) (all []page.Choice) {
	_, named := access.Grants(maker)
	for _, verb := range named {
		choice := page.Choice{Value: string(verb), Text: "Search events", Hint: "patients are masked, and each search is sealed"}
		if verb == access.AnswerRead {
			choice.Text, choice.Hint = "Read the answers of searches back", "what was asked, and how often it was seen"
		}
		if verb == access.CaseRead {
			choice.Text, choice.Hint = "Read cases about accesses to records", "nobody is named in them"
		}
		if verb == access.RecordRead {
			choice.Text, choice.Hint = "Read what may not be true of records", "patients are masked, and that one was read is sealed"
		}
		all = append(all, choice)
	}
	return all
}

func (c *Console) peoplePage(r *request) (page.People, error) {
	v := page.People{Views: peopleViews("people", r.actor), Choices: roleChoices(nil)}
	v.Frame = c.frame(r, "people", "People and access", "Who may do what here?", key("next, previous", "J", "K"))
	v.CanWrite = allowed(r.actor, access.PeopleWrite) == nil
	v.CanToken = allowed(r.actor, access.TokenWrite) == nil
	if v.CanWrite {
		var err error
		if v.Proposals, err = c.proposals(r, access.PeopleWrite, "/people/proposals/"); err != nil {
			return v, err
		}
	}
	v.TokenMay = tokenChoices(r.actor)
	users, err := c.House.Users(r.Context())
	if err != nil {
		return v, err
	}
	active, admins := 0, 0
	for _, u := range users {
		row := page.UserRow{
			ID: u.ID, Name: page.Clean(u.Name, 64), Display: page.Clean(u.Display, 100), Roles: capital(rolesOf(u.Roles)), Last: r.clock.At(u.Login),
			State: page.OK("Active"), Active: u.Disabled.IsZero(), RoleChoices: roleChoices(u.Roles),
		}
		if u.Login.IsZero() {
			row.Last = "never"
		}
		switch {
		case !u.Disabled.IsZero():
			row.State = page.Dim("Closed")
		case !u.Enrolled:
			row.State = page.Watch("Invited")
		default:
			active++
			if slices.Contains(u.Roles, access.Admin) {
				admins++
			}
		}
		v.Users = append(v.Users, row)
	}
	tokens, err := c.House.Tokens(r.Context())
	if err != nil {
		return v, err
	}
	valid := 0
	for i := range tokens {
		row := tokenRow(&tokens[i], r.clock, v.CanToken)
		if row.Revoke != "" || tokens[i].Revoked.IsZero() && tokens[i].Expires.After(r.clock.Now) {
			valid++
		}
		v.Tokens = append(v.Tokens, row)
	}
	v.Counts = page.Plural(active, "person")
	v.Counts = strings.Replace(v.Counts, "persons", "people", 1) + " may sign in"
	v.Answer = persons(active) + " and " + strings.ToLower(page.Count(valid, "token")) + " may enter."
	v.Context = page.Count(admins, "administrator") + ". Every change here is sealed before it is made."
	return v, nil
}

func persons(n int) string {
	return strings.Replace(page.Count(n, "person"), "persons", "people", 1)
}

func tokenRow(t *access.Token, clock page.Clock, write bool) page.TokenRow {
	row := page.TokenRow{Name: page.Clean(t.Spec.Name, 64), May: mayOf(&t.Spec), From: page.Clean(t.Spec.CIDR, 80), Last: clock.Since(t.Used), Ends: clock.At(t.Expires)}
	if row.From == "" {
		row.From = "anywhere"
	}
	switch left := t.Expires.Sub(clock.Now); {
	case !t.Revoked.IsZero():
		row.State, row.Ends = page.Dim("Revoked"), clock.At(t.Revoked)
		return row
	case left <= 0:
		row.State = page.Dim("Ended")
		return row
	case left < 14*24*time.Hour:
		row.State = page.Look("Ends soon")
	default:
		row.State = page.OK("Valid")
	}
	if write {
		row.Revoke = "/tokens/" + t.ID + "/revoke"
	}
	return row
}

// mayOf says what a token is for.
func mayOf(s *access.TokenSpec) string {
	if s.Role == access.Sender {
		return "send"
	}
	may := []string{"read"}
	if slices.Contains(s.Scope, access.SearchRun) {
		may = append(may, "search")
	}
	if slices.Contains(s.Scope, access.AnswerRead) {
		may = append(may, "read answers")
	}
	return list(may, len(may))
}

// once shows the page of people with a secret that is seen one time.
func (c *Console) once(r *request, title, secret, text string) (answer, error) {
	if allowed(r.actor, access.PeopleRead) != nil {
		v := page.People{Once: &page.Once{Title: title, Secret: secret, Text: text}}
		v.Frame = c.frame(r, "people", "Shown once", "What now?")
		v.Answer = "Copy it now."
		return view("people", v), nil
	}
	v, err := c.peoplePage(r)
	v.Once = &page.Once{Title: title, Secret: secret, Text: text}
	return view("people", v), err
}

func rolesChosen(r *request) []access.Role {
	var roles []access.Role
	for _, text := range r.PostForm["role"] {
		roles = append(roles, access.Role(text))
	}
	return roles
}

func (c *Console) invite(r *request) (answer, error) {
	display := strings.TrimSpace(r.PostForm.Get("display"))
	if display == "" || len(display) > 100 {
		return answer{}, &mistake{"Say how others shall see the person, in 100 characters at most."}
	}
	g := grant{Name: r.PostForm.Get("name"), Display: display, Roles: rolesChosen(r)}
	if waits, err := c.grants(r, g); waits || err != nil {
		return answer{to: "/people?done=proposed"}, err
	}
	return c.sendInvitation(r, g)
}

// sendInvitation shows the link of an invitation, once.
func (c *Console) sendInvitation(r *request, g grant) (answer, error) {
	secret, err := c.House.Invite(r.Context(), g.Name, g.Display, g.Roles)
	if err != nil {
		return answer{}, err
	}
	return c.once(r, "The invitation of "+page.Clean(g.Display, 100), c.link(r, "/invite/"+secret), "Hand it over in person or by a way that you trust. It works once, for 72 hours. Whoever opens it first chooses the passphrase.")
}

// link is a path of this console with the name by which the reader reached it.
func (c *Console) link(r *request, path string) string {
	host := r.Host
	if c.Doors.Host != "" {
		host = c.Doors.Host
		if _, port, ok := strings.Cut(r.Host, ":"); ok {
			host += ":" + port
		}
	}
	return "https://" + page.Clean(host, 200) + path
}

func (c *Console) setRoles(r *request) (answer, error) {
	id, roles := r.PathValue("id"), rolesChosen(r)
	users, err := c.House.Users(r.Context())
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(users, func(u access.User) bool { return u.ID == id })
	if i >= 0 && heavy(added(users[i].Roles, roles)) {
		waits, err := c.grants(r, grant{Person: id, Name: users[i].Name, Display: users[i].Display, Roles: roles})
		if waits || err != nil {
			return answer{to: "/people?done=proposed"}, err
		}
	}
	return answer{to: "/people?done=roles"}, c.House.SetRoles(r.Context(), id, roles)
}

// added lists the roles that somebody has not had.
func added(had, roles []access.Role) []access.Role {
	return slices.DeleteFunc(slices.Clone(roles), func(role access.Role) bool { return slices.Contains(had, role) })
}

func (c *Console) resetFactor(r *request) (answer, error) {
	secret, err := c.House.ResetFactor(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return c.once(r, "The link to set passphrase and phone anew", c.link(r, "/invite/"+secret), "Hand it over in person: whoever opens it becomes this user. Until then nobody can sign in as this person.")
}

func (c *Console) endSessions(r *request) (answer, error) {
	return answer{to: "/people?done=ended"}, c.House.LogoutAll(r.Context(), r.PathValue("id"))
}

func (c *Console) disable(r *request) (answer, error) {
	return answer{to: "/people?done=closed"}, c.House.Disable(r.Context(), r.PathValue("id"))
}

func (c *Console) issueReader(r *request) (answer, error) {
	name, cidr := strings.TrimSpace(r.PostForm.Get("name")), strings.TrimSpace(r.PostForm.Get("cidr"))
	switch {
	case !senderName.MatchString(name):
		return answer{}, &mistake{"Give the token a name of 2 to 63 small letters, digits, dots or hyphens."}
	case !networks(cidr):
		return answer{}, &mistake{"Write addresses as 10.20.0.0/16 or 10.20.3.7, with spaces between several."}
	}
	spec := access.TokenSpec{Name: name, Role: access.Reader, CIDR: cidr, TTL: tokenLife}
	if more := r.PostForm["may"]; len(more) > 0 {
		usual, named := access.Grants(r.actor)
		spec.Scope = usual
		for _, v := range more {
			if !slices.Contains(named, access.Verb(v)) {
				return answer{}, &mistake{"A token may not do more than you may: leave that out, or ask somebody who may search to make it."}
			}
			spec.Scope = append(spec.Scope, access.Verb(v))
		}
	}
	secret, err := c.House.Issue(r.Context(), spec)
	if err != nil {
		return answer{}, err
	}
	return c.once(r, "The token of "+page.Clean(name, 64), secret, "Put it into the program now: it is sent as Authorization: Bearer. It reads what /api/openapi.json lists, never more than you may, and ends on "+r.clock.Now.Add(tokenLife).In(c.Zone).Format("2 January 2006")+".")
}

func (c *Console) revoke(r *request) (answer, error) {
	id := r.PathValue("id")
	if allowed(r.actor, access.PeopleRead) == nil {
		all, err := c.House.Tokens(r.Context())
		if err != nil {
			return answer{}, err
		}
		if !slices.ContainsFunc(all, func(t access.Token) bool { return t.ID == id }) {
			return answer{}, errAbsent
		}
	}
	return answer{to: "/people?done=revoked"}, c.House.Revoke(r.Context(), id)
}

// did says what a verb is, as a deed.
func did(v access.Verb) string {
	said := map[access.Verb]string{
		access.FindingJudge: "judged a finding", access.FindingSuppress: "hid or showed findings", access.SearchRun: "searched", access.HuntRun: "searched back in time", access.AnswerRead: "read answers",
		access.SourceWrite: "changed a source", access.DowntimeDrill: "prepared a unit for downtime", access.RuleWrite: "changed rules", access.JournalVerify: "checked the journal", access.PeopleWrite: "changed who may enter",
		access.TokenWrite: "made or revoked a token", access.SelfWrite: "changed the own access",
		access.CaseRead: "opened a case", access.CaseDecide: "decided a case", access.CaseReveal: "had names shown", access.RecordTrace: "asked who saw a record", access.RecordRead: "opened a doubt about a record",
		access.StaffDay: "looked at a day at work",
		"session.open":  "signed in", "session.close": "signed out", "session.prove": "gave the second factor again", "person.join": "joined",
	}[v]
	if said == "" {
		return page.Clean(string(v), 60)
	}
	return said
}

const actsShown = 200

func (c *Console) trail(r *request) (answer, error) {
	q := r.URL.Query()
	f := access.TrailFilter{Actor: q.Get("who"), Verb: access.Verb(q.Get("verb")), Before: q.Get("before"), Limit: actsShown}
	everyone := allowed(r.actor, access.TrailRead) == nil
	if !everyone {
		f.Actor = r.actor.ID
	}
	acts, err := c.House.Trail(r.Context(), f)
	if err != nil {
		return answer{}, err
	}
	v := page.Trail{Views: peopleViews("trail", r.actor)}
	v.Frame = c.frame(r, "people", "Trail", "Who did what?", key("next, previous", "J", "K"))
	v.Answer = page.Count(len(acts), "act") + ", newest first."
	if len(acts) == actsShown {
		v.Answer = page.Plural(actsShown, "act") + ", newest first."
		q.Set("before", acts[len(acts)-1].ID)
		v.Older = "/trail?" + q.Encode()
	}
	if v.Context, err = c.reachesBack(r, f.Actor, everyone, acts); err != nil {
		return answer{}, err
	}
	for _, verb := range []access.Verb{access.FindingJudge, access.FindingSuppress, access.SearchRun, access.HuntRun, access.JournalVerify, access.PeopleWrite, access.TokenWrite, access.SelfWrite,
		access.CaseRead, access.CaseDecide, access.CaseReveal, access.RecordTrace, access.RecordRead, access.StaffDay} {
		v.Verbs = append(v.Verbs, page.Choice{Value: string(verb), Text: did(verb), Chosen: f.Verb == verb})
	}
	names := map[string]string{}
	for i := range acts {
		a := &acts[i]
		names[a.Actor.ID] = page.Clean(a.Actor.Name, 60)
		v.Rows = append(v.Rows, actRow(a, r.clock))
	}
	if everyone {
		for id, name := range names {
			v.People = append(v.People, page.Choice{Value: id, Text: name, Chosen: f.Actor == id})
		}
		slices.SortFunc(v.People, func(a, b page.Choice) int { return strings.Compare(a.Text, b.Text) })
	} else {
		v.People = []page.Choice{{Value: r.actor.ID, Text: page.Clean(r.actor.Name, 60), Chosen: true}}
	}
	return view("trail", v), nil
}

// reachesBack says how far back the acts on the page go, and how far the trail does.
func (c *Console) reachesBack(r *request, actor string, everyone bool, acts []access.Act) (string, error) {
	whose := ""
	if !everyone {
		whose = actor
	}
	first, err := c.House.TrailBegins(r.Context(), whose)
	if err != nil || first.IsZero() {
		return "Each act is sealed before it is done, and so is how it ended.", err
	}
	says := "Each was sealed before it was done, and so was how it ended. "
	if len(acts) > 0 {
		says += "This page goes back to " + r.clock.At(acts[len(acts)-1].At) + ", the trail to " + r.clock.At(first) + "."
	} else {
		says += "The trail goes back to " + r.clock.At(first) + "."
	}
	return says + " It keeps acts for as long as the journal does.", nil
}

func actRow(a *access.Act, clock page.Clock) page.ActRow {
	row := page.ActRow{Time: clock.Second(a.At), Who: page.Clean(a.Actor.Name, 60), What: did(a.Verb), Seal: seal(a.Intent.Entry, a.Intent.Line)}
	var parts []string
	for _, k := range []string{"change", "verdict", "name", "roles", "role", "source", "rule", "days", "words", "fields", "hours", "indicators"} {
		if value := a.Detail[k]; value != "" {
			parts = append(parts, k+" "+page.Clean(value, 60))
		}
	}
	if len(parts) == 0 && a.Object.ID != "" && !strings.HasPrefix(string(a.Verb), "session.") {
		parts = []string{page.Clean(a.Object.Kind+" "+a.Object.ID, 60)}
	}
	row.Object = strings.Join(parts, ", ")
	for step, word := range map[string]string{"proposes": "proposed: ", "agrees to": "agreed: ", "declines": "declined: "} {
		if a.Detail[step] != "" {
			row.What = word + row.What
		}
	}
	switch a.Outcome {
	case access.Done:
		row.State = page.OK("Done")
	case access.Refused:
		row.State, row.What = page.Look("Not allowed"), "wanted: "+row.What
	case access.Failed:
		row.State = page.Watch("Failed")
	case access.NotDone:
		row.State = page.Dim("Not done")
	case access.Lost:
		row.State = page.Look("End not known")
	default:
		row.State = page.Watch("No end noted")
	}
	return row
}
