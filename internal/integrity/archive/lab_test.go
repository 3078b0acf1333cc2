package archive_test

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
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
)

// orthanc is a real archive of its own, with DICOMweb.
type orthanc struct {
	*testing.T
	rest string // its own interface
	port string // for DICOM
	dir  string // for files
}

const webPlugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"

func newOrthanc(t *testing.T) *orthanc {
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
			t.Skipf("no %s: install orthanc and orthanc-dicomweb to look into a real archive", needed)
		}
	}
	dir, web, port := t.TempDir(), freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{
		"StorageDirectory": dir, "IndexDirectory": dir, "HttpPort": web, "DicomPort": port, "DicomAet": "ARCHIVE", "DicomCheckCalledAet": false, "DicomAlwaysAllowStore": true,
		"RemoteAccessAllowed": false, "AuthenticationEnabled": false, "OverwriteInstances": true, "Plugins": []string{webPlugin}, "DicomWeb": map[string]any{"Enable": true, "Root": "/dicom-web/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "orthanc.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, file)
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it would take seconds to stop, and nobody needs what it keeps
		_ = run.Wait()
	})
	o := &orthanc{t, fmt.Sprintf("http://127.0.0.1:%d", web), fmt.Sprint(port), t.TempDir()}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := o.ask(http.MethodGet, "/system", ""); err == nil {
			return o
		}
		if time.Now().After(end) {
			t.Fatal("Orthanc does not start within a minute")
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ask uses Orthanc's own interface.
func (o *orthanc) ask(method, path, body string) ([]byte, error) {
	r, err := http.NewRequest(method, o.rest+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
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

// remove deletes a study, a series or an instance behind the scenes.
func (o *orthanc) remove(level, uid string) {
	o.Helper()
	found, err := o.ask(http.MethodPost, "/tools/lookup", uid)
	if err != nil {
		o.Fatal(err)
	}
	var list []struct{ Path, Type string }
	if err := json.Unmarshal(found, &list); err != nil {
		o.Fatal(err)
	}
	for _, l := range list {
		if l.Type == level {
			if _, err := o.ask(http.MethodDelete, l.Path, ""); err != nil {
				o.Fatal(err)
			}
			return
		}
	}
	o.Fatalf("Orthanc has no such %s among %d", level, len(list))
}

// store sends files as a modality does.
func (o *orthanc) store(files ...string) {
	o.Helper()
	dicomtest.Run(o, "storescu", append([]string{"-R", "-xe", "-aec", "ARCHIVE", "127.0.0.1", o.port}, files...)...)
}

func uid(tag dicom.Tag, value string) string {
	if len(value)%2 == 1 {
		value += "\x00"
	}
	return dicomtest.Explicit(tag, "UI", value)
}

// head is what an image and a note have in common: an invented person's, in a series of a study.
func head(class, study, series string, n int, modality string) string {
	return uid(0x00080016, class) + uid(0x00080018, fmt.Sprintf("%s.%d", series, n)) + dicomtest.Explicit(0x00080020, "DA", "20260302") + dicomtest.Explicit(0x00080060, "CS", modality) +
		dicomtest.Explicit(0x00100010, "PN", "ROE^RITA") + dicomtest.Explicit(0x00100020, "LO", "4711") + uid(0x0020000D, study) + uid(0x0020000E, series)
}

// image writes slice n of a CT, of eight by eight pixels; block is what its middle holds.
func (o *orthanc) image(study, series string, n, block int) string {
	o.Helper()
	pixels := make([]uint16, 64)
	for i := range pixels {
		pixels[i] = uint16(1000 + n + i)
		if y, x := i/8, i%8; y >= 2 && y < 6 && x >= 2 && x < 6 {
			pixels[i] = uint16(block)
		}
	}
	short := func(tag dicom.Tag, n uint16) string { return dicomtest.Explicit(tag, "US", dicomtest.Shorts(n)) }
	return o.write(head("1.2.840.10008.5.1.4.1.1.2", study, series, n, "CT") + short(0x00280002, 1) + dicomtest.Explicit(0x00280004, "CS", "MONOCHROME2 ") + short(0x00280010, 8) + short(0x00280011, 8) +
		short(0x00280100, 16) + short(0x00280101, 16) + short(0x00280102, 15) + short(0x00280103, 0) + dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(pixels...)))
}

// rejection writes a note that rejects a slice for its quality.
func (o *orthanc) rejection(study, series string, slice int) string {
	o.Helper()
	title := dicomtest.Item(dicomtest.Explicit(0x00080100, "SH", "113001") + dicomtest.Explicit(0x00080102, "SH", "DCM ") + dicomtest.Explicit(0x00080104, "LO", "Invented"))
	named := dicomtest.Item(uid(0x00081150, "1.2.840.10008.5.1.4.1.1.2") + uid(0x00081155, fmt.Sprintf("%s.%d", series, slice)))
	of := dicomtest.Item(dicomtest.Explicit(0x00081199, "SQ", named) + uid(0x0020000E, series))
	return o.write(head("1.2.840.10008.5.1.4.1.1.88.59", study, study+".99", slice, "KO") + dicomtest.Explicit(0x0040A043, "SQ", title) +
		dicomtest.Explicit(0x0040A375, "SQ", dicomtest.Item(dicomtest.Explicit(0x00081115, "SQ", of)+uid(0x0020000D, study))))
}

// write makes a file of a data set.
func (o *orthanc) write(dataSet string) string {
	o.Helper()
	f, err := os.CreateTemp(o.dir, "*.dcm")
	if err != nil {
		o.Fatal(err)
	}
	if _, err := f.Write(dicomtest.File(dicom.ExplicitLE, dataSet)); err != nil {
		o.Fatal(err)
	}
	if err := f.Close(); err != nil {
		o.Fatal(err)
	}
	return f.Name()
}
