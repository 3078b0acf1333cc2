package judge_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/vault"
)

// loaded is the judge that ships.
func loaded(t testing.TB) *judge.Judge {
	t.Helper()
	j, err := judge.Load(content.Privacy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestVerdicts runs the stories below testdata/verdicts. Each was worked out by hand from the rules that content/privacy states.
func TestVerdicts(t *testing.T) {
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	j := loaded(t)
	files, err := filepath.Glob("testdata/verdicts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	cases, touches := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &script{t: t, judge: j, vault: v}
		s.run(filepath.Base(file), string(text))
		cases, touches = cases+s.cases, touches+s.touches
	}
	if touches < 60 {
		t.Errorf("%d touches were judged, want at least 60", touches)
	}
	t.Logf("%d stories, %d touches", cases, touches)
}
