// Package alike tells when two writings mean the same person, house or telephone: Müller is Mueller, 12 Mill Lane is Mill Ln. 12,
// and +49 89 123456 is 089/123456.
//
// It makes of each writing a form that can be compared. Such a form is meant for nobody to read, and for nothing but
// being compared: different names may share one (Michael and Michal), which costs little where a day of birth or an
// address is compared as well.
package alike

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// longest is how much of a text counts: more is no name and no address.
const longest = 256

// Family is the form of a family name: without case, accents, hyphens, particles (van der, de la) and titles. It is empty when
// text says that the name is not known.
func Family(text string) string {
	words := withoutParticles(words(text))
	if len(words) == 0 || slices.ContainsFunc(words, nobody) {
		return ""
	}
	return join(words)
}

// Given is the form of the first given name: systems differ in how many they hold.
func Given(text string) string {
	words := words(text)
	for len(words) > 1 && title(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 || nobody(words[0]) {
		return ""
	}
	return digraphs(words[0])
}

// Text is the form of any other text, such as a town.
func Text(text string) string { return join(words(text)) }

func join(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(digraphs(w))
	}
	return b.String()
}

// nobody tells whether a word stands for a name that is not known. A form must not join all who have none.
func nobody(word string) bool {
	switch word {
	case "unknown", "unbekannt", "inconnu", "desconocido", "onbekend", "ukendt", "okand", "na", "none", "nn", "xxx", "doe",
		"baby", "babyboy", "babygirl", "infant", "newborn", "neugeborenes", "test", "zztest", "testpatient", "noname":
		return true
	}
	return false
}

func title(word string) bool {
	switch word {
	case "dr", "prof", "med", "mr", "mrs", "ms", "miss", "herr", "frau", "dipl", "ing", "sir", "mme", "mlle":
		return true
	}
	return false
}

// withoutParticles leaves out what some systems hold with the name and others do not, unless nothing else is left.
func withoutParticles(words []string) []string {
	rest := make([]string, 0, len(words))
	for _, w := range words {
		if !particle(w) && !title(w) {
			rest = append(rest, w)
		}
	}
	if len(rest) == 0 {
		return words
	}
	return rest
}

func particle(word string) bool {
	switch word {
	case "van", "von", "vom", "der", "den", "de", "dem", "del", "della", "di", "da", "do", "dos", "das", "du", "des", "la", "le", "les",
		"el", "al", "bin", "ibn", "zu", "zum", "zur", "ter", "te", "ten", "af", "av", "y", "e", "und", "freiherr", "graf",
		"jr", "sr", "junior", "senior", "ii", "iii", "iv":
		return true
	}
	return false
}

// words takes text apart at whatever is neither letter nor digit. An apostrophe takes nothing apart: O'Brien is OBrien.
func words(text string) []string {
	if len(text) > longest {
		text = text[:longest]
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r) || strings.ContainsRune("'’‘`´ʼ", r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteString(plain(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// plain writes a letter that has no accent to lose with those of a to z.
func plain(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "a"
	case 'œ', 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	case 'ħ':
		return "h"
	case 'ŋ':
		return "n"
	}
	return string(r)
}

// digraphs writes ae, oe, ue and aa, which stand for ä, ö, ü and å where a keyboard has none, as what is left of these without their
// marks. Behind another vowel or q, ue is none: Bauer, Queen.
func digraphs(word string) string {
	b := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		c := word[i]
		b = append(b, c)
		if i+1 == len(word) {
			break
		}
		behind := byte(0)
		if i > 0 {
			behind = word[i-1]
		}
		switch next := word[i+1]; {
		case (c == 'a' || c == 'o') && next == 'e', c == 'a' && next == 'a', c == 'u' && next == 'e' && !strings.ContainsRune("aeioqy", rune(behind)):
			i++
		}
	}
	return string(b)
}
