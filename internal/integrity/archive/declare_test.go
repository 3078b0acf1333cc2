package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/internal/integrity/archive"
)

const declaration = `system: PACS
url: https://pacs.example/dicom-web
credentials: /etc/wardline/pacs.secret
`

func TestParseFillsInWhatIsLeftOut(t *testing.T) {
	d, err := archive.Parse([]byte(declaration))
	if err != nil {
		t.Fatal(err)
	}
	want := archive.Declaration{
		System: "PACS", URL: "https://pacs.example/dicom-web", Credentials: "/etc/wardline/pacs.secret", Rate: 20 << 20, Requests: 10,
		Window: archive.Window{From: "22:00", To: "05:00"}, Sample: 240, Days: span.Span(7 * 24 * time.Hour),
	}
	if diff := cmp.Diff(d, want, cmpopts.IgnoreUnexported(archive.Declaration{})); diff != "" {
		t.Error(diff)
	}
}

// TestParseRefuses what nobody can have meant.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a key that is not known":         {"system: PACS", "system: PACS\nspeed: 1", "line 2"},
		"no system":                       {"system: PACS", "system: ''", "system:"},
		"no address":                      {"https://pacs.example/dicom-web", "pacs.example", "url:"},
		"another protocol":                {"https:", "ftp:", "url:"},
		"a password in the address":       {"https://", "https://reader:hunter2@", "url:"},
		"credentials that anybody reads":  {"https:", "http:", "https"},
		"a secret where its file belongs": {"/etc/wardline/pacs.secret", "bearer hunter2", "credentials"},
		"a rate that never ends":          {"system: PACS", "system: PACS\nrate: 100", "rate"},
		"no requests":                     {"system: PACS", "system: PACS\nrequests: -1", "requests"},
		"a window that is none":           {"system: PACS", "system: PACS\nwindow: {from: dusk}", "window"},
		"no place":                        {"system: PACS", "system: PACS\nzone: Gotham/City", "zone:"},
		"too large a sample":              {"system: PACS", "system: PACS\nsample: 2000000", "sample"},
		"two documents":                   {"system: PACS", "system: PACS\nurl: x\n---\nsystem: PACS", "more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := archive.Parse([]byte(strings.Replace(declaration, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error about %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

// TestTheManualIsGood reads the example of the manual.
func TestTheManualIsGood(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "operation.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(manual), "### Reading an archive back")
	_, example, _ = strings.Cut(example, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	d, err := archive.Parse([]byte(example))
	if err != nil || d.System != "PACS" || len(d.Expects) != 1 {
		t.Errorf("it is read as %+v, %v", d, err)
	}
}

func TestNight(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := func(window string) *archive.Declaration {
		d, err := archive.Parse([]byte(declaration + window))
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	for name, c := range map[string]struct {
		declaration   *archive.Declaration
		now, from, to string
	}{
		"noon":                       {night(""), "2026-03-02 12:00", "2026-03-02 22:00", "2026-03-03 05:00"},
		"evening":                    {night(""), "2026-03-02 22:00", "2026-03-02 22:00", "2026-03-03 05:00"},
		"behind midnight":            {night(""), "2026-03-03 04:59", "2026-03-02 22:00", "2026-03-03 05:00"},
		"its end":                    {night(""), "2026-03-03 05:00", "2026-03-03 22:00", "2026-03-04 05:00"},
		"clocks are put forward":     {night(""), "2026-03-29 01:30", "2026-03-28 22:00", "2026-03-29 05:00"},
		"a window by day":            {night("window: {from: '09:00', to: '10:00'}"), "2026-03-02 09:30", "2026-03-02 09:00", "2026-03-02 10:00"},
		"always":                     {night("window: {from: '00:00', to: '00:00'}"), "2026-03-02 09:30", "2026-03-02 00:00", "2026-03-03 00:00"},
		"another zone than the node": {night("zone: UTC"), "2026-03-02 22:30", "2026-03-02 23:00", "2026-03-03 06:00"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.ParseInLocation("2006-01-02 15:04", c.now, berlin)
			if err != nil {
				t.Fatal(err)
			}
			from, to := c.declaration.Night(now, berlin)
			if got := from.In(berlin).Format("2006-01-02 15:04"); got != c.from {
				t.Errorf("it begins %s, want %s", got, c.from)
			}
			if got := to.In(berlin).Format("2006-01-02 15:04"); got != c.to {
				t.Errorf("it ends %s, want %s", got, c.to)
			}
		})
	}
}
