package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/app/node"
)

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a key that is not known", "site: x\nconsol: {}\n", "line 2: field consol not found"},
		{"a key of a source that is not known", "sources:\n- {kind: syslog, streams: [{listn: \":1\"}]}\n", "field listn not found"},
		{"a source without a kind", "sources:\n- {name: x}\n", "line 2: a source needs a kind"},
		{"a kind that there is not", "sources:\n- {kind: pigeon}\n", "there is no kind \"pigeon\""},
		{"two sources of one name", "sources:\n- {kind: http, listen: \":1\"}\n- {kind: http, listen: \":2\"}\n", "two are called http"},
		{"metrics for everybody", "metrics: {listen: \":9464\"}\n", "only a loopback address"},
		{"a provider whose groups mean nothing", "console: {oidc: {issuer: \"https://login.example.org\", client_id: w}}\n", "roles for at least one group"},
		{"days that are less than none", "journal: {keep_days: {events: -1}}\n", "0, for good, or more"},
		{"cards of no unit", "continuity: {card: {networks: [10.0.0.0/8]}}\n", "under continuity.packs"},
		{"cards for no network", "continuity: {packs: /p.yml, card: {networks: [10.0.0.1]}}\n", "as 10.20.0.0/16"},
		{"half a certificate", "console: {certificate: a.pem}\n", "go together"},
		{"an archive that is nowhere", "integrity: {archives: [pacs.yml]}\n", "integrity.archives: name pacs.yml by its whole path"},
		{"a site that no log can be named after", "site: St. Elsewhere + more\n", "without spaces"},
		{"a FHIR server whose file lies anywhere", "integrity: {fhir_servers: [record.yml]}\n", "name record.yml by its whole path"},
		{"an authority of time stamps nowhere", "integrity: {timestamps: {url: stamps.example, ca: /ca.pem}}\n", "address of an authority"},
		{"an authority of time stamps with a password", "integrity: {timestamps: {url: \"https://a:b@stamps.example/\", ca: /ca.pem}}\n", "takes no password"},
		{"an authority of time stamps that nobody knows", "integrity: {timestamps: {url: \"https://stamps.example/\"}}\n", "by its whole path"},
		{"time stamps without end", "integrity: {timestamps: {url: \"https://stamps.example/\", ca: /ca.pem, every: 1s}}\n", "between a minute and a day"},
		{"a plain listener for everybody", "sources:\n- {kind: mllp, streams: [{listen: \":2575\"}]}\n", "from: name the networks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := node.ReadConfig(write(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestTheManualIsGood reads the example of the manual.
func TestTheManualIsGood(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(manual), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	c, err := node.ReadConfig(write(t, example))
	if err != nil {
		t.Fatal(err)
	}
	if c.Site != "st-example" || len(c.Sources) != 7 {
		t.Errorf("got site %s with %d sources", c.Site, len(c.Sources))
	}
}

// TestWhatIsShownIsRead takes the configuration that is printed for a configuration.
func TestWhatIsShownIsRead(t *testing.T) {
	c := node.DefaultConfig()
	again, err := node.ReadConfig(write(t, c.String()))
	if err != nil {
		t.Fatal(err)
	}
	if again.String() != c.String() {
		t.Errorf("got\n%s\nwant\n%s", again.String(), c.String())
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wardline.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
