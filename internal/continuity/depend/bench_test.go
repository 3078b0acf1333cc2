package depend_test

import (
	"fmt"
	"testing"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// BenchmarkMap is how long a page of the map takes, of a house of that many things, of which an engine fails.
func BenchmarkMap(b *testing.B) {
	for _, size := range []int{200, 5000} {
		g, census := house(b, size)
		broken := []depend.Broken{{Node: "engine-1", Since: noon()}}
		b.Run(fmt.Sprintf("impact/%d", size), func(b *testing.B) {
			for b.Loop() {
				g.Impact(broken, census, noon())
			}
		})
		im := g.Impact(broken, census, noon())
		b.Run(fmt.Sprintf("draw/%d", size), func(b *testing.B) {
			for b.Loop() {
				im.Draw()
			}
		})
		b.Run(fmt.Sprintf("part/%d", size), func(b *testing.B) {
			for b.Loop() {
				im.Part().Draw()
			}
		})
		b.Run(fmt.Sprintf("propose/%d", size), func(b *testing.B) {
			var pairs []depend.Pair
			for i := range 2000 {
				pairs = append(pairs, depend.Pair{From: fmt.Sprint("APP", i%400, "|MAIN"), To: fmt.Sprint("EHR", i), Type: "ORU^R01", FromHost: fmt.Sprint("10.0.0.", i%200), Count: 9, Days: 9})
			}
			for b.Loop() {
				depend.NewLearned().Propose(g, pairs, 7)
			}
		})
		b.Run(fmt.Sprintf("join/%d", size), func(b *testing.B) {
			feeds := map[depend.NodeID]depend.Heard{}
			for i := range 200 {
				feeds[depend.NodeID(fmt.Sprint("heard-", i))] = depend.Heard{From: fmt.Sprint("APP", i%40, "|MAIN"), To: fmt.Sprint("EHR", i%3), Type: "ORU^R01"}
			}
			for b.Loop() {
				if _, _, err := g.Joined(feeds, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
