package depend_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// pictures are maps with something broken, by name.
func pictures(t testing.TB) map[string]string {
	now, all := noon(), map[string]string{}
	g := read(t, small)
	census := depend.Census{Patients: map[depend.NodeID]int{"icu": 12, "4w": 24}, At: now}
	all["12"] = g.Draw(g.Impact([]depend.Broken{{"lis", now.Add(-24 * time.Minute)}, {"db-1", now.Add(-30 * time.Minute)}}, census, now), census, now)
	all["12-whole"] = g.Draw(nil, census, now)
	for _, n := range []int{60, 200} {
		g, census := house(t, n)
		for _, id := range []depend.NodeID{"server-lab", "engine-1", "directory"} {
			im := g.Impact([]depend.Broken{{id, now.Add(-24 * time.Minute)}}, census, now)
			all[fmt.Sprintf("%d-%s", n, id)] = g.Draw(im, census, now)
		}
	}
	return all
}

// TestShots leaves maps as pictures in the folder that WARDLINE_SHOTS names, for a person to look at.
func TestShots(t *testing.T) {
	dir := os.Getenv("WARDLINE_SHOTS")
	if dir == "" {
		t.Skip("WARDLINE_SHOTS names no folder for pictures")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not there to make pictures of maps")
	}
	style, err := os.ReadFile(filepath.Join("testdata", "map.css"))
	if err != nil {
		t.Fatal(err)
	}
	size := regexp.MustCompile(`width="(\d+)" height="(\d+)"`)
	for name, svg := range pictures(t) {
		svg = strings.Replace(svg, ">", "><style>"+string(style)+"</style>", 1)
		file := filepath.Join(dir, "map-"+name+".svg")
		if err := os.WriteFile(file, []byte(svg), 0o644); err != nil {
			t.Fatal(err)
		}
		m := size.FindStringSubmatch(svg)
		cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--screenshot="+strings.TrimSuffix(file, "svg")+"png", "--window-size="+m[1]+","+m[2], file)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// TestDraw holds that a picture is whole XML with classes alone, and names each thing.
func TestDraw(t *testing.T) {
	for name, svg := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			for _, forbidden := range []string{"style", "<script", "onload", "NaN", "+Inf", "-Inf", "href"} {
				if strings.Contains(svg, forbidden) {
					t.Errorf("the picture holds %q", forbidden)
				}
			}
			rects := 0
			for d := xml.NewDecoder(strings.NewReader(svg)); ; {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
					rects++
				}
			}
			if rects < 12 {
				t.Errorf("only %d boxes", rects)
			}
		})
	}
}
