package veil

// word is a run of letters and digits in a text.
type word struct {
	start, end   int
	letters      int // and digits
	digit, alpha bool
}

// split lists the words of a text. Bytes of 0x80 or more are letters. An escape of a URL (%C3) is the byte that it stands for. The
// underscore stands between words.
func split(words []word, text []byte) []word {
	words = words[:0]
	in := false
	for i := 0; i < len(text); {
		c, size := text[i], 1
		if c == '%' {
			c, size = octet(text[i:])
		}
		digit := '0' <= c && c <= '9'
		alpha := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
		switch {
		case digit || alpha:
			if !in {
				words = append(words, word{start: i})
				in = true
			}
			w := &words[len(words)-1]
			w.end = i + size
			w.letters++
			w.digit, w.alpha = w.digit || digit, w.alpha || alpha
		default:
			in = false
		}
		i += size
	}
	return words
}

// octet is the first byte that a text stands for, and how many it takes: three for an escape of a URL.
func octet(text []byte) (c byte, size int) {
	if text[0] == '%' && len(text) > 2 {
		if high, low := hex(text[1]), hex(text[2]); high < 16 && low < 16 {
			return high<<4 | low, 3
		}
	}
	return text[0], 1
}

// unescape is what a text with escapes of a URL stands for.
func unescape(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		c, size := octet(text)
		out, text = append(out, c), text[size:]
	}
	return out
}

// hex is the value of a digit; 16 for what is none.
func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// What a number of a patient may be so that it is looked for: shorter ones stand everywhere and mean something else.
const (
	shortestNumber = 6 // letters and digits
	longestNumber  = 24
	numberWords    = 5 // 555-01-42 has three
	numberGap      = 3 // bytes between two of them
	nameGap        = 2 // words between the parts of a name: family=Ode&given=Ann has one
)

// found is a place in a text that is to be hidden, and what stands for it.
type found struct {
	start, end   int
	value, other []byte // a number; or the two parts of a name
}

// next finds the first number or name from words[i] on that the set has. It is called with k.mu held.
func (k *known) next(text []byte, words []word, i int) (f found, ok bool, after int) {
	for ; i < len(words); i++ {
		w := words[i]
		if w.alpha && !w.digit && k.has(extend(family, text[w.start:w.end])) {
			if f, after, ok := k.name(text, words, i); ok {
				return f, true, after
			}
		}
		sum, length, digits := uint64(number), 0, false
		for n := i; n < len(words) && n < i+numberWords; n++ {
			if n > i && words[n].start-words[n-1].end > numberGap {
				break
			}
			part := text[words[n].start:words[n].end]
			if length += words[n].letters; length > longestNumber {
				break
			}
			sum = extend(sum, part)
			if digits = digits || words[n].digit; digits && length >= shortestNumber && k.has(sum) {
				return found{start: w.start, end: words[n].end, value: text[w.start:words[n].end]}, true, n + 1
			}
			if !words[n].digit && n > i { // SMITH 0042 is a number's beginning, 0042 SMITH no longer one
				break
			}
		}
	}
	return found{}, false, i
}

// name looks for the other part of a name soon behind the one at words[i]. A name is hidden from its first to its last word.
func (k *known) name(text []byte, words []word, i int) (found, int, bool) {
	one := text[words[i].start:words[i].end]
	for n := i + 1; n < len(words) && n <= i+1+nameGap; n++ {
		other := text[words[n].start:words[n].end]
		if !words[n].digit && k.has(pair(one, other)) {
			return found{start: words[i].start, end: words[n].end, value: one, other: other}, n + 1, true
		}
	}
	return found{}, 0, false
}
