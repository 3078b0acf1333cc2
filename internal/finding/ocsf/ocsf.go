// Package ocsf writes findings in the words that other security programs share: the
// Detection Finding of the Open Cybersecurity Schema Framework.
//
// Only attributes that every released schema from 1.4.0 to 1.8.0 knows are used, so
// a reader of any of these accepts the event. What OCSF has no place for (the rule's
// author and licence, care impact, the entities by their own names) stands under
// unmapped.
package ocsf

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/finding"
)

// Version is the schema version that events declare.
const Version = "1.5.0"

// Producer is who says it.
type Producer struct {
	Name    string // of the product
	Vendor  string
	Version string    // of the product; may be empty
	Now     time.Time // stands in for the time of findings whose events say none
}

// Event is a Detection Finding, class 2004. Encode it with encoding/json.
type Event struct {
	ActivityID   int          `json:"activity_id"`
	ActivityName string       `json:"activity_name"`
	CategoryUID  int          `json:"category_uid"`
	CategoryName string       `json:"category_name"`
	ClassUID     int          `json:"class_uid"`
	ClassName    string       `json:"class_name"`
	TypeUID      int          `json:"type_uid"`
	TypeName     string       `json:"type_name"`
	SeverityID   int          `json:"severity_id"`
	Severity     string       `json:"severity"`
	StatusID     int          `json:"status_id"`
	Status       string       `json:"status"`
	ConfidenceID int          `json:"confidence_id"`
	Confidence   string       `json:"confidence"`
	Time         int64        `json:"time"` // milliseconds since 1970
	StartTime    int64        `json:"start_time,omitempty"`
	EndTime      int64        `json:"end_time,omitempty"`
	Count        int          `json:"count"`
	Message      string       `json:"message"`
	IsAlert      bool         `json:"is_alert"`
	Metadata     Metadata     `json:"metadata"`
	Info         Info         `json:"finding_info"`
	Evidences    []Evidence   `json:"evidences,omitempty"`
	Observables  []Observable `json:"observables,omitempty"`
	Resources    []Resource   `json:"resources,omitempty"`
	Unmapped     Unmapped     `json:"unmapped"`
}

// Metadata is the object metadata.
type Metadata struct {
	Version string  `json:"version"`
	Product Product `json:"product"`
	UID     string  `json:"uid"`
}

// Product is the object product.
type Product struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

// Info is the object finding_info.
type Info struct {
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Desc        string   `json:"desc,omitempty"`
	FirstSeen   int64    `json:"first_seen_time,omitempty"`
	LastSeen    int64    `json:"last_seen_time,omitempty"`
	Analytic    Analytic `json:"analytic"`
	Attacks     []Attack `json:"attacks,omitempty"`
	DataSources []string `json:"data_sources,omitempty"`
	SrcURL      string   `json:"src_url,omitempty"`
	Types       []string `json:"types,omitempty"`
}

// Analytic is the object analytic: the rule.
type Analytic struct {
	TypeID   int    `json:"type_id"`
	Type     string `json:"type"`
	UID      string `json:"uid"`
	Name     string `json:"name"`
	Desc     string `json:"desc,omitempty"`
	Category string `json:"category,omitempty"`
}

// Attack is the object attack: a tactic, or a technique with its sub-technique. A
// rule's tags do not say which tactic belongs to which technique, so each stands in
// an Attack of its own.
type Attack struct {
	Tactic       *Named `json:"tactic,omitempty"`
	Technique    *Named `json:"technique,omitempty"`
	SubTechnique *Named `json:"sub_technique,omitempty"`
}

// Named is the object tactic, technique or sub_technique.
type Named struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
}

// Evidence is the object evidences; the matched event stands in data, whole.
type Evidence struct {
	Data Data `json:"data"`
}

// Data says where a matched event stands and what it holds.
type Data struct {
	Source string          `json:"source"`
	Record int64           `json:"record"`
	Time   int64           `json:"time,omitempty"`
	Fields json.RawMessage `json:"fields,omitempty"`
}

// Observable is the object observable. Its name points to where the value stands.
type Observable struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

// Resource is the object resource_details: a host or a device that was hurt.
type Resource struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Unmapped is what the class has no attribute for.
type Unmapped struct {
	Kind           string              `json:"kind"`
	Entities       map[string][]string `json:"entities,omitempty"`
	RuleAuthor     string              `json:"rule_author"`
	RuleLicense    string              `json:"rule_license,omitempty"`
	RuleSource     string              `json:"rule_source,omitempty"`
	RuleStatus     string              `json:"rule_status,omitempty"`
	RuleLevel      string              `json:"rule_level"`
	RuleTags       []string            `json:"rule_tags,omitempty"`
	References     []string            `json:"references,omitempty"`
	FalsePositives []string            `json:"false_positives,omitempty"`
	CareImpact     string              `json:"care_impact,omitempty"`
}

// DetectionFinding says f as a Detection Finding with the activity Create.
func DetectionFinding(f *finding.Finding, p Producer) *Event {
	r := &f.Rule
	e := &Event{
		ActivityID: 1, ActivityName: "Create", CategoryUID: 2, CategoryName: "Findings",
		ClassUID: 2004, ClassName: "Detection Finding", TypeUID: 200401, TypeName: "Detection Finding: Create",
		StatusID: 1, Status: "New", Count: f.Count, Message: message(f),
		Time: millis(f.Last), StartTime: millis(f.First), EndTime: millis(f.Last),
		Metadata: Metadata{Version: Version, UID: f.ID, Product: Product{Name: p.Name, Vendor: p.Vendor, Version: p.Version}},
		Unmapped: Unmapped{
			Kind: string(f.Kind), Entities: f.Entities, RuleAuthor: r.Author, RuleLicense: r.License, RuleSource: r.Source, RuleStatus: r.Status,
			RuleLevel: r.Level, RuleTags: r.Tags, References: r.References, FalsePositives: r.FalsePositives, CareImpact: r.CareImpact,
		},
	}
	if e.Time == 0 {
		e.Time = millis(p.Now)
	}
	e.SeverityID, e.Severity = severity(r.Level)
	e.IsAlert = e.SeverityID >= 3
	e.ConfidenceID, e.Confidence = confidence(r.Status)
	e.Info = info(f)
	for i := range f.Events {
		e.Evidences = append(e.Evidences, evidence(&f.Events[i]))
	}
	e.Observables, e.Resources = entities(f.Entities)
	return e
}

// millis is 0, which JSON leaves out, for no time. A time before 1970 counts as none:
// some readers take the number as unsigned.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(0, t.UnixMilli())
}

func message(f *finding.Finding) string {
	if f.Rule.CareImpact == "" {
		return f.Rule.Title
	}
	return f.Rule.Title + ". " + f.Rule.CareImpact
}

func severity(level string) (id int, caption string) {
	switch level {
	case "informational":
		return 1, "Informational"
	case "low":
		return 2, "Low"
	case "medium":
		return 3, "Medium"
	case "high":
		return 4, "High"
	case "critical":
		return 5, "Critical"
	}
	return 0, "Unknown"
}

// confidence rests on how well the rule is tried, which is what its status says.
func confidence(status string) (id int, caption string) {
	switch status {
	case "stable":
		return 3, "High"
	case "test":
		return 2, "Medium"
	case "experimental":
		return 1, "Low"
	}
	return 0, "Unknown"
}

func info(f *finding.Finding) Info {
	r := &f.Rule
	in := Info{
		UID: f.ID, Title: r.Title, Desc: r.Summary, FirstSeen: millis(f.First), LastSeen: millis(f.Last),
		Analytic: Analytic{TypeID: 1, Type: "Rule", UID: r.ID, Name: r.Title, Desc: r.Summary, Category: r.Type},
		Attacks:  attacks(r.Tags), Types: []string{string(f.Kind)},
	}
	for _, e := range f.Events {
		if !slices.Contains(in.DataSources, e.Source) {
			in.DataSources = append(in.DataSources, e.Source)
		}
	}
	for _, ref := range r.References {
		if u, err := url.Parse(ref); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			in.SrcURL = u.String()
			break
		}
	}
	return in
}

func evidence(e *finding.Evidence) Evidence {
	d := Data{Source: e.Source, Record: e.Record, Time: millis(e.Time)}
	if json.Valid(e.Fields) {
		d.Fields = e.Fields
		if !utf8.Valid(e.Fields) {
			d.Fields = bytes.ToValidUTF8(e.Fields, []byte("\ufffd"))
		}
	}
	return Evidence{Data: d}
}

// attacks reads the tags of the namespace attack: attack.t1059.001, attack.ta0002,
// attack.defense-evasion. Groups, software and campaigns are no attacks; they stay
// in rule_tags.
func attacks(tags []string) []Attack {
	var out []Attack
	for _, tag := range tags {
		name, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		switch {
		case !ok:
		case number(name, "ta", 4):
			out = append(out, Attack{Tactic: &Named{UID: strings.ToUpper(name)}})
		case number(name, "t", 4):
			out = append(out, Attack{Technique: &Named{UID: strings.ToUpper(name)}})
		case len(name) == 9 && name[5] == '.' && number(name[:5], "t", 4) && number(name[6:], "", 3):
			out = append(out, Attack{Technique: &Named{UID: strings.ToUpper(name[:5])}, SubTechnique: &Named{UID: strings.ToUpper(name)}})
		case name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-_") == "":
			out = append(out, Attack{Tactic: tactic(name)})
		}
	}
	return out
}

// number reports whether s is the prefix followed by so many digits.
func number(s, prefix string, digits int) bool {
	d, ok := strings.CutPrefix(s, prefix)
	return ok && len(d) == digits && strings.Trim(d, "0123456789") == ""
}

// tactic gives a tactic its name as ATT&CK writes it: Command and Control.
func tactic(tag string) *Named {
	words := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		if w != "and" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	n := &Named{Name: strings.Join(words, " ")}
	if n.Name == "" {
		n.Name = "Unknown"
	}
	n.UID = tactics()[n.Name]
	return n
}

func tactics() map[string]string {
	return map[string]string{
		"Reconnaissance": "TA0043", "Resource Development": "TA0042", "Initial Access": "TA0001", "Execution": "TA0002", "Persistence": "TA0003",
		"Privilege Escalation": "TA0004", "Defense Evasion": "TA0005", "Credential Access": "TA0006", "Discovery": "TA0007", "Lateral Movement": "TA0008",
		"Collection": "TA0009", "Command and Control": "TA0011", "Exfiltration": "TA0010", "Impact": "TA0040",
	}
}

// entities become observables, in the order of their names; hosts and devices are
// resources too.
func entities(all map[string][]string) (obs []Observable, res []Resource) {
	kinds := make([]string, 0, len(all))
	for kind := range all {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		id, caption := observable(kind)
		for _, v := range all[kind] {
			if v == "" {
				continue
			}
			o := Observable{Name: "unmapped.entities." + kind, TypeID: id, Type: caption, Value: v}
			if kind == "host" || kind == "device" {
				o.Name = "resources[].name"
				res = append(res, Resource{Name: v, Type: kind})
			}
			obs = append(obs, o)
		}
	}
	return obs, res
}

// observable is the type of an entity. The numbers are those of observable.type_id;
// with 99 the caption is our own.
func observable(kind string) (id int, caption string) {
	switch kind {
	case "host", "domain":
		return 1, "Hostname"
	case "ip":
		return 2, "IP Address"
	case "mac":
		return 3, "MAC Address"
	case "user":
		return 4, "User Name"
	case "email":
		return 5, "Email Address"
	case "url":
		return 6, "URL String"
	case "file":
		return 7, "File Name"
	case "hash":
		return 8, "Hash"
	case "process":
		return 9, "Process Name"
	case "":
		return 99, "Other"
	}
	return 99, strings.ToUpper(kind[:1]) + kind[1:]
}
