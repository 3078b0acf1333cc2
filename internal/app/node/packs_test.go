package node_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/downtime"
)

// ward is a unit that gets packs, with its key and the folder that they are laid into.
type ward struct {
	*house
	key    *downtime.Key
	folder string
}

// newWard declares two units for a node, with more of its configuration.
func newWard(t *testing.T, more string) *ward {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is not there, and CI asks for all tests")
		}
		t.Skip("pdftotext is not there")
	}
	secret, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{folder: t.TempDir()}
	if w.key, err = downtime.KeyOf(secret); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "packs.yml")
	declared := fmt.Sprintf("folders: [%s]\nkeys: %s\ncall: [{name: IT on duty, number: \"5900\"}]\nunits: [{unit: 4W, title: 4 West, patients: {prefix: N, from: 1, to: 9}}, {unit: 5E}]\n", w.folder, public)
	if err := os.WriteFile(file, []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	w.house = newHouse(t, "privacy: {authority: EXAMPLE}\ncontinuity: {packs: "+file+more+"}\n")
	return w
}

// admit has a patient be admitted, with a drug that is due once.
func (w *ward) admit(due time.Time) {
	w.t.Helper()
	const times = "20060102150405+0000"
	stamp := time.Now().UTC().Format(times)
	patient := "PID|1||T0000017^^^EXAMPLE^MR||Testperson^Tilda||19560403|F"
	for n, m := range [][]string{
		{"ADT^A01^ADT_A01", "EVN||" + stamp, patient, "PV1|1|I|4W^12^1^EXAMPLE|||||||||||||||V1||||||||||||||||||||||||" + stamp, "AL1|1|DA|7980^Penicillin|SV|Rash"},
		{"RDE^O11^RDE_O11", patient, "PV1|1|I|4W^12^1^EXAMPLE|||||||||||||||V1", "ORC|NW|O1|||||||" + stamp, "TQ1|1|1|||||" + due.UTC().Format(times), "RXE||1191^Aspirin 100 mg|1||TAB"},
	} {
		w.acknowledged(fmt.Sprintf(`MSH|^~\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s||%s|P%d|P|2.5.1`, stamp, m[0], n), m[1:]...)
	}
}

// packs has them be made until the patient is on one.
func (w *ward) packs() (made node.Packs) {
	w.t.Helper()
	w.eventually(func() bool {
		return w.control("/packs", struct{}{}, &made) == nil && len(made.Units) == 2 && made.Units[0].Patients == 1
	})
	return made
}

func (w *ward) control(path string, in, out any) error {
	w.t.Helper()
	c, err := node.ReadConfig(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	return node.Control(w.t.Context(), &c, path, in, out)
}

// read is what stands on a paper that lies in the folder.
func (w *ward) read(name string) string {
	w.t.Helper()
	plain, err := downtime.ReadFile(filepath.Join(w.folder, name), w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	pdf := filepath.Join(w.t.TempDir(), "paper.pdf")
	if err := os.WriteFile(pdf, plain, 0o600); err != nil {
		w.t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", "-layout", pdf, "-").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestDowntimePacks has a real node hear of a patient over MLLP, make the packs of two units, start again, and make them once more. What stands on paper is what was said.
func TestDowntimePacks(t *testing.T) {
	w := newWard(t, "")
	w.start()
	w.admit(time.Now().Add(2 * time.Hour))
	pack := func(when string) string {
		t.Helper()
		made := w.packs()
		if made.Units[0].Trouble != "" || made.Units[1].Patients != 0 || made.Units[1].Trouble != "" {
			t.Errorf("%s: %+v", when, made.Units)
		}
		return w.read(made.Units[0].File)
	}
	first := pack("after two messages")
	w.stop(syscall.SIGTERM)
	w.start()
	for when, text := range map[string]string{"at first": first, "after a restart": pack("after a restart")} {
		for _, says := range []string{"Testperson, Tilda", "T0000017", "Penicillin", "Aspirin 100 mg", "IT on duty", "5900", "Data of", "4 West"} {
			if !strings.Contains(text, says) {
				t.Errorf("%s: %q is not on the paper", when, says)
			}
		}
	}
	for _, name := range glob(t, w.folder) {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), "Testperson") {
			t.Errorf("%s is not sealed", name)
		}
	}
	for _, name := range glob(t, filepath.Join(w.dir, "data")) {
		if body, err := os.ReadFile(name); err == nil && strings.Contains(string(body), "Penicillin") {
			t.Errorf("%s holds an allergy in clear", name)
		}
	}
}

// TestAfterADowntime: what a pack was made of outlives a restart, the list of what must be entered back is made of it, and late entries of its patient, and of nobody else, are expected from then on.
func TestAfterADowntime(t *testing.T) {
	w := newWard(t, "")
	w.start()
	due := time.Now().Add(3 * time.Second)
	w.admit(due)
	from := w.packs().Units[0].Data
	w.stop(syscall.SIGTERM)
	w.start()
	w.packs() // the wards are heard again
	var l continuity.List
	w.eventually(func() bool {
		return w.control("/packs/recover", node.Recovery{Unit: "4W", From: from, To: time.Now()}, &l) == nil && l.To.After(due)
	})
	text := w.read(l.File)
	for _, says := range []string{"To be entered back", "Testperson, Tilda", "T0000017", "drug: Aspirin 100 mg", "charting: vitals and notes"} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is not on the list:\n%s", says, text)
		}
	}
	if l.Items != 2 || len(l.Patients) != 2 || l.Patients[0] != l.Patients[1] || strings.Contains(l.Patients[0], "T0000017") || !strings.Contains(l.By, "on this machine") || l.Trouble != "" {
		t.Errorf("%+v", l.Downtime)
	}
	for what, r := range map[string]node.Recovery{
		"no unit":       {Unit: "6N", From: from, To: time.Now()},
		"before it all": {Unit: "4W", From: from.Add(-2 * time.Hour), To: from.Add(-time.Hour)},
		"in the future": {Unit: "4W", From: from, To: time.Now().Add(time.Hour)},
	} {
		if err := w.control("/packs/recover", r, &l); err == nil {
			t.Errorf("%s: a list was made", what)
		}
	}
	w.stop(syscall.SIGTERM)
	c, err := node.ReadConfig(w.config)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close(t.Context())
	for what, e := range map[string]struct {
		token string
		about time.Time
		want  bool
	}{"in it": {l.Patients[0], due, true}, "before it": {l.Patients[0], from.Add(-time.Hour), false}, "of another patient": {"somebody", due, false}} {
		if got := n.Expected(e.token, e.about, time.Now()); got != e.want {
			t.Errorf("%s: %t", what, got)
		}
	}
}

// TestPlannedDowntimesAreExpected of all patients, from their end on.
func TestPlannedDowntimesAreExpected(t *testing.T) {
	c, err := node.ReadConfig(write(t, fmt.Sprintf("site: example\ndata: %s\njournal: {ballast: -1}\ncontinuity: {downtimes: [{from: \"2026-06-05T01:00\", to: \"2026-06-05T05:00\", owner: M. Okafor}]}\n", t.TempDir())))
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close(t.Context())
	zone, err := c.Location()
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 6, 5, 0, 0, 0, 0, zone)
	for what, e := range map[string]struct {
		about, said time.Duration // of that day
		want        bool
	}{
		"in it": {2 * time.Hour, 9 * time.Hour, true}, "before it": {30 * time.Minute, 9 * time.Hour, false}, "at its end": {5 * time.Hour, 9 * time.Hour, false},
		"while it goes on": {2 * time.Hour, 3 * time.Hour, false}, "a month later": {2 * time.Hour, 30 * 24 * time.Hour, false},
	} {
		if got := n.Expected("anybody", day.Add(e.about), day.Add(e.said)); got != e.want {
			t.Errorf("%s: %t", what, got)
		}
	}
}

// acknowledged sends a message over MLLP and waits for its AA.
func (h *house) acknowledged(head string, segments ...string) {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.mllp)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "\x0b%s\r%s\r\x1c\r", head, strings.Join(segments, "\r")); err != nil {
		h.t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\x1c')
	if err != nil || !strings.Contains(answer, "MSA|AA") {
		h.t.Fatalf("not acknowledged: %q %v", answer, err)
	}
}

// glob lists the files of a folder and those below it.
func glob(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
