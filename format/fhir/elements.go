package fhir

import "strings"

func auditEvent(n node) AuditEvent {
	e := AuditEvent{Release: R4}
	var inside []contained
	for name, v := range n.members() {
		switch name {
		case "id":
			e.ID = v.string()
		case "meta":
			e.Profiles = append(e.Profiles, texts(v, "profile")...)
		case "contained":
			inside = append(inside, containedResource(v))
		case "type":
			e.Type = append(e.Type, codings(v)...)
		case "category":
			e.Release = R5
			e.Type = append(e.Type, codings(v)...)
		case "subtype":
			e.Subtype = append(e.Subtype, codings(v)...)
		case "code":
			e.Release = R5
			e.Subtype = append(e.Subtype, codings(v)...)
		case "action":
			e.Action = v.string()
		case "severity":
			e.Severity = v.string()
		case "recorded":
			e.Recorded = v.string()
		case "period", "occurredPeriod":
			e.Start, e.End = member(v, "start"), member(v, "end")
		case "occurredDateTime":
			e.Start = v.string()
		case "outcome":
			e.outcome(v)
		case "outcomeDesc":
			e.OutcomeText = v.string()
		case "purposeOfEvent", "authorization":
			e.Purposes = append(e.Purposes, codings(v)...)
		case "patient":
			e.Release = R5
			e.Patient = reference(v)
		case "encounter":
			e.Release = R5
			e.Encounter = reference(v)
		case "agent":
			e.Agents = append(e.Agents, agent(v))
		case "source":
			e.Source = source(v)
		case "entity":
			e.Entities = append(e.Entities, entity(v))
		}
	}
	e.resolve(inside)
	return e
}

// outcome reads R4's code or R5's element.
func (e *AuditEvent) outcome(n node) {
	if !n.isObject() {
		e.Outcome = n.string()
		return
	}
	for name, v := range n.members() {
		switch name {
		case "code":
			e.Outcome = member(v, "code")
		case "detail":
			if e.OutcomeText == "" {
				e.OutcomeText = conceptText(v)
			}
		}
	}
}

// resolve completes references to contained resources (R4 and R5: hl7.org/fhir/references.html#contained).
func (e *AuditEvent) resolve(inside []contained) {
	if len(inside) == 0 {
		return
	}
	byID := make(map[string]*contained, len(inside))
	for i := range inside {
		if byID[inside[i].id] == nil { // the first counts
			byID[inside[i].id] = &inside[i]
		}
	}
	for i := range e.Agents {
		e.Agents[i].Who.resolve(byID)
	}
	for i := range e.Entities {
		e.Entities[i].What.resolve(byID)
	}
	e.Patient.resolve(byID)
	e.Encounter.resolve(byID)
	e.Source.Observer.resolve(byID)
}

func (r *Reference) resolve(inside map[string]*contained) {
	if len(r.Reference) < 2 || r.Reference[0] != '#' {
		return
	}
	c := inside[r.Reference[1:]]
	if c == nil {
		return
	}
	if r.Type == "" {
		r.Type = c.kind
	}
	if r.Identifier.Value == "" {
		r.Identifier = c.identifier
	}
}

// contained is what a reference needs to know of a contained resource.
type contained struct {
	id, kind   string
	identifier Identifier // the first
}

func containedResource(n node) contained {
	var c contained
	for name, v := range n.members() {
		switch name {
		case "id":
			c.id = v.string()
		case "resourceType":
			c.kind = v.string()
		case "identifier":
			if c.identifier.Value == "" {
				c.identifier = identifier(v)
			}
		}
	}
	return c
}

func agent(n node) Agent {
	var a Agent
	for name, v := range n.members() {
		switch name {
		case "type":
			a.Type = append(a.Type, codings(v)...)
		case "role":
			a.Roles = append(a.Roles, codings(v)...)
		case "who":
			a.Who = reference(v)
		case "altId":
			a.AltID = v.string()
		case "name":
			a.Name = v.string()
		case "requestor":
			a.Requestor = v.string() == "true"
		case "policy":
			a.Policies = append(a.Policies, v.string())
		case "network":
			a.Network, a.NetworkType = member(v, "address"), member(v, "type")
		case "networkString":
			a.Network = v.string()
		case "networkUri":
			a.Network, a.NetworkType = v.string(), "5"
		case "networkReference":
			r := reference(v)
			a.Network = r.Text()
		case "media":
			a.Media = first(codings(v))
		case "purposeOfUse", "authorization":
			a.Purposes = append(a.Purposes, codings(v)...)
		case "location":
			a.Location = reference(v)
		}
	}
	return a
}

func source(n node) Source {
	var s Source
	for name, v := range n.members() {
		switch name {
		case "site":
			s.Site = v.string()
			if v.isObject() {
				r := reference(v)
				s.Site = r.Text()
			}
		case "observer":
			s.Observer = reference(v)
		case "type":
			s.Types = append(s.Types, codings(v)...)
		}
	}
	return s
}

func entity(n node) Entity {
	var e Entity
	for name, v := range n.members() {
		switch name {
		case "what":
			e.What = reference(v)
		case "type":
			e.Type = first(codings(v))
		case "role":
			e.Role = append(e.Role, codings(v)...)
		case "lifecycle":
			e.Lifecycle = first(codings(v))
		case "securityLabel":
			e.SecurityLabels = append(e.SecurityLabels, codings(v)...)
		case "name":
			e.Name = v.string()
		case "description":
			e.Description = v.string()
		case "query":
			e.Query = v.string()
		case "detail":
			e.Details = append(e.Details, detail(v))
		}
	}
	return e
}

// detail reads a type and the value[x] beside it.
func detail(n node) Detail {
	var d Detail
	for name, v := range n.members() {
		switch {
		case name == "type" && v.isObject(): // R5
			d.Type = conceptText(v)
		case name == "type":
			d.Type = v.string()
		case strings.HasPrefix(name, "value") && v.isObject():
			d.Value = conceptText(v)
		case strings.HasPrefix(name, "value"):
			d.Value = v.string()
		}
	}
	return d
}

func reference(n node) Reference {
	var r Reference
	for name, v := range n.members() {
		switch name {
		case "reference":
			r.Reference = v.string()
		case "type":
			r.Type = v.string()
		case "display":
			r.Display = v.string()
		case "identifier":
			r.Identifier = identifier(v)
		}
	}
	return r
}

func identifier(n node) Identifier {
	var id Identifier
	for name, v := range n.members() {
		switch name {
		case "system":
			id.System = v.string()
		case "value":
			id.Value = v.string()
		case "type":
			id.Type = codings(v)
		}
	}
	return id
}

// codings reads a Coding, or the codings of a CodeableConcept; text alone becomes a display.
func codings(n node) []Coding {
	var list []Coding
	var own Coding
	text := ""
	for name, v := range n.members() {
		switch name {
		case "coding":
			list = append(list, codings(v)...)
		case "system":
			own.System = v.string()
		case "code":
			own.Code = v.string()
		case "display":
			own.Display = v.string()
		case "text":
			text = v.string()
		}
	}
	if own == (Coding{}) && len(list) == 0 {
		own.Display = text
	}
	if own != (Coding{}) {
		list = append(list, own)
	}
	return list
}

// conceptText is what a CodeableConcept says to people, or its code.
func conceptText(n node) string {
	if text := member(n, "text"); text != "" {
		return text
	}
	c := first(codings(n))
	if c.Display != "" {
		return c.Display
	}
	return c.Code
}

func first(list []Coding) Coding {
	if len(list) == 0 {
		return Coding{}
	}
	return list[0]
}

// member is the text of one member of n.
func member(n node, name string) string {
	for found, v := range n.members() {
		if found == name {
			return v.string()
		}
	}
	return ""
}

// texts are the elements of one array of n.
func texts(n node, name string) []string {
	var list []string
	for found, v := range n.members() {
		if found == name {
			list = append(list, v.string())
		}
	}
	return list
}
