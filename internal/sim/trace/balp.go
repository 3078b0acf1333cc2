package trace

import (
	"encoding/base64"
	"time"
)

// Interaction is one interaction with a FHIR server as IHE's Basic Audit Log Patterns record it, in release 4.
type Interaction struct {
	ID      uint64 // of the record
	Request string // X-Request-Id: one request that shows forty patients is forty records of one Request
	Kind    string // read vread search create update delete, export, or security
	Who     Who    // the user; empty for a service that acts by itself
	Client  string // of the application
	From    From
	Token   string // identifier of the access token (jti), or its last 32 characters
	Patient string // reference or number of the patient; empty where none is concerned
	// Authority is who issued Patient when it is a number; empty when it is a reference.
	Authority string
	What      string // reference of what was read or written
	Query     string // of a search, as it stood in the request
	Labels    []string
	Failed    bool
}

const balp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."

// AuditEvent is the record as a JSON resource.
func (i Interaction) AuditEvent(at time.Time) []byte {
	kind, action, profile := i.kind()
	outcome := "0"
	if i.Failed {
		outcome = "8"
	}
	return object(fields{
		"resourceType": "AuditEvent", "id": UUID(i.ID), "meta": fields{"profile": []string{balp + profile}},
		"type": kind, "subtype": i.subtype(), "action": action, "recorded": millis(at), "outcome": outcome,
		"agent": i.agents(), "entity": i.entities(),
		"source": fields{
			"site": "fhir.example.org", "observer": fields{"reference": "Device/fhir-server", "display": "FHIR-01"},
			"type": []fields{coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")},
		},
	})
}

// kind is the type of the event, its action, and the profile that it keeps to.
func (i Interaction) kind() (kind fields, action, profile string) {
	rest := coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "Restful Operation")
	of := "Patient"
	if i.Patient == "" {
		of = ""
	}
	switch i.Kind {
	case "read", "vread":
		return rest, "R", of + "Read"
	case "search":
		return rest, "E", of + "Query"
	case "create":
		return rest, "C", of + "Create"
	case "update":
		return rest, "U", of + "Update"
	case "delete":
		return rest, "D", of + "Delete"
	case "export":
		return coding(dcmURI, "110106", "Export"), "R", "PrivacyDisclosure.Source"
	}
	return coding(dcmURI, "110113", "Security Alert"), "E", "AuthZconsent"
}

const dcmURI = "http://dicom.nema.org/resources/ontology/DCM"

func (i Interaction) subtype() []fields {
	switch i.Kind {
	case "export":
		return []fields{coding("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose", "disclose")}
	case "security":
		return []fields{coding(dcmURI, "110126", "Node Authentication")}
	}
	return []fields{coding("http://hl7.org/fhir/restful-interaction", i.Kind, i.Kind)}
}

// agents are the client, the server and the user. Who asks is the source of a search or a write and the destination of a read.
func (i Interaction) agents() []fields {
	client, server := coding(dcmURI, "110153", "Source Role ID"), coding(dcmURI, "110152", "Destination Role ID")
	if i.Kind == "read" || i.Kind == "vread" {
		client, server = server, client
	}
	agents := []fields{
		{"type": concept(client), "who": fields{"display": i.Client}, "requestor": i.Who.Login == "", "network": fields{"address": i.From.IP, "type": "2"}},
		{"type": concept(server), "who": fields{"reference": "Device/fhir-server"}, "requestor": false,
			"network": fields{"address": "https://fhir.example.org/r4", "type": "5"}},
	}
	if i.Who.Login == "" {
		return agents
	}
	user := fields{
		"type": concept(coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")),
		"who":  fields{"identifier": fields{"system": "https://login.example.org", "value": i.Who.Login}, "display": i.Who.Name},
		"name": i.Who.Name, "requestor": true,
	}
	if i.Token != "" {
		user["policy"] = []string{"urn:ietf:params:oauth:jti:" + i.Token}
	}
	return append(agents, user)
}

func (i Interaction) entities() []fields {
	var all []fields
	if i.Query != "" {
		all = append(all, fields{
			"type": entityType("2", "System Object"), "role": objectRole("24", "Query"),
			"query": base64.StdEncoding.EncodeToString([]byte(i.Query)),
		})
	}
	if i.What != "" {
		what := fields{"what": fields{"reference": i.What}, "type": entityType("2", "System Object"), "role": objectRole("4", "Domain Resource")}
		if len(i.Labels) > 0 {
			var labels []fields
			for _, l := range i.Labels {
				labels = append(labels, coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", l, l))
			}
			what["securityLabel"] = labels
		}
		all = append(all, what)
	}
	if i.Patient != "" {
		what := fields{"reference": i.Patient}
		if i.Authority != "" {
			what = fields{"identifier": fields{"system": i.Authority, "value": i.Patient}}
		}
		all = append(all, fields{"what": what, "type": entityType("1", "Person"), "role": objectRole("1", "Patient")})
	}
	return append(all, fields{
		"what": fields{"identifier": fields{"value": i.Request}},
		"type": coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId", "X-Request-Id"),
	})
}

func coding(system, code, display string) fields {
	return fields{"system": system, "code": code, "display": display}
}

func concept(c fields) fields { return fields{"coding": []fields{c}} }

func entityType(code, display string) fields {
	return coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", code, display)
}

func objectRole(code, display string) fields {
	return coding("http://terminology.hl7.org/CodeSystem/object-role", code, display)
}
