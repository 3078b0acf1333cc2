package atna

import (
	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/internal/event"
)

// flat writes the attributes that rules ask for, under the names that the standard gives them.
func (w *writer) flat(m *atna.Message, b *event.Builder) {
	text(b, "EventID", m.EventID.Value)
	text(b, "EventIDDisplay", m.EventID.Text)
	codes(b, "EventTypeCode", m.EventTypes)
	displays(b, "EventTypeCodeDisplay", m.EventTypes)
	text(b, "EventActionCode", m.Action)
	text(b, "EventDateTime", m.DateTime)
	text(b, "EventOutcomeIndicator", m.Outcome)
	text(b, "EventOutcomeDescription", m.OutcomeDescription)
	codes(b, "PurposeOfUse", m.Purposes)
	if p := actor(m); p != nil {
		text(b, "UserID", p.UserID)
		text(b, "AlternativeUserID", p.AlternativeUserID)
		text(b, "UserName", p.UserName)
		text(b, "UserIsRequestor", p.UserIsRequestor)
		codes(b, "RoleIDCode", p.Roles)
		text(b, "NetworkAccessPointID", p.NetworkAccessPointID)
		text(b, "NetworkAccessPointTypeCode", p.NetworkAccessPointTypeCode)
	}
	if len(m.Sources) > 0 {
		text(b, "AuditSourceID", m.Sources[0].AuditSourceID)
		text(b, "AuditEnterpriseSiteID", m.Sources[0].AuditEnterpriseSiteID)
	}
	w.objectIDs("PatientID", m, b, func(o *atna.Object) bool { return o.IsPatient() })
	w.objectIDs("ParticipantObjectID", m, b, func(*atna.Object) bool { return true })
	w.objectIDs("StudyInstanceUID", m, b, func(o *atna.Object) bool { return o.IDType.Value == studyUID })
	text(b, "Query", w.access.Query)
	if m.Broken {
		b.Bool("Truncated", true)
	}
	if m.BadCharset {
		b.Bool("BadCharset", true)
	}
}

func (w *writer) objectIDs(name string, m *atna.Message, b *event.Builder, wanted func(*atna.Object) bool) {
	w.list = w.list[:0]
	for i := range m.Objects {
		if o := &m.Objects[i]; o.ID != "" && wanted(o) {
			w.list = append(w.list, o.ID)
		}
	}
	if len(w.list) > 0 {
		b.Strings(name, w.list)
	}
}

func participants(m *atna.Message, b *event.Builder) {
	b.Array("ActiveParticipant")
	for i := range m.Participants {
		p := &m.Participants[i]
		b.Object("")
		text(b, "UserID", p.UserID)
		text(b, "AlternativeUserID", p.AlternativeUserID)
		text(b, "UserName", p.UserName)
		text(b, "UserIsRequestor", p.UserIsRequestor)
		text(b, "NetworkAccessPointID", p.NetworkAccessPointID)
		text(b, "NetworkAccessPointTypeCode", p.NetworkAccessPointTypeCode)
		coded(b, "RoleIDCode", p.Roles)
		coded(b, "MediaType", p.Media)
		b.End()
	}
	b.End()
}

func sources(m *atna.Message, b *event.Builder) {
	b.Array("AuditSourceIdentification")
	for i := range m.Sources {
		s := &m.Sources[i]
		b.Object("")
		text(b, "AuditSourceID", s.AuditSourceID)
		text(b, "AuditEnterpriseSiteID", s.AuditEnterpriseSiteID)
		coded(b, "AuditSourceTypeCode", s.Types)
		b.End()
	}
	b.End()
}

func objects(m *atna.Message, b *event.Builder) {
	b.Array("ParticipantObjectIdentification")
	for i := range m.Objects {
		object(&m.Objects[i], b)
	}
	b.End()
}

func object(o *atna.Object, b *event.Builder) {
	b.Object("")
	text(b, "ParticipantObjectID", o.ID)
	text(b, "ParticipantObjectTypeCode", o.TypeCode)
	text(b, "ParticipantObjectTypeCodeRole", o.Role)
	text(b, "ParticipantObjectDataLifeCycle", o.DataLifeCycle)
	text(b, "ParticipantObjectSensitivity", o.Sensitivity)
	if o.IDType != (atna.Code{}) {
		b.Object("ParticipantObjectIDTypeCode")
		code(b, o.IDType)
		b.End()
	}
	text(b, "ParticipantObjectName", o.Name)
	text(b, "ParticipantObjectQuery", o.Query)
	if len(o.Details) > 0 {
		b.Array("ParticipantObjectDetail")
		for _, d := range o.Details {
			b.Object("")
			text(b, "type", d.Type)
			text(b, "value", d.Value)
			b.End()
		}
		b.End()
	}
	list(b, "Accession", o.Accessions)
	list(b, "MPPS", o.MPPS)
	list(b, "ParticipantObjectContainsStudy", o.Studies)
	if len(o.SOPClasses) > 0 {
		b.Array("SOPClass")
		for _, c := range o.SOPClasses {
			b.Object("")
			text(b, "UID", c.UID)
			text(b, "NumberOfInstances", c.NumberOfInstances)
			list(b, "Instance", c.Instances)
			b.End()
		}
		b.End()
	}
	text(b, "Encrypted", o.Encrypted)
	text(b, "Anonymized", o.Anonymized)
	b.End()
}

// coded writes codes as received, under the names of the current standard.
func coded(b *event.Builder, name string, values []atna.Code) {
	if len(values) == 0 {
		return
	}
	b.Array(name)
	for _, c := range values {
		b.Object("")
		code(b, c)
		b.End()
	}
	b.End()
}

func code(b *event.Builder, c atna.Code) {
	text(b, "csd-code", c.Value)
	text(b, "codeSystemName", c.System)
	text(b, "originalText", c.Text)
}

func codes(b *event.Builder, name string, values []atna.Code) {
	if len(values) == 0 {
		return
	}
	b.Array(name)
	for _, c := range values {
		b.String("", c.Value)
	}
	b.End()
}

func displays(b *event.Builder, name string, values []atna.Code) {
	if len(values) == 0 {
		return
	}
	b.Array(name)
	for _, c := range values {
		b.String("", c.Text)
	}
	b.End()
}

func list(b *event.Builder, name string, values []string) {
	if len(values) > 0 {
		b.Strings(name, values)
	}
}

func text(b *event.Builder, name, value string) {
	if value != "" {
		b.String(name, value)
	}
}
