package jsonl

// Kind is the JSON type of a value.
type Kind uint8

// The JSON types (RFC 8259 section 3).
const (
	Null Kind = iota
	False
	True
	Number
	String
	Object
	Array
)

// Limits bounds what one object may cost.
type Limits struct {
	Depth  int // nesting of objects and arrays
	Values int // values of all kinds, containers included
}

// DefaultLimits suits log lines: deep enough for every shape seen, far from any stack.
func DefaultLimits() Limits { return Limits{Depth: 64, Values: 1 << 16} }

// Value is one value of a scanned object, by its place in the text.
// Values stand in the order of the text; a container comes before what it holds.
// The elements of an array carry the path of the array itself.
type Value struct {
	Hash               uint64 // of the whole dotted path, see HashPath
	NameStart, NameEnd uint32 // the last name of the path, between its quotes, as written
	Start, End         uint32 // the value; strings without their quotes, still escaped
	Parent             int32  // index of the containing object or array in Values; -1 at the top
	Kind               Kind
	Marks              Marks
}

// Marks says what was seen in a string or its name.
type Marks uint8

// The marks.
const (
	Escaped      Marks = 1 << iota // the string holds a backslash
	OddlyEscaped                   // it holds \uXXXX or \/, which mostly could be written plainly
	NonASCII                       // it holds bytes of 0x80 or more
	NameEscaped                    // its name holds a backslash
)

// Index lists the values of one object. The zero value is ready; it is reused
// from object to object and then allocates nothing.
type Index struct {
	Values []Value
	// Shape is the same for two objects of this process that have the same paths in the same order, and no two others can be expected to share one: it is keyed. It tells nothing of
	// the kinds of values, nor of names that share a hash.
	Shape uint64
	Marks Marks // of all values together

	marks marks // of the text, while it is scanned
}

// Find returns the position in x.Values of the first value at the dotted path, or -1.
// Both {"a":{"b":1}} and {"a.b":1} have a value at a.b.
func (x *Index) Find(text []byte, path string) int {
	return x.FindHash(text, path, HashPath(path))
}

// FindHash is Find for a caller who keeps the path's hash.
func (x *Index) FindHash(text []byte, path string, hash uint64) int {
	for i := range x.Values {
		if x.Values[i].Hash == hash && x.At(text, i, path) {
			return i
		}
	}
	return -1
}

// At tells whether value i stands at the dotted path. It settles what equal hashes suggest.
func (x *Index) At(text []byte, i int, path string) bool {
	v := &x.Values[i]
	if v.Parent < 0 && v.Marks&NameEscaped == 0 {
		return string(text[v.NameStart:v.NameEnd]) == path
	}
	return x.atNested(text, i, path)
}

// atNested compares from the last name of the path to the first.
func (x *Index) atNested(text []byte, i int, path string) bool {
	for i >= 0 {
		v := &x.Values[i]
		if v.Parent >= 0 && x.Values[v.Parent].Kind == Array {
			i = int(v.Parent)
			continue
		}
		name := text[v.NameStart:v.NameEnd]
		if v.Marks&NameEscaped != 0 {
			name = appendUnescaped(nil, name)
		}
		rest := len(path) - len(name)
		if rest < 0 || path[rest:] != string(name) {
			return false
		}
		path = path[:rest]
		i = int(v.Parent)
		if i < 0 {
			break
		}
		if path == "" || path[len(path)-1] != '.' {
			return false
		}
		path = path[:len(path)-1]
	}
	return path == ""
}

// Path returns the dotted path of value i.
func (x *Index) Path(text []byte, i int) string {
	v := &x.Values[i]
	if v.Parent >= 0 && x.Values[v.Parent].Kind == Array {
		return x.Path(text, int(v.Parent))
	}
	name := text[v.NameStart:v.NameEnd]
	if v.Marks&NameEscaped != 0 {
		name = appendUnescaped(nil, name)
	}
	if v.Parent < 0 {
		return string(name)
	}
	return x.Path(text, int(v.Parent)) + "." + string(name)
}

// Text returns value i of text as UTF-8 without quotes and escapes: the string, the number
// as written, true, false, null; the raw text of an object or array. It returns a piece of text
// where that is possible, and else appends to dst[:0] and returns that.
func (x *Index) Text(text []byte, i int, dst []byte) []byte {
	v := &x.Values[i]
	raw := text[v.Start:v.End]
	if v.Marks&Escaped == 0 {
		return raw
	}
	return appendUnescaped(dst[:0], raw)
}
