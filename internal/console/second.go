package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/triage"
)

// Four acts take two people, where there are two who may: to have findings not shown any more, to have a kind of access
// not become a case any more, to see the names of many patients, and to make somebody an administrator or an auditor. One
// person could otherwise blind the house, empty it, or let in who does.

// grant is what is proposed about a person: other roles, or an invitation.
type grant struct {
	Person  string        `json:"person,omitempty"` // id; empty for an invitation
	Name    string        `json:"name"`
	Display string        `json:"display"`
	Roles   []access.Role `json:"roles"`
}

// waits proposes an act to somebody else when it takes two people here, and tells whether it did.
func (c *Console) waits(ctx context.Context, v access.Verb, o access.Object, detail map[string]string, terms any) (bool, error) {
	if c.Alone {
		return false, nil
	}
	second, err := c.House.Second(ctx, v, o)
	if err != nil || !second {
		return false, err
	}
	return true, c.House.Propose(ctx, v, o, detail, terms)
}

// heavy tells whether roles of these are given only by two people.
func heavy(roles []access.Role) bool {
	return slices.Contains(roles, access.Admin) || slices.Contains(roles, access.Auditor)
}

// grants proposes what gives heavy roles, where that takes two people.
func (c *Console) grants(r *request, g grant) (bool, error) {
	if !heavy(g.Roles) {
		return false, nil
	}
	change := "invite"
	if g.Person != "" {
		change = "roles"
	}
	names := make([]string, len(g.Roles))
	for i, role := range g.Roles {
		names[i] = string(role)
	}
	detail := map[string]string{"change": change, "name": g.Name, "roles": strings.Join(names, " ")}
	return c.waits(r.Context(), access.PeopleWrite, access.Object{Kind: "person", ID: g.Person, Owner: g.Person}, detail, g)
}

// proposals are those of a verb, as a page shows them.
func (c *Console) proposals(r *request, v access.Verb, base string) ([]page.Proposal, error) {
	all, err := c.House.Proposals(r.Context())
	if err != nil {
		return nil, err
	}
	var rows []page.Proposal
	for i := range all {
		p := &all[i]
		if p.Verb != v {
			continue
		}
		may, err := c.mayAgree(r, p)
		if err != nil {
			return nil, err
		}
		if may {
			rows = append(rows, c.proposal(r, p, base+p.ID))
		}
	}
	return rows, nil
}

// mayAgree tells whether a proposal is none of those that say something about the reader, or about whom the reader reports to:
// whom a case is about does not learn of it here, and has no say in it.
func (c *Console) mayAgree(r *request, p *access.Proposal) (bool, error) {
	switch {
	case c.Privacy == nil || p.Verb != access.CaseDecide && p.Verb != access.CaseReveal:
		return true, nil
	case p.Object.Kind == "case":
		k, err := c.listed(r, p.Object.ID)
		return k != nil, err
	case p.Object.Kind == "staff":
		id, err := strconv.ParseInt(p.Object.ID, 10, 64)
		if err != nil {
			return false, nil
		}
		same, err := c.sameLine(r, hospital.StaffID(id))
		return !same, err
	}
	return true, nil
}

// mayAnswer is access.ErrProposal, as if there were none, for whoever may not learn of a proposal.
func (c *Console) mayAnswer(r *request) error {
	all, err := c.House.Proposals(r.Context())
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID != r.PathValue("id") {
			continue
		}
		if may, err := c.mayAgree(r, &all[i]); err != nil || !may {
			return cmp.Or(err, access.ErrProposal)
		}
	}
	return nil
}

func (c *Console) proposal(r *request, p *access.Proposal, base string) page.Proposal {
	row := page.Proposal{By: page.Clean(p.Display, 80), Until: r.clock.At(p.Ends), Decline: base + "/decline", Word: "Decline"}
	if p.By == r.actor.ID {
		row.By, row.Word = "you", "Withdraw"
	} else {
		row.Agree = base + "/agree"
	}
	var g grant
	var s triage.Suppression
	var l lesson
	var want namesWanted
	switch p.Verb {
	case access.CaseReveal:
		if json.Unmarshal(p.Terms, &want) == nil {
			row.Title = "Show the names of " + page.Plural(want.Patients, "patient") + ", " + page.Clean(want.Title, 60)
			row.Text = "For 15 minutes, to who asked. Reason given: " + reasonSays(want.Reason)
		}
	case access.CaseDecide:
		if json.Unmarshal(p.Terms, &l) == nil && l.Decision.Missing != nil {
			row.Title = "Set aside all accesses like those of case " + page.Clean(l.Number, 20)
			row.Text = "The fact that was missing: " + page.Clean(l.Decision.Missing.Fact, 300) + ". Why: " + page.Clean(l.Decision.Why, 300)
			row.Receipt = trialView(&l.Decision.Missing.Trial).Text
		}
	case access.PeopleWrite:
		if json.Unmarshal(p.Terms, &g) == nil {
			row.Title = either(g.Person == "", "Invite ", "Change the roles of ") + page.Clean(g.Display, 100)
			row.Text = "To be " + rolesOf(g.Roles) + ". The name to sign in with is " + page.Clean(g.Name, 64) + "."
		}
	case access.FindingSuppress:
		if json.Unmarshal(p.Terms, &s) == nil {
			row.Title = "Hide findings of " + c.titleOf(s.Rule)
			row.Text = fmt.Sprintf("About %s, until %s. Why: %s", about(&s), r.clock.At(s.Expires), page.Clean(s.Reason, 300))
			row.Receipt = c.receiptOf(r.Context(), s)
		}
	}
	return row
}

// receiptOf says in a sentence what a suppression would hide.
func (c *Console) receiptOf(ctx context.Context, s triage.Suppression) string {
	receipt, err := c.Desk.Would(ctx, s)
	if err != nil {
		return "What it would hide cannot be counted now."
	}
	return receiptView(receipt).Text
}

// agree does what somebody else proposed.
func (c *Console) agree(r *request) (answer, error) {
	to := "/hidden?done=hidden"
	var made answer
	if err := c.mayAnswer(r); err != nil {
		return answer{}, err
	}
	err := c.House.Agree(r.Context(), r.PathValue("id"), func(ctx context.Context, p access.Proposal) (err error) {
		switch p.Verb {
		case access.FindingSuppress:
			return c.agreeHide(ctx, &p)
		case access.PeopleWrite:
			made, to, err = c.agreeGrant(r, &p)
			return err
		case access.CaseReveal:
			to = "/review?done=shown-names"
			return c.agreeNames(&p)
		case access.CaseDecide:
			to = "/review?done=learned"
			return c.agreeLesson(ctx, &p)
		}
		return errAbsent
	})
	if err != nil || to == "" {
		return made, err
	}
	return answer{to: to}, nil
}

func (c *Console) agreeHide(ctx context.Context, p *access.Proposal) error {
	var s triage.Suppression
	if err := json.Unmarshal(p.Terms, &s); err != nil {
		return fmt.Errorf("read proposal: %w", err)
	}
	_, err := c.Desk.Suppress(ctx, s)
	return err
}

// agreeGrant gives roles. The change itself is sealed as well, in the name of whoever agrees.
func (c *Console) agreeGrant(r *request, p *access.Proposal) (made answer, to string, err error) {
	var g grant
	if err := json.Unmarshal(p.Terms, &g); err != nil {
		return answer{}, "", fmt.Errorf("read proposal: %w", err)
	}
	if g.Person != "" {
		return answer{}, "/people?done=roles", c.House.SetRoles(r.Context(), g.Person, g.Roles)
	}
	made, err = c.sendInvitation(r, g)
	return made, "", err
}

// decline ends a proposal.
func (c *Console) decline(r *request) (answer, error) {
	to := "/hidden?done=declined"
	if strings.HasPrefix(r.URL.Path, "/people/") {
		to = "/people?done=declined"
	} else if strings.HasPrefix(r.URL.Path, "/review/") {
		to = "/review?done=declined"
	}
	if err := c.mayAnswer(r); err != nil {
		return answer{}, err
	}
	return answer{to: to}, c.House.Decline(r.Context(), r.PathValue("id"))
}

// mention says on Today that somebody waits for the reader's agreement.
func (c *Console) mention(r *request, v *page.Today) {
	n, link := c.toDecide(r)
	if n == 0 {
		return
	}
	if v.Now.State.Class != "ok" {
		link.Text = page.Count(n, "proposal") + either(n == 1, " waits", " wait") + " for your agreement"
		v.Now.More = append(v.Now.More, link)
		return
	}
	v.Answer = page.Count(n, "proposal") + either(n == 1, " waits", " wait") + " for your agreement."
	v.Now = page.Now{State: page.Watch("Two people"), Label: "One thing to do", Title: "Say whether you agree", Text: "A colleague proposed what one person does not do alone here. After a day it is void.", Action: link}
}

// toDecide counts what others proposed and the reader may agree to, and says where.
func (c *Console) toDecide(r *request) (n int, link page.Link) {
	all, err := c.House.Proposals(r.Context())
	if err != nil {
		return 0, link // the page that lists them says so
	}
	for i := range all {
		if all[i].By == r.actor.ID {
			continue
		}
		if may, err := c.mayAgree(r, &all[i]); err != nil || !may {
			continue
		}
		if n++; n == 1 {
			link = page.Link{Text: "See what is proposed", URL: "/hidden"}
			switch all[i].Verb {
			case access.PeopleWrite:
				link.URL = "/people"
			case access.CaseDecide, access.CaseReveal:
				link.URL = "/review"
			}
		}
	}
	return n, link
}
