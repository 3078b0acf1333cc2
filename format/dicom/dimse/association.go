package dimse

// Association is what two applications agreed on before they speak of images, or what one of them asked for.
type Association struct {
	Calling, Called string // AE titles, without what filled them up
	Client, Server  Peer
	Contexts        []Context
	Identity        Identity // how the user is identified on whose behalf it was asked for; 0 when there is none
	User            string   // who it is, when that was said openly
}

// Peer is what one side told of itself.
type Peer struct {
	MaxLength uint32 // of the data of a PDU that is sent to it; 0: any
	Class     string // UID of its software
	Version   string // of its software, in its own words
}

// Context is one presentation context: what may be talked about and how it is encoded.
type Context struct {
	ID       byte
	Abstract string   // UID of the SOP class; empty when the request was not seen
	Proposed []string // UIDs of transfer syntaxes
	Result   Result
	Transfer string // UID of the transfer syntax that was chosen; empty unless Result is ContextAccepted
	// Whether the requestor asks (SCU) and answers (SCP), by default or by what both agreed on.
	SCU, SCP bool
}

// Context finds a presentation context by its ID.
func (a *Association) Context(id byte) (Context, bool) {
	if a != nil {
		for _, c := range a.Contexts {
			if c.ID == id {
				return c, true
			}
		}
	}
	return Context{ID: id, Result: ContextNotAnswered}, false
}

// Find returns the first accepted context for a SOP class, in one of the transfer syntaxes, or in any when none is given.
func (a *Association) Find(abstract string, transfers ...string) (Context, bool) {
	for _, c := range a.Contexts {
		if c.Abstract == abstract && c.Result == ContextAccepted && (len(transfers) == 0 || contains(transfers, c.Transfer)) {
			return c, true
		}
	}
	return Context{}, false
}

func contains(list []string, text string) bool {
	for _, t := range list {
		if t == text {
			return true
		}
	}
	return false
}

// Propose returns what a request asks for.
func Propose(rq Associate) *Association {
	a := &Association{Calling: rq.Calling.String(), Called: rq.Called.String()}
	for _, item := range rq.Items {
		switch item := item.(type) {
		case ContextRequest:
			a.Contexts = append(a.Contexts, Context{
				ID: item.ID, Abstract: item.Abstract(), Proposed: item.Transfers(), Result: ContextNotAnswered, SCU: true,
			})
		case UserInformation:
			a.Client.learn(item)
			for _, i := range item.Items {
				if u, ok := i.(UserIdentity); ok {
					a.Identity, a.User = u.Kind, u.User
				}
			}
		}
	}
	return a
}

// Answer returns what was agreed on: a and the answer to it. a may be nil when the request was not seen.
func (a *Association) Answer(ac Associate) *Association {
	b := &Association{Calling: ac.Calling.String(), Called: ac.Called.String()}
	if a != nil {
		*b = *a // the titles in an answer mean nothing (PS3.8 9.3.3)
		b.Contexts = append([]Context(nil), a.Contexts...)
	}
	place := map[byte]int{}
	for n, c := range b.Contexts {
		if _, ok := place[c.ID]; !ok {
			place[c.ID] = n
		}
	}
	roles := map[string]Role{}
	for _, item := range ac.Items {
		switch item := item.(type) {
		case ContextAnswer:
			n, ok := place[item.ID]
			if !ok {
				n = len(b.Contexts)
				place[item.ID] = n
				b.Contexts = append(b.Contexts, Context{ID: item.ID, SCU: true})
			}
			c := &b.Contexts[n]
			if c.Result, c.Transfer = item.Result, ""; c.Result == ContextAccepted {
				c.Transfer = item.Transfer()
			}
		case UserInformation:
			b.Server.learn(item)
			for _, i := range item.Items {
				if r, ok := i.(Role); ok {
					roles[trimUID(r.Class)] = r
				}
			}
		}
	}
	for n := range b.Contexts {
		if r, ok := roles[b.Contexts[n].Abstract]; ok {
			b.Contexts[n].SCU, b.Contexts[n].SCP = r.SCU == 1, r.SCP == 1
		}
	}
	return b
}

// learn takes down what a side says of itself.
func (p *Peer) learn(u UserInformation) {
	for _, item := range u.Items {
		switch item := item.(type) {
		case MaxLength:
			p.MaxLength = item.Bytes
		case ImplementationClass:
			p.Class = trimUID(item.UID)
		case ImplementationVersion:
			p.Version = trimUID(item.Name)
		}
	}
}
