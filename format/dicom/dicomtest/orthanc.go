package dicomtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Orthanc is a real archive of a test's own, with DICOMweb, that keeps what it gets in a folder of the test. Its user is OrthancUser.
type Orthanc struct {
	testing.TB
	REST string // address of its own interface
	Web  string // root of DICOMweb
	Port string // for DICOM on this machine, where it is called OrthancTitle
	Said string // file of what it says of itself

	Process *os.Process
}

// How Orthanc is called, and who may use it.
const (
	OrthancTitle    = "ARCHIVE"
	OrthancUser     = "reader"
	OrthancPassword = "invented"
	webPlugin       = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
)

// StartOrthanc starts one, and skips the test where Orthanc is not installed; with CI set it fails then.
func StartOrthanc(t testing.TB) *Orthanc {
	t.Helper()
	program, err := exec.LookPath("Orthanc")
	if err != nil {
		program = "/usr/sbin/Orthanc"
	}
	for _, needed := range []string{program, webPlugin} {
		if _, err := os.Stat(needed); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("no %s: install orthanc and orthanc-dicomweb", needed)
			}
			t.Skipf("no %s: install orthanc and orthanc-dicomweb to read a real archive back", needed)
		}
	}
	dir, web, port := t.TempDir(), freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{
		"Name": OrthancTitle, "StorageDirectory": dir, "IndexDirectory": dir, "HttpPort": web, "DicomPort": port, "DicomAet": OrthancTitle, "DicomCheckCalledAet": false,
		"DicomAlwaysAllowStore": true, "RemoteAccessAllowed": false, "AuthenticationEnabled": true, "RegisteredUsers": map[string]string{OrthancUser: OrthancPassword},
		"OverwriteInstances": true, "Plugins": []string{webPlugin}, "DicomWeb": map[string]any{"Enable": true, "Root": "/dicom-web/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "orthanc.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, file)
	said, err := os.Create(filepath.Join(dir, "orthanc.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	run.Stdout, run.Stderr = said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it would take seconds to stop, and nobody needs what it keeps
		_ = run.Wait()
	})
	o := &Orthanc{TB: t, REST: fmt.Sprintf("http://127.0.0.1:%d", web), Web: fmt.Sprintf("http://127.0.0.1:%d/dicom-web", web), Port: fmt.Sprint(port), Said: said.Name(), Process: run.Process}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := o.Ask(http.MethodGet, "/system", nil); err == nil {
			return o
		}
		if time.Now().After(end) {
			_ = run.Process.Kill()
			_ = run.Wait()
			text, _ := os.ReadFile(said.Name())
			t.Fatalf("Orthanc does not start: %s", text)
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Secret writes a file with the user and the password, as "basic NAME:PASSWORD", and returns its path.
func (o *Orthanc) Secret() string {
	o.Helper()
	file := filepath.Join(o.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("basic "+OrthancUser+":"+OrthancPassword+"\n"), 0o600); err != nil {
		o.Fatal(err)
	}
	return file
}

// Ask uses Orthanc's own interface.
func (o *Orthanc) Ask(method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(method, o.REST+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(OrthancUser, OrthancPassword)
	r.Close = true // Orthanc ends idle connections after a second, and nobody would send a POST again
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return answer, err
}

// Store sends files as a modality does, in explicit VR little endian.
func (o *Orthanc) Store(files ...string) {
	o.Helper()
	o.StoreAs("-xe", files...)
}

// StoreAs proposes a transfer syntax by an option of storescu.
func (o *Orthanc) StoreAs(syntax string, files ...string) {
	o.Helper()
	Run(o, "storescu", append([]string{"-R", syntax, "-aec", OrthancTitle, "127.0.0.1", o.Port}, files...)...)
}

// Remove deletes behind the scenes what bears an identifier: a Study, a Series or an Instance.
func (o *Orthanc) Remove(level, uid string) {
	o.Helper()
	found, err := o.Ask(http.MethodPost, "/tools/lookup", []byte(uid))
	if err != nil {
		o.Fatal(err)
	}
	var list []struct{ Path, Type string }
	if err := json.Unmarshal(found, &list); err != nil {
		o.Fatal(err)
	}
	for _, l := range list {
		if l.Type == level {
			if _, err := o.Ask(http.MethodDelete, l.Path, nil); err != nil {
				o.Fatal(err)
			}
			return
		}
	}
	o.Fatalf("Orthanc has no such %s among %d", level, len(list))
}
