package image_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/image"
)

func TestCompare(t *testing.T) {
	sealed := image.Seal{Header: "h", Semantic: "s", Pixels: "p", Patient: "4711", Study: "1.2.3", First: "m1"}
	with := func(change func(*image.Seen)) image.Seen {
		now := image.Seen{Seal: sealed, ID: "m2"}
		now.First = ""
		change(&now)
		return now
	}
	for _, c := range []struct {
		name string
		now  image.Seen
		want []image.Kind
	}{
		{"the same", with(func(*image.Seen) {}), nil},
		{"compressed without loss: header and samples stay", with(func(*image.Seen) {}), nil},
		{"compressed in a way that only the archive unpacks", with(func(s *image.Seen) { s.Pixels, s.Unpacked = "packed", "p" }), nil},
		{"compressed, and another picture", with(func(s *image.Seen) { s.Pixels, s.Unpacked = "packed", "p2" }), []image.Kind{image.Redrawn}},
		{"kept elsewhere: attributes that may always change", with(func(s *image.Seen) { s.Header = "h2" }), nil},
		{"a picture that was drawn into", with(func(s *image.Seen) { s.Pixels = "p2" }), []image.Kind{image.Redrawn}},
		{"pixels that are gone", with(func(s *image.Seen) { s.Pixels = "" }), []image.Kind{image.Redrawn}},
		{"another patient's", with(func(s *image.Seen) { s.Header, s.Patient = "h2", "4712" }), []image.Kind{image.Reassigned}},
		{"another patient's, since the records were joined", with(func(s *image.Seen) { s.Header, s.Patient, s.Moved = "h2", "4712", true }), nil},
		{"the other side", with(func(s *image.Seen) { s.Header, s.Semantic = "h2", "s2" }), []image.Kind{image.Reworded}},
		{"a program", with(func(s *image.Seen) { s.Polyglot = true }), []image.Kind{image.Polyglot}},
		{"everything", with(func(s *image.Seen) {
			s.Header, s.Semantic, s.Pixels, s.Patient, s.Polyglot = "h2", "s2", "p2", "4712", true
		}), []image.Kind{image.Polyglot, image.Redrawn, image.Reassigned, image.Reworded}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, keep := image.Compare(sealed, true, c.now)
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("what is wrong (-got +want):\n%s", diff)
			}
			if keep.Told = false; keep != sealed {
				t.Errorf("kept %+v, want what was first heard", keep)
			}
			if len(c.want) == 0 || c.now.Polyglot {
				return
			}
			_, told := image.Compare(sealed, true, c.now)
			if again, _ := image.Compare(told, true, c.now); len(again) > 0 {
				t.Errorf("told twice: %v", again)
			}
			_, healed := image.Compare(told, true, with(func(*image.Seen) {}))
			if again, _ := image.Compare(healed, true, c.now); len(again) == 0 {
				t.Error("it was put right and changed again, and nobody is told")
			}
		})
	}
	packed := sealed // heard of first as an archive keeps it
	packed.Pixels, packed.Unpacked = "packed", "p"
	for pixels, unpacked := range map[string]string{"p": "", "packed otherwise": "p", "packed": "p"} {
		if wrong, _ := image.Compare(packed, true, with(func(s *image.Seen) { s.Pixels, s.Unpacked = pixels, unpacked })); len(wrong) > 0 {
			t.Errorf("pixels %s, unpacked %q, give %v", pixels, unpacked, wrong)
		}
	}
	if wrong, _ := image.Compare(packed, true, with(func(s *image.Seen) { s.Pixels = "p2" })); len(wrong) != 1 {
		t.Errorf("other pixels than those that were packed give %v", wrong)
	}
	first, keep := image.Compare(image.Seal{}, false, with(func(*image.Seen) {}))
	if len(first) > 0 || keep.First != "m2" {
		t.Errorf("an image that is heard of first gives %v and is kept as %+v", first, keep)
	}
}
