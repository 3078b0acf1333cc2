package veil

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/wardline/wardline/internal/vault"
)

// Veil hides what names patients. It serves any number of goroutines.
type Veil struct {
	vault *vault.Vault
	known *known
	words sync.Pool // *[]word
}

// New returns a veil that has heard of nobody yet. Its tokens are those of v.
func New(v *vault.Vault) *Veil {
	return &Veil{vault: v, known: newKnown(), words: sync.Pool{New: func() any { return new([]word) }}}
}

// Vault is the vault whose tokens these are.
func (v *Veil) Vault() *vault.Vault { return v.vault }

// Entity is what may be seen of a thing that a finding names.
func (v *Veil) Entity(kind, value string) string {
	switch {
	case strings.HasPrefix(value, vault.Prefix):
		return value
	case kind == "patient", kind == "user" && patientReference([]byte(value)):
		return v.vault.Token(patient, value)
	}
	hidden, _ := v.Hide([]byte(value))
	return string(hidden)
}

// Tokens appends what stands for a value of the field. A patient has a token by the number alone, by which whoever does
// not know its authority finds it, and one for each authority that the event names.
func (v *Veil) Tokens(tokens []string, name, value string, authorities []string) []string {
	if value == "" {
		return tokens
	}
	kind := kindOf(name)
	tokens = append(tokens, v.vault.Token(kind, value))
	if kind != patient {
		return tokens
	}
	for _, a := range authorities {
		tokens = append(tokens, v.vault.Token(a, value))
	}
	return tokens
}

// Asked lists the tokens that may stand in an event for what somebody typed, who may know it in other letters: for a number, or
// for a given and a family name.
func (v *Veil) Asked(typed string) []string {
	typed = strings.TrimSpace(typed)
	switch parts := strings.Fields(typed); {
	case typed == "", strings.HasPrefix(typed, vault.Prefix):
		return nil
	case len(parts) == 2 && !strings.ContainsAny(typed, "0123456789"):
		return []string{v.nameToken([]byte(strings.Trim(parts[0], ",")), []byte(parts[1]))}
	case !strings.ContainsAny(typed, "0123456789"):
		return v.inLetters([]string{patient}, typed)
	}
	return v.inLetters([]string{patient, visit, object, study}, typed)
}

// AskedOf lists the tokens that may stand in a field of that name for a value; none when it holds no tokens.
func (v *Veil) AskedOf(name, value string) []string {
	value = strings.TrimSpace(value)
	if value == "" || strings.HasPrefix(value, vault.Prefix) || Of(name) != Tokens && !NamesPatient(name) {
		return nil
	}
	return v.inLetters([]string{kindOf(name)}, value)
}

func (v *Veil) inLetters(kinds []string, value string) []string {
	var tokens []string
	for _, way := range [...]string{value, strings.ToUpper(value), strings.ToLower(value)} {
		for _, kind := range kinds {
			if t := v.vault.Token(kind, way); !slices.Contains(tokens, t) {
				tokens = append(tokens, t)
			}
		}
	}
	return tokens
}

// nameToken stands for a person's name, in whichever order it was written.
func (v *Veil) nameToken(one, other []byte) string {
	names := []string{strings.ToLower(string(one)), strings.ToLower(string(other))}
	slices.Sort(names)
	return v.vault.Token(person, strings.Join(names, " "))
}

// Number notes that text is a number by which a patient is known, or a telephone.
func (v *Veil) Number(text []byte) {
	var few [8]word
	sum, length, digits := uint64(number), 0, false
	for _, w := range split(few[:0], text) {
		sum = extend(sum, text[w.start:w.end])
		length += w.letters
		digits = digits || w.digit
	}
	if digits && length >= shortestNumber && length <= longestNumber {
		v.known.add(sum)
	}
}

// shortestName is in bytes: shorter words mean other things too often.
const shortestName = 2

// Name notes a patient's name. Of names of several words each is noted.
func (v *Veil) Name(familyName, given []byte) {
	var few, more [8]word
	for _, f := range split(few[:0], familyName) {
		for _, g := range split(more[:0], given) {
			if f.digit || g.digit || f.letters < shortestName || g.letters < shortestName {
				continue
			}
			v.known.add(extend(family, familyName[f.start:f.end]))
			v.known.add(pair(familyName[f.start:f.end], given[g.start:g.end]))
			v.known.add(extend(family, given[g.start:g.end])) // for whoever writes it first
			v.known.add(pair(given[g.start:g.end], familyName[f.start:f.end]))
		}
	}
}

// Hides tells whether a text names a patient who was heard of.
func (v *Veil) Hides(text []byte) bool {
	words := v.words.Get().(*[]word)
	defer v.words.Put(words)
	*words = split(*words, text)
	v.known.mu.RLock()
	defer v.known.mu.RUnlock()
	_, ok, _ := v.known.next(text, *words, 0)
	return ok
}

// IsName tells whether a text is one word, which was heard as a part of a patient's name. Many such words mean something else
// as well.
func (v *Veil) IsName(text []byte) bool {
	var few [2]word
	words := split(few[:0], text)
	if len(words) != 1 || words[0].digit {
		return false
	}
	v.known.mu.RLock()
	defer v.known.mu.RUnlock()
	return v.known.has(extend(family, text[words[0].start:words[0].end]))
}

// Hide returns the text with tokens in the place of patients who were heard of, and whether there were any. Without any it is the
// text itself.
func (v *Veil) Hide(text []byte) ([]byte, bool) {
	words := v.words.Get().(*[]word)
	defer v.words.Put(words)
	*words = split(*words, text)
	v.known.mu.RLock()
	defer v.known.mu.RUnlock()
	f, ok, at := v.known.next(text, *words, 0)
	if !ok {
		return text, false
	}
	var out []byte
	from := 0
	for ; ok; f, ok, at = v.known.next(text, *words, at) {
		out = append(out, text[from:f.start]...)
		if f.other != nil {
			out = append(out, v.nameToken(unescape(f.value), unescape(f.other))...)
		} else {
			out = append(out, v.vault.Token(patient, string(unescape(f.value)))...)
		}
		from = f.end
	}
	return append(out, text[from:]...), true
}

// Fresh takes what was heard of since it was last called, sealed, for Recall after a restart; nil when that is nothing.
func (v *Veil) Fresh() ([]byte, error) {
	v.known.mu.Lock()
	fresh := v.known.fresh
	v.known.fresh = nil
	v.known.mu.Unlock()
	if len(fresh) == 0 {
		return nil, nil
	}
	plain := make([]byte, 0, 8*len(fresh))
	for _, sum := range fresh {
		plain = binary.LittleEndian.AppendUint64(plain, sum)
	}
	return v.vault.Seal(plain, purpose)
}

const purpose = "identifiers that were heard"

// ErrRecall says that what is to be recalled is not what Fresh gave.
var ErrRecall = errors.New("what was heard of patients cannot be read")

// Recall takes up what Fresh gave.
func (v *Veil) Recall(sealed []byte) error {
	plain, err := v.vault.Open(sealed, purpose)
	if err != nil || len(plain)%8 != 0 {
		return ErrRecall
	}
	v.known.mu.Lock()
	fresh := v.known.fresh
	v.known.mu.Unlock()
	for ; len(plain) > 0; plain = plain[8:] {
		v.known.add(binary.LittleEndian.Uint64(plain))
	}
	v.known.mu.Lock()
	v.known.fresh = fresh
	v.known.mu.Unlock()
	return nil
}
