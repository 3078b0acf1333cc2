// Package image compares what an image was when it was made with what an archive holds of it.
//
// An image has an identifier that no other has and that it keeps (SOP Instance UID, PS3.3 C.12.1), so whatever bears it must be the same: the same
// pixels, however compressed, and the same words about it, but for those that say where it is kept, and those of the patient and the order
// that a hospital may correct when it has a cause to (domain words: coercion, reconciliation). Package format/dicom/digest has the digests.
package image

import "time"

// Seal is what is remembered of an image since it was first heard of.
type Seal struct {
	Header, Semantic, Pixels string    // labelled digests; Pixels is empty for what has none
	Unpacked                 string    // of its pixels as the archive unpacks them, where it keeps them in a way that is not unpacked here; else empty
	Patient                  string    // whose it is, as a token or number that stands for the patient
	Study                    string    // a name that stands for its study
	First                    string    // id of the message in which it was first heard
	From                     string    // who said it
	At                       time.Time // when
	Told                     bool      // somebody was told that it is another one now; then once is enough until it changes again
}

// Seen is an image as it is heard now.
type Seen struct {
	Seal
	ID       string // of the message
	Polyglot bool   // its first bytes make it something else as well
	Coerced  bool   // a system says that it changed attributes, and why (PS3.3 C.12.1.1.9)
	Moved    bool   // the house has joined or corrected the records of the two patients meanwhile
}

// Kind tells what is wrong with an image.
type Kind string

// The kinds.
const (
	Redrawn    Kind = "image-redrawn"  // its pixels are others
	Reassigned Kind = "image-moved"    // it is another patient's
	Reworded   Kind = "image-reworded" // what it says of how it was made is other than it was
	Polyglot   Kind = "image-polyglot" // it is a program or something else as well
	Gone       Kind = "image-gone"     // an archive held it, and does not any more
	Missing    Kind = "image-missing"  // it was made, and never came to the archive
)

// Compare says what is wrong with an image, given what was remembered of it; known is false when nothing was. It returns what is to be remembered.
func Compare(before Seal, known bool, now Seen) (wrong []Kind, keep Seal) {
	if now.Polyglot {
		wrong = append(wrong, Polyglot)
	}
	if !known {
		keep = now.Seal
		keep.First = now.ID
		return wrong, keep
	}
	keep = before
	if now.Header == before.Header && samePixels(&before, &now.Seal) {
		keep.Told = false
		return wrong, keep
	}
	if !samePixels(&before, &now.Seal) {
		wrong = append(wrong, Redrawn)
	}
	if now.Patient != before.Patient && !now.Moved {
		wrong = append(wrong, Reassigned)
	}
	if now.Semantic != before.Semantic {
		wrong = append(wrong, Reworded)
	}
	if before.Told {
		return nil, keep
	}
	keep.Told = len(wrong) > 0
	return wrong, keep
}

// samePixels compares the digests that there are: one that is the same is enough, for each is of all pixels.
func samePixels(a, b *Seal) bool {
	if a.Pixels == b.Pixels {
		return true
	}
	return a.Unpacked != "" && (a.Unpacked == b.Pixels || a.Unpacked == b.Unpacked) || b.Unpacked != "" && b.Unpacked == a.Pixels
}
