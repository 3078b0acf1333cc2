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
	all["12"] = g.Impact([]depend.Broken{{"lis", now.Add(-24 * time.Minute)}, {"db-1", now.Add(-30 * time.Minute)}}, census, now).Draw()
	all["12-whole"] = g.Draw(census)
	for _, n := range []int{60, 200} {
		g, census := house(t, n)
		for _, id := range []depend.NodeID{"server-lab", "engine-1", "directory"} {
			im := g.Impact([]depend.Broken{{id, now.Add(-24 * time.Minute)}}, census, now)
			all[fmt.Sprintf("%d-%s", n, id)], all[fmt.Sprintf("%d-%s-part", n, id)] = im.Draw(), im.Part().Draw()
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
	style, err := os.ReadFile(filepath.Join("..", "..", "console", "page", "static", "style.css"))
	if err != nil {
		t.Fatal(err)
	}
	size := regexp.MustCompile(`width="(\d+)" height="(\d+)"`)
	for name, svg := range pictures(t) {
		svg = strings.Replace(svg, ">", "><style><![CDATA["+string(style)+"]]></style>", 1)
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

// TestDrawSays holds what stands out in a picture, and in which words.
func TestDrawSays(t *testing.T) {
	g := read(t, strings.ReplaceAll(small, "name: 4 West", "name: '4 <West> & \"co\"'"))
	census := depend.Census{Patients: map[depend.NodeID]int{"icu": 12}, At: noon()}
	svg := g.Impact([]depend.Broken{{"lis", noon().Add(-24 * time.Minute)}}, census, noon()).Draw()
	for text, times := range map[string]int{
		"map-box map-act map-cause": 1, `class="map-box map-act"`: 5, `class="map-box"`: 6, "map-line map-act": 1, `class="map-line"`: 1, "map-look": 0,
		"broken for 24 min": 1, ">1 min left<": 1, ">6 min left<": 2, ">at risk for 19 min<": 1, ">12 patients<": 1, ">patients not known<": 1, ">stopped<": 1,
		"4 &lt;West&gt; &amp; &#34;co&#34;": 1, "It touches 2 services and 2 units with 12 patients; of 1 unit the patients are not known.": 1,
	} {
		if got := strings.Count(svg, text); got != times {
			t.Errorf("%d times %q, not %d", got, text, times)
		}
	}
	whole := g.Draw(depend.Census{})
	for _, text := range []string{"map-act", "map-cause", "patients"} {
		if strings.Contains(whole, text) {
			t.Errorf("nothing is broken, and yet there is %q", text)
		}
	}
	titled := read(t, `nodes: [{id: a, kind: component, name: 'A "<b>"'}]`)
	if svg := titled.Impact([]depend.Broken{{Node: "a"}}, depend.Census{}, noon()).Draw(); strings.Contains(svg, "<b>") {
		t.Error("a name is not escaped")
	}
	maybe := read(t, `nodes: [{id: a, kind: component}, {id: b, kind: component, needs: [{on: a, as: proposed}]}]`)
	if svg := maybe.Impact([]depend.Broken{{"a", noon()}}, depend.Census{}, noon()).Draw(); strings.Count(svg, "map-line map-maybe") != 1 || strings.Contains(svg, "stopped") {
		t.Error("a proposal is not drawn as one")
	}
	weak := g.Impact([]depend.Broken{{"db-1", noon()}}, census, noon()).Draw()
	if strings.Count(weak, "map-box map-weak") != 1 || strings.Count(weak, ">1 of 2 left<") != 1 || strings.Count(weak, "map-dim") != 1 {
		t.Error("one of two that is gone is not drawn as such")
	}
}
