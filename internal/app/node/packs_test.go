package node_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/continuity/downtime"
)

// TestDowntimePacks has a real node hear of a patient over MLLP, make the packs of two units, start again, and make them once more. What stands on paper is what was said.
func TestDowntimePacks(t *testing.T) {
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
	key, err := downtime.KeyOf(secret)
	if err != nil {
		t.Fatal(err)
	}
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "packs.yml")
	declared := fmt.Sprintf("folders: [%s]\nkeys: %s\ncall: [{name: IT on duty, number: \"5900\"}]\nunits: [{unit: 4W, title: 4 West, patients: {prefix: N, from: 1, to: 9}}, {unit: 5E}]\n", folder, public)
	if err := os.WriteFile(file, []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, "privacy: {authority: EXAMPLE}\ncontinuity: {packs: "+file+"}\n")
	h.start()
	stamp := time.Now().UTC().Format("20060102150405+0000")
	patient := "PID|1||T0000017^^^EXAMPLE^MR||Testperson^Tilda||19560403|F"
	due := time.Now().UTC().Add(2 * time.Hour).Format("20060102150405+0000")
	for n, m := range [][]string{
		{"ADT^A01^ADT_A01", "EVN||" + stamp, patient, "PV1|1|I|4W^12^1^EXAMPLE|||||||||||||||V1||||||||||||||||||||||||" + stamp, "AL1|1|DA|7980^Penicillin|SV|Rash"},
		{"RDE^O11^RDE_O11", patient, "PV1|1|I|4W^12^1^EXAMPLE|||||||||||||||V1", "ORC|NW|O1|||||||" + stamp, "TQ1|1|1|||||" + due, "RXE||1191^Aspirin 100 mg|1||TAB"},
	} {
		h.acknowledged(fmt.Sprintf(`MSH|^~\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s||%s|P%d|P|2.5.1`, stamp, m[0], n), m[1:]...)
	}
	read := func(when string) string {
		t.Helper()
		c, err := node.ReadConfig(h.config)
		if err != nil {
			t.Fatal(err)
		}
		var made node.Packs
		h.eventually(func() bool {
			return node.Control(t.Context(), &c, "/packs", struct{}{}, &made) == nil && len(made.Units) == 2 && made.Units[0].Patients == 1
		})
		if made.Units[0].Trouble != "" || made.Units[1].Patients != 0 || made.Units[1].Trouble != "" {
			t.Errorf("%s: %+v", when, made.Units)
		}
		plain, err := downtime.ReadFile(filepath.Join(folder, made.Units[0].File), key)
		if err != nil {
			t.Fatal(err)
		}
		pdf := filepath.Join(t.TempDir(), "pack.pdf")
		if err := os.WriteFile(pdf, plain, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command("pdftotext", "-layout", pdf, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := read("after two messages")
	h.stop(syscall.SIGTERM)
	h.start()
	for when, text := range map[string]string{"at first": first, "after a restart": read("after a restart")} {
		for _, says := range []string{"Testperson, Tilda", "T0000017", "Penicillin", "Aspirin 100 mg", "IT on duty", "5900", "Data of", "4 West"} {
			if !strings.Contains(text, says) {
				t.Errorf("%s: %q is not on the paper", when, says)
			}
		}
	}
	for _, name := range glob(t, folder) {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), "Testperson") {
			t.Errorf("%s is not sealed", name)
		}
	}
	for _, name := range glob(t, filepath.Join(h.dir, "data")) {
		if body, err := os.ReadFile(name); err == nil && strings.Contains(string(body), "Penicillin") {
			t.Errorf("%s holds an allergy in clear", name)
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
