package continuity_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
)

// TestUnitsThatGetPaper reads the example of docs/downtime.md, and refuses what cannot work, with what to do.
func TestUnitsThatGetPaper(t *testing.T) {
	_, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	good := `
folders: [/srv/downtime, /mnt/ward-pcs]
call: [{name: IT on duty, number: "5900"}]
units:
- {unit: 4W, title: 4 West, keys: ` + public + `, forms: [{number: L-2a, title: Laboratory order}], patients: {prefix: N4W, from: 1, to: 60}, specimens: {prefix: S4W, from: 1, to: 200}}
`
	c, err := continuity.ParsePaper([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.Every != time.Hour || c.Valid != 8*time.Hour || c.Keep != 24 || len(c.Steps) != 5 || len(c.Units[0].Folders) != 2 {
		t.Errorf("%+v", c)
	}
	for what, change := range map[string][2]string{
		"nobody it is sealed for":      {"keys: " + public + ",", ""},
		"a key that is none":           {public, "age1nothing"},
		"a folder by half its path":    {"/srv/downtime", "downtime"},
		"no folder":                    {"folders: [/srv/downtime, /mnt/ward-pcs]", ""},
		"numbers that end too soon":    {"from: 1, to: 60", "from: 60, to: 1"},
		"a key that nobody reads":      {"title: 4 West", "titel: 4 West"},
		"packs all the time":           {"call:", "every: 1s\ncall:"},
		"six steps":                    {"call:", "steps: [a, b, c, d, e, f]\ncall:"},
		"a unit without a name":        {"unit: 4W,", ""},
		"packs that are good for ever": {"call:", "valid: 9000h\ncall:"},
	} {
		if text := strings.Replace(good, change[0], change[1], 1); text == good {
			t.Errorf("%s: nothing was changed", what)
		} else if _, err := continuity.ParsePaper([]byte(text)); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	twice := good + `- {unit: 4W, keys: ` + public + "}\n"
	if _, err := continuity.ParsePaper([]byte(twice)); err == nil {
		t.Error("a unit that is listed twice: taken")
	}
}

// TestPaperIsLaidDown makes packs of two units: one folder is not there, and the other unit gets its pack all the same. A sender whose clock is ahead makes no data newer than now.
func TestPaperIsLaidDown(t *testing.T) {
	secret, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	c, err := continuity.ParsePaper([]byte("keys: " + public + "\nunits: [{unit: 4W, folders: [" + folder + "]}, {unit: 5E, folders: [" + folder + "/missing]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	paper, err := continuity.NewPaper(c, "example", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2030, 6, 3, 9, 0, 0, 0, time.UTC)
	laid := paper.Make(map[string][]bedside.Inpatient{"4W": {{Bed: "12"}}}, continuity.Feeds{Down: []string{"results from LIS, since 3 Jun 07:12"}}, now.Add(time.Hour), now)
	if len(laid) != 2 || laid[0].Trouble != "" || laid[0].Patients != 1 || !laid[0].Data.Equal(now) || laid[1].Trouble == "" {
		t.Fatalf("%+v", laid)
	}
	key, err := downtime.KeyOf(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := downtime.ReadFile(filepath.Join(folder, laid[0].File), key); err != nil {
		t.Error(err)
	}
}
