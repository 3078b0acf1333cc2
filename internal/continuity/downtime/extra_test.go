package downtime_test

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHTMLTmp(t *testing.T) {
	p := sample(t, 8)
	b, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join("/tmp/downtime", "pack.html"), b, 0o600)
	pdf, err := press(t).PDF(p)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/tmp/downtime/pack8.pdf", pdf, 0o600)
}
