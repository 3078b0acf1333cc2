package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity"
	decoy "github.com/wardline/wardline/internal/continuity/canary"
)

// post sends a body to a door for HTTP, and waits until it is durable.
func (h *house) post(path, kind, body string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, "https://"+h.http+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", kind)
	resp, err := h.target().Client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 || strings.Contains(string(said), `"errors":true`) {
		h.t.Fatalf("%s: status %d, %s, %v", path, resp.StatusCode, said, err)
	}
}

// decoysOf asks the node for its decoys, as the command does.
func (g *guard) decoysOf(asked any) (d node.Decoys) {
	g.t.Helper()
	g.eventually(func() bool {
		err := node.Control(g.t.Context(), g.conf(), "/decoys", asked, &d)
		if err != nil && !errors.Is(err, node.ErrDown) {
			g.t.Fatal(err)
		}
		return err == nil
	})
	return d
}

// read is that somebody opened a patient's record.
func read(patient string) string {
	return fmt.Sprintf(`{"resourceType":"AuditEvent","type":{"code":"rest"},"subtype":[{"code":"read"}],"action":"R","recorded":%q,"outcome":"0","agent":[{"who":{"display":"nurse7"},"requestor":true,"network":{"address":"10.2.3.4","type":"2"}}],
		"source":{"observer":{"display":"ehr.example.org"}},"entity":[{"what":{"reference":"Patient/%s","identifier":{"value":%q}},"type":{"code":"1"},"role":{"code":"1"}}]}`, time.Now().UTC().Format(time.RFC3339Nano), patient, patient)
}

// touch does to each decoy what shows it, at the doors by which systems send; n is how often that was done.
func (g *guard) touch(marks map[decoy.Kind]string, n int) {
	g.t.Helper()
	now := time.Now().UTC()
	for _, k := range []decoy.Kind{decoy.Patient, decoy.Message, decoy.Row} {
		g.post("/fhir/AuditEvent", "application/fhir+json", read(marks[k]))
	}
	for i, e := range []string{
		fmt.Sprintf(`{"event_id":4625,"computer_name":"dc1.north.example","event_data":{"TargetUserName":%q,"IpAddress":"10.9.9.5"}`, marks[decoy.Account]),
		fmt.Sprintf(`{"event_id":4663,"computer_name":"fs1.north.example","event_data":{"SubjectUserName":"ann","ObjectName":%q,"AccessMask":"0x2"}`, `D:\letters\`+marks[decoy.File]),
	} {
		g.post("/_bulk", "application/x-ndjson", fmt.Sprintf("{\"create\":{}}\n{\"@timestamp\":%q,\"winlog\":%s,\"channel\":\"Security\",\"record_id\":%d}}\n", now.Format(time.RFC3339Nano), e, 100*n+i))
	}
	audit := fmt.Sprintf(`<AuditMessage><EventIdentification EventActionCode="R" EventDateTime="%s" EventOutcomeIndicator="0"><EventID csd-code="110103" codeSystemName="DCM" originalText="DICOM Instances Accessed"/></EventIdentification>`+
		`<ActiveParticipant UserID="nurse7" AlternativeUserID="AETITLES=%s" UserIsRequestor="true"/><AuditSourceIdentification AuditSourceID="pacs"/><ParticipantObjectIdentification ParticipantObjectID="%s" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3">`+
		`<ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/></ParticipantObjectIdentification></AuditMessage>`, now.Format(time.RFC3339), marks[decoy.AETitle], marks[decoy.Study])
	audit = fmt.Sprintf("<85>1 %s pacs app - IHE+RFC-3881 - %s", now.Format(time.RFC3339), audit)
	conn, err := net.Dial("tcp", g.syslog)
	if err != nil {
		g.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%d %s", len(audit), audit); err != nil {
		g.t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(marks[decoy.Listener])
	if err != nil {
		g.t.Fatal(err)
	}
	ts := float64(now.UnixMicro()) / 1e6
	g.post("/events", "application/x-ndjson", fmt.Sprintf(`{"_path":"conn","ts":%f,"uid":"C%d","id.orig_h":"10.9.9.3","id.orig_p":5%d,"id.resp_h":%q,"id.resp_p":%s,"proto":"tcp"}`+"\n"+
		`{"_path":"dns","ts":%f,"uid":"D%d","id.orig_h":"10.9.9.2","id.orig_p":53,"id.resp_h":"10.0.0.53","id.resp_p":53,"query":"%s.letters.example"}`+"\n", ts, n, n, host, port, ts, n, marks[decoy.Token]))
}

// TestDecoysOfANode makes decoys with the command's means, has each be touched at the node's doors, kills the node, and starts it again. Each is one
// finding, and what a watcher of files tells of one is a rule's and no second.
func TestDecoysOfANode(t *testing.T) {
	g := &guard{house: newHouse(t, "- {kind: files, name: lists, paths: [DIR/in/*.csv]}\nprivacy: {authority: ALDER}\n")}
	if err := os.Mkdir(filepath.Join(g.dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	g.start()
	now, marks, ids := time.Duration(0), map[decoy.Kind]string{}, map[decoy.Kind]string{}
	for _, k := range decoy.Kinds() {
		base := ""
		if k == decoy.Listener {
			base = "10.1.2.3:104"
		}
		made := g.decoysOf(node.Decoys{Make: continuity.NewDecoy{Kind: k, Where: "ward 4", Base: base, Settle: &now}, Count: 1}).Made
		if len(made) != 1 || k == decoy.Patient && !strings.Contains(fmt.Sprint(made[0].Facts), ",ALDER,") {
			t.Fatalf("made: %+v", made)
		}
		marks[k], ids[k] = made[0].Canary.Marks[0].Value, made[0].Canary.ID
	}
	spare := g.decoysOf(node.Decoys{Make: continuity.NewDecoy{Kind: decoy.AETitle, Where: "nowhere"}, Count: 2}).Made
	g.decoysOf(node.Decoys{Remove: []string{spare[0].Canary.ID}, Reason: "one is enough"})

	// A patient who is in the site's list is the privacy room's.
	listed := g.decoysOf(node.Decoys{Make: continuity.NewDecoy{Kind: decoy.Patient, Where: "ward 5", Settle: &now}, Count: 1}).Made[0]
	row := listed.Facts[slices.IndexFunc(listed.Facts, func(f decoy.Fact) bool { return f.Name == "row for the site's list" })].Value
	if err := os.WriteFile(filepath.Join(g.dir, "list"), []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(g.dir, "list"), filepath.Join(g.dir, "in", "list.csv")); err != nil {
		t.Fatal(err)
	}
	g.eventually(func() bool { s := g.status(); return s.House != nil && s.House.Follower.Facts > 0 })

	tripped := func(times int) {
		t.Helper()
		g.eventually(func() bool {
			n := 0
			for _, d := range g.decoysOf(nil).All {
				n += d.Proof.Trips
			}
			return n == times
		})
	}
	time.Sleep(1100 * time.Millisecond) // the second in which they were made is over: times in events may be cut to seconds
	g.touch(marks, 1)
	g.post("/fhir/AuditEvent", "application/fhir+json", read(listed.Canary.Marks[0].Value))
	tripped(10)
	g.stop(syscall.SIGKILL)
	g.start()
	tripped(10)
	g.touch(marks, 2)
	report, err := json.Marshal(decoy.Report{Time: time.Now(), Product: "wardline", Service: "canary", Type: decoy.TripType, ID: "r1", Watcher: "fs1", Host: "fs1", Canary: ids[decoy.File], Kind: decoy.File, Act: decoy.Written, File: &decoy.FileReport{Path: "/srv/" + marks[decoy.File]}})
	if err != nil {
		t.Fatal(err)
	}
	g.post("/events", "application/x-ndjson", string(report)+"\n")
	tripped(20)
	g.stop(syscall.SIGKILL)
	g.start()
	tripped(20)
	if all := g.decoysOf(nil).All; len(all) != 11 || slices.ContainsFunc(all, func(d continuity.DecoyView) bool { return len(d.Marks) > 0 || d.ID == spare[0].Canary.ID }) {
		t.Errorf("%+v", all)
	}
	want := []string{
		"A decoy file was changed 1", "A decoy was touched: AE title 2", "A decoy was touched: account 2", "A decoy was touched: door 2", "A decoy was touched: file 2", "A decoy was touched: patient 2",
		"A decoy was touched: row of a table 2", "A decoy was touched: study 2", "A decoy was touched: test message 2", "A decoy was touched: token 2",
		"Record laid out as a trap 1",
	}
	var got []string
	for _, f := range g.queue() {
		if strings.Contains(f, "decoy") || strings.Contains(f, "trap") {
			got = append(got, f)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings, wanted (-) and made (+):\n%s", d)
	}
}
