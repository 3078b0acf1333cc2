package life

import (
	"strconv"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/trace"
	"github.com/wardline/wardline/internal/sim/world"
)

// witnesses are what systems beside the record say of today's looks: the image archive of all who look at images, and the
// apps' server of doctors who look at a record on a telephone.
func (h *Hospital) witnesses(d *batch, looks []look) {
	for i := range looks {
		l := &looks[i]
		switch {
		case l.own || l.visit == nil:
		case l.what == Images && h.World.Size != world.Clinic:
			h.viewed(d, l)
		case l.staff.Job.Family == "physician" && l.id%20 == 0:
			h.onTelephone(d, l)
		}
	}
}

// viewed is the archive's audit message (DICOM PS3.15 A.5.3.6) of images that were looked at.
func (h *Hospital) viewed(d *batch, l *look) {
	var r feed.AccessRow
	h.who(&r, l.staff, l.at, l.remote)
	at, id := l.at+9*second, world.Mix(l.id, 0x706163)
	study := world.Mix(uint64(l.person), uint64(h.date))
	message := trace.Audit{
		Event: trace.DCM("110103"), Action: "R", Who: trace.Who{Login: l.staff.Login, Name: l.staff.Human.Given + " " + l.staff.Human.Family},
		From: trace.From{Host: r.Workstation, IP: r.IP}, Patients: []trace.Patient{{MRN: l.visit.MRN, Authority: h.World.Authority}},
		Studies: []trace.Study{{UID: "2.25." + strconv.FormatUint(study, 10), Accession: key("A", study), Instances: 1 + int(study%300)}}, Source: "PACS-01",
	}
	d.says = append(d.says, say{at: h.leaves(feed.Archive, at, id), id: id, feed: feed.Archive, tale: l.tale, data: message.Syslog((at + h.skew(feed.Archive)).time())})
}

// onTelephone is the app server's AuditEvent (IHE BALP) of a record that was read.
func (h *Hospital) onTelephone(d *batch, l *look) {
	at, id := l.at+14*second, world.Mix(l.id, 0x617070)
	read := trace.Interaction{
		ID: world.Mix(id, 1), Request: trace.UUID(world.Mix(id, 2)), Kind: "read", Who: trace.Who{Login: l.staff.Login, Name: l.staff.Name()}, Client: "rounds-app",
		From: trace.From{IP: "10.99.0." + strconv.Itoa(1+l.staff.Index%250)}, Token: trace.UUID(world.Mix(id, 3)), Patient: l.visit.MRN, Authority: h.World.Authority,
		What: "Observation/" + key("o", id),
	}
	d.says = append(d.says, say{at: h.leaves(feed.Portal, at, id), id: id, feed: feed.Portal, tale: l.tale, data: read.AuditEvent((at + h.skew(feed.Portal)).time())})
}

// comings tells of those who begin to work here today, and of those who do not any more (MFN^M02, HL7 v2.5.1 section 8.7).
func (h *Hospital) comings(d *batch) {
	for _, s := range h.World.Staff {
		event := ""
		switch h.date {
		case s.Start:
			event = "MAD"
		case s.End:
			event = "MDC"
		default:
			continue
		}
		id := world.Mix(h.World.Seed, uint64(s.Index), uint64(h.date), 0x6d666e)
		at := h.dayStart + 6*hour + moment(s.Index%3600)*second
		d.begin(feed.Directory, at, "MFN^M02^MFN_M02", id)
		m := &d.m
		m.Segment("MFI")
		m.Field(1, "STF", "Staff master file", "HL70175")
		m.Field(3, "UPD")
		m.Field(6, "NE")
		m.Segment("MFE")
		m.Field(1, event)
		m.Field(4, s.Number)
		m.Field(5, "CWE")
		m.Segment("STF")
		m.Field(1, s.Number)
		m.Field(2, s.Number)
		m.Again(s.Login)
		m.Field(3, s.Human.Family, s.Human.Given)
		m.Field(7, map[string]string{"MAD": "A", "MDC": "I"}[event])
		m.Field(8, s.Department)
		if s.End != 0 && event == "MDC" {
			m.Stamp(13, h.World.At(s.End, 0, 0))
		}
		m.Field(18, s.Job.Title)
		m.Field(19, s.Job.Code, s.Job.Title)
		d.send(feed.Directory, at, id, 0)
	}
}
