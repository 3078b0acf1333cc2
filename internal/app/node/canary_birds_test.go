package node_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// canary is an invented patient whose identifiers stand nowhere else.
type canary struct{ family, given, mrn, visit, born, phone, street, note string }

func canaries(n int) []canary {
	all := make([]canary, n)
	for i := range all {
		letters := string([]byte{'b' + byte(i%20), 'a' + byte(i/20%20), 'k' + byte(i/400)})
		born := time.Date(1887, 3, 7, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i)
		all[i] = canary{
			family: "Zyqu" + letters + "thorpe", given: "Vexil" + letters + "ina", mrn: fmt.Sprintf("8159%08d", 7919*i), visit: fmt.Sprintf("V%08d", 60_000_000+i),
			born: born.Format(time.DateOnly), phone: fmt.Sprintf("555-0199-%04d", i), street: "Nebbish" + letters + " Row", note: "quibbled" + letters + "osis",
		}
		if i%7 == 3 { // what is escaped in JSON and UTF-16
			all[i].family = "Zyqü" + letters + "thorpe"
		}
	}
	return all
}

func (c *canary) dob() string { return strings.ReplaceAll(c.born, "-", "") }

func (c *canary) teach(i int, hounds ...*hound) {
	for _, h := range hounds {
		for what, value := range map[string]string{"family name": c.family, "given name": c.given, "number": c.mrn, "visit": c.visit, "birth": c.born, "birth in HL7": "|" + c.dob() + "|", "birth in JSON": `"` + c.dob() + `"`,
			"telephone": c.phone, "telephone in digits": strings.ReplaceAll(c.phone, "-", ""), "street": c.street, "note": c.note} {
			h.learn(fmt.Sprintf("%s of patient %d", what, i), value)
		}
	}
}

// hl7 is a message with the patient in all segments that name one.
func (c *canary) hl7(kind string, n int) string {
	at := time.Now().UTC().Format("20060102150405")
	return strings.Join([]string{
		fmt.Sprintf(`MSH|^~\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s+0000||%s|C%d|P|2.5.1`, at, kind, n), "EVN||" + at + "|||nurse7^Nurse^Seven",
		fmt.Sprintf("PID|1|%s|%s^^^ALDER^MR||%s^%s||%s|F|||%s^^Alder^^00000||%s|||||%s", c.mrn, c.mrn, c.family, c.given, c.dob(), c.street, c.phone, c.mrn),
		fmt.Sprintf("NK1|1|%s^Kin|SPO|%s|%s", c.family, c.street, c.phone), fmt.Sprintf("PV1|1|I|4W^12^A||||||||||||||||%s", c.visit), "MRG|" + c.mrn + "^^^ALDER^MR||||||" + c.family + "^" + c.given,
		"ORC|NW|" + c.visit, fmt.Sprintf("OBR|1|%s||CBC^%s|||||||||||||||%s", c.visit, c.note, c.mrn), fmt.Sprintf("OBX|1|TX|N^%s||%s %s %s||||||F", c.note, c.given, c.family, c.note),
		"RXA|0|1|" + at + "||D0402^MORPHINE 10 MG/ML INJ^L|10|mg||" + c.note + " " + c.family + "|nurse7^Nurse^Seven", "NTE|1||" + c.note + " " + c.phone, "GT1|1||" + c.family + "^" + c.given, "IN1|1||||||||||||||||" + c.family, "",
	}, "\r")
}

// damaged are messages that lead to errors.
func (c *canary) damaged() []string {
	good := c.hl7("ADT^A08", 1)
	return []string{
		"PID|1||" + c.mrn + "||" + c.family + "^" + c.given, "MSH|^~\\&|" + c.family, strings.Replace(good, "\rPID|1", "PID|1", 1), strings.ReplaceAll(good, "\r", "\n"),
		strings.Replace(good, "P|2.5.1", c.mrn+"|"+c.mrn, 1), strings.Replace(good, "ADT^A08", c.family, 1), good[:len(good)/2] + "\xff\xfe" + c.family, strings.Replace(good, "|EHR|", "|"+c.given+" "+c.family+"|", 1),
		strings.Replace(good, c.family, `\X`+fmt.Sprintf("%X", c.family)+`\`, 1),
	}
}

func (c *canary) audit(verb, purpose string) string {
	query := base64.StdEncoding.EncodeToString([]byte("family=" + c.family + "&birthdate=" + c.born))
	return fmt.Sprintf(`{"resourceType":"AuditEvent","text":{"div":"<div>%s</div>"},"type":{"code":"rest"},"subtype":[{"code":%q}],"action":"R","recorded":%q,"outcome":"0","outcomeDesc":"%s %s",
		"purposeOfEvent":[{"coding":[{"code":%q}]}],"agent":[{"who":{"display":"nurse7"},"requestor":true,"network":{"address":"10.2.3.4","type":"2"}},{"who":{"reference":"Patient/%s","display":"%s %s"}}],
		"source":{"observer":{"display":"ehr.example.org"}},"entity":[{"what":{"reference":"Patient/%s","display":"%s, %s","identifier":{"value":%q}},"name":%q,"description":%q,"type":{"code":"1"},"role":{"code":"1"}},
		{"what":{"reference":"Encounter/%s"},"query":%q,"detail":[{"type":"note","valueString":%q}]}]}`,
		c.note, verb, time.Now().UTC().Format(time.RFC3339Nano), c.note, c.family, purpose, c.mrn, c.given, c.family, c.mrn, c.family, c.given, c.mrn, c.family+", "+c.given, c.note, c.visit, query, c.street)
}

func (c *canary) atna() string {
	return fmt.Sprintf(`<AuditMessage><EventIdentification EventActionCode="R" EventDateTime="%s" EventOutcomeIndicator="0"><EventID csd-code="110110" codeSystemName="DCM" originalText="Patient Record"/></EventIdentification>`+
		`<ActiveParticipant UserID="nurse7" UserIsRequestor="true"/><AuditSourceIdentification AuditSourceID="pacs"/><ParticipantObjectIdentification ParticipantObjectID="%s^^^ALDER" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">`+
		`<ParticipantObjectIDTypeCode csd-code="2" originalText="Patient Number"/><ParticipantObjectName>%s^%s</ParticipantObjectName><ParticipantObjectDetail type="born" value="%s"/></ParticipantObjectIdentification></AuditMessage>`,
		time.Now().UTC().Format(time.RFC3339), c.mrn, c.family, c.given, base64.StdEncoding.EncodeToString([]byte(c.born)))
}

// web is what machines log that serve pages about patients: an address, a browser, a name.
func (c *canary) web() map[string]string {
	return map[string]string{
		"url":        "/chart/" + c.mrn + "?family=" + url.QueryEscape(c.family) + "&given=" + c.given + "&tel=" + url.QueryEscape(c.phone),
		"user_agent": "Viewer/2 (" + c.given + " " + c.family + ")", "message": "opened " + c.visit + " of " + c.family + ", " + c.given, "patient_birth_date": c.born, "client": "10.2.3.4",
	}
}

func quoted(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
