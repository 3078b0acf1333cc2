package dimse

import (
	"errors"
	"strings"
)

// ApplicationContextUID is the only application context there is (PS3.7 A.2.1).
const ApplicationContextUID = "1.2.840.10008.3.1.1.1"

// Software is how one side introduces itself.
type Software struct {
	MaxLength uint32 // of the data of a PDU that is sent to us; 0: any, for it is read in pieces anyway
	Class     string // UID of the software; empty: ImplementationUID
	Version   string // at most 16 characters; may be empty
}

// ImplementationUID tells others which software speaks (PS3.7 D.3.3.2.1). It was made as PS3.5 B.2 says.
const ImplementationUID = "2.25.148604194835925475590628984478353754933"

func (s Software) items() []Item {
	if s.Class == "" {
		s.Class = ImplementationUID
	}
	items := []Item{MaxLength{Bytes: s.MaxLength}, ImplementationClass{UID: s.Class}}
	if s.Version != "" {
		items = append(items, ImplementationVersion{Name: s.Version})
	}
	return items
}

// Offer is what an Acceptor takes.
type Offer struct {
	Abstract  string   // UID of a SOP class, or the beginning of those of many, with its last dot
	Transfers []string // UIDs of transfer syntaxes; of those that are proposed the first is chosen that is here, and if there are none here, the first
	Asks      bool     // the acceptor may ask and the requestor answer, when the requestor proposes that, as for C-GET
}

func (o Offer) takes(abstract string) bool {
	return o.Abstract == abstract || strings.HasSuffix(o.Abstract, ".") && strings.HasPrefix(abstract, o.Abstract)
}

// choose picks a transfer syntax.
func (o Offer) choose(proposed []string) (string, bool) {
	for _, t := range proposed {
		if len(o.Transfers) == 0 || contains(o.Transfers, t) {
			return t, true
		}
	}
	return "", false
}

// Acceptor answers those who ask for an association.
type Acceptor struct {
	Titles   []string // AE titles it answers to; none: any
	Callers  []string // AE titles it answers; none: anybody
	Offers   []Offer  // the first that fits counts
	Software Software
}

// Answer returns what to answer to a request, and what is agreed on then: nil when the answer is a Reject or, to what is no
// request at all, an Abort.
func (a Acceptor) Answer(rq Associate) (PDU, *Association) {
	if refusal := a.refuse(rq); refusal != nil {
		return refusal, nil
	}
	// Titles and reserved fields are repeated (PS3.8 9.3.3).
	ac := Associate{Accept: true, Version: 1, Called: rq.Called, Calling: rq.Calling, Spare: rq.Spare}
	ac.Items = append(ac.Items, ApplicationContext{Name: ApplicationContextUID})
	user := UserInformation{Items: a.Software.items()}
	for _, item := range rq.Items {
		switch item := item.(type) {
		case ContextRequest:
			ac.Items = append(ac.Items, a.context(item))
		case UserInformation:
			user.Items = append(user.Items, a.roles(item)...)
		}
	}
	ac.Items = append(ac.Items, user)
	return ac, Propose(rq).Answer(ac)
}

// refuse returns why a request cannot be accepted, or nil.
func (a Acceptor) refuse(rq Associate) PDU {
	if rq.Version&1 == 0 {
		return Reject{Result: rejectPermanent, Source: ByAssociation, Reason: VersionUnknown}
	}
	application := ""
	seen := map[byte]bool{}
	for _, item := range rq.Items {
		switch item := item.(type) {
		case ApplicationContext:
			application = trimUID(item.Name)
		case ContextRequest:
			if item.ID%2 == 0 || seen[item.ID] { // PS3.8 9.3.2.2
				return Abort{Source: abortByProvider, Reason: abortBadArgument}
			}
			seen[item.ID] = true
		}
	}
	switch {
	case application != ApplicationContextUID:
		return Reject{Result: rejectPermanent, Source: ByUser, Reason: ContextName}
	case len(a.Titles) > 0 && !contains(a.Titles, rq.Called.String()):
		return Reject{Result: rejectPermanent, Source: ByUser, Reason: CalledUnknown}
	case len(a.Callers) > 0 && !contains(a.Callers, rq.Calling.String()):
		return Reject{Result: rejectPermanent, Source: ByUser, Reason: CallingUnknown}
	}
	return nil
}

func (a Acceptor) offer(abstract string) (Offer, bool) {
	for _, o := range a.Offers {
		if o.takes(abstract) {
			return o, true
		}
	}
	return Offer{}, false
}

// context answers one proposed context. A transfer syntax must be in the answer even when it means nothing (PS3.8 9.3.3.2).
func (a Acceptor) context(rq ContextRequest) ContextAnswer {
	answer := ContextAnswer{ID: rq.ID, Result: AbstractUnknown}
	uid := ""
	if list := rq.Transfers(); len(list) > 0 {
		uid = list[0]
	}
	if o, ok := a.offer(rq.Abstract()); ok {
		answer.Result = TransfersUnknown
		if t, ok := o.choose(rq.Transfers()); ok {
			uid, answer.Result = t, ContextAccepted
		}
	}
	answer.Items = []Item{TransferSyntax{UID: uid}}
	return answer
}

// roles answers what was proposed about who asks (PS3.7 D.3.3.4).
func (a Acceptor) roles(u UserInformation) (list []Item) {
	for _, item := range u.Items {
		r, ok := item.(Role)
		if !ok {
			continue
		}
		if o, ok := a.offer(trimUID(r.Class)); ok {
			r.Reserved = 0
			if !o.Asks {
				r.SCP = 0
			}
			list = append(list, r)
		}
	}
	return list
}

// Proposal is one kind of thing a Requestor wants to talk about.
type Proposal struct {
	Abstract  string   // UID of a SOP class
	Transfers []string // UIDs of transfer syntaxes, the best first
	Answers   bool     // the requestor answers instead of asking, as it does for what a C-GET brings
}

// Requestor asks for an association.
type Requestor struct {
	Calling, Called string // AE titles
	Proposals       []Proposal
	Identity        *UserIdentity // on whose behalf, or nil
	Software        Software
}

// Request returns what to send. Contexts have the odd numbers from 1 on, in the order of the proposals; 128 is the most.
func (r Requestor) Request() (Associate, error) {
	switch {
	case !isTitle(r.Calling) || !isTitle(r.Called):
		return Associate{}, errors.New("dimse: an AE title must have 1 to 16 printable characters and no backslash") // PS3.5 6.2
	case len(r.Proposals) == 0 || len(r.Proposals) > 128:
		return Associate{}, errors.New("dimse: an association needs 1 to 128 proposals")
	}
	rq := Associate{Version: 1, Called: NewTitle(r.Called), Calling: NewTitle(r.Calling)}
	rq.Items = append(rq.Items, ApplicationContext{Name: ApplicationContextUID})
	user := UserInformation{Items: r.Software.items()}
	told := map[string]bool{}
	for n, p := range r.Proposals {
		items := []Item{AbstractSyntax{UID: p.Abstract}}
		for _, t := range p.Transfers {
			items = append(items, TransferSyntax{UID: t})
		}
		rq.Items = append(rq.Items, ContextRequest{ID: byte(2*n + 1), Items: items})
		if p.Answers && !told[p.Abstract] {
			told[p.Abstract] = true
			user.Items = append(user.Items, Role{Class: p.Abstract, SCP: 1})
		}
	}
	if r.Identity != nil {
		user.Items = append(user.Items, *r.Identity)
	}
	rq.Items = append(rq.Items, user)
	return rq, nil
}

// isTitle tells what may be an AE title: blanks around it do not count, and it may not be all blanks.
func isTitle(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return len(name) <= len(Title{}) && strings.TrimSpace(name) != ""
}

// Agreed returns what an answer to a request agrees on. It fails when the answer accepts what was not proposed.
func Agreed(rq, ac Associate) (*Association, error) {
	proposed := Propose(rq)
	seen := map[byte]bool{}
	for _, item := range ac.Items {
		answer, ok := item.(ContextAnswer)
		if !ok {
			continue
		}
		c, known := proposed.Context(answer.ID)
		if !known || seen[answer.ID] || answer.Result == ContextAccepted && !contains(c.Proposed, answer.Transfer()) {
			return nil, errors.New("dimse: the answer to a request accepts what was not proposed")
		}
		seen[answer.ID] = true
	}
	return proposed.Answer(ac), nil
}
