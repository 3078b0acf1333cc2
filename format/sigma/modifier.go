package sigma

import (
	"encoding/base64"
	"math"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf16"
)

// itemBuilder applies the modifiers of one item to its values, in the order written
// (specification, "Value Modifiers"; appendix "Modifiers").
type itemBuilder struct {
	*document
	item     *Item
	anchored bool   // startswith or endswith was there
	encoded  bool   // the values are UTF-16
	flags    string // of a regular expression
}

// maxValueVariants bounds the patterns that windash and expand make of one value: six
// switches in five forms each, and more names than most sites have.
const maxValueVariants = 20_000

// patternBytes is what a pattern costs besides its text, roughly.
const patternBytes = 64

func (b *itemBuilder) fail(reason string) error { return refuse(b.item.Line, "%s", reason) }

// apply applies one modifier.
func (b *itemBuilder) apply(written string) error {
	name := written
	switch written { // the specification's other names
	case "ignorecase":
		name = "i"
	case "multiline":
		name = "m"
	case "dotall":
		name = "s"
	case "utf16le":
		name = "wide"
	}
	err := b.modify(name)
	b.item.Modifiers = append(b.item.Modifiers, name)
	return err
}

func (b *itemBuilder) modify(name string) error {
	switch name {
	case "all":
		if b.item.AllValues = true; len(b.item.Values) == 1 {
			b.warn(b.item.Line, "modifier all has a single value: it changes nothing")
		}
		return nil
	case "neq":
		b.item.Negated = true
		return nil
	case "contains":
		return b.anchor(name, Anywhere)
	case "startswith":
		return b.anchor(name, AtStart)
	case "endswith":
		return b.anchor(name, AtEnd)
	case "cased":
		return b.cased()
	case "re":
		return b.first(name, Regex, b.needText)
	case "i", "m", "s":
		return b.flag(name)
	case "cidr":
		return b.first(name, CIDR, b.network)
	case "exists":
		return b.first(name, Exists, b.needBool)
	case "fieldref":
		return b.fieldRef()
	case "expand":
		return b.expand()
	case "windash":
		return b.spread(name, windash)
	case "wide":
		return b.encode(name, "", func(dst []byte, u uint16) []byte { return append(dst, byte(u), byte(u>>8)) })
	case "utf16be":
		return b.encode(name, "", func(dst []byte, u uint16) []byte { return append(dst, byte(u>>8), byte(u)) })
	case "utf16":
		return b.encode(name, "\xff\xfe", func(dst []byte, u uint16) []byte { return append(dst, byte(u), byte(u>>8)) })
	case "base64":
		return b.base64(name, func(text string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(text))} })
	case "base64offset":
		return b.base64(name, base64Offsets)
	case "lt":
		return b.compare(name, Less)
	case "lte":
		return b.compare(name, LessEqual)
	case "gt":
		return b.compare(name, Greater)
	case "gte":
		return b.compare(name, GreaterEqual)
	case "minute":
		return b.timePart(name, Minute, 0, 59)
	case "hour":
		return b.timePart(name, Hour, 0, 23)
	case "day":
		return b.timePart(name, Day, 1, 31)
	case "week":
		return b.timePart(name, Week, 1, 53) // ISO 8601 has years of 53 weeks
	case "month":
		return b.timePart(name, Month, 1, 12)
	case "year":
		return b.timePart(name, Year, 0, 9999)
	}
	return refuse(b.item.Line, "modifier %s is unknown", quote(name))
}

// finish gives the values their final form.
func (b *itemBuilder) finish() error {
	switch b.item.Op {
	case Regex:
		return b.finishRegex()
	case Matches:
		if b.item.Field == "" {
			return b.finishKeywords()
		}
		for i := range b.item.Values {
			v := &b.item.Values[i]
			if v.Kind == Text && v.Patterns == nil {
				v.Patterns = []Pattern{ParsePattern(v.Text)}
			}
		}
	}
	if b.item.Field == "" && b.item.Op == FieldRef {
		return b.fail("modifier fieldref needs a field")
	}
	return nil
}

// finishKeywords makes keywords look anywhere in a value (specification, "Keywords search").
func (b *itemBuilder) finishKeywords() error {
	if err := b.texts("keywords", false); err != nil {
		return err
	}
	for i := range b.item.Values {
		for j, p := range b.item.Values[i].Patterns {
			b.item.Values[i].Patterns[j] = p.around(!b.anchored, !b.anchored)
		}
	}
	return nil
}

// texts makes sure that all values are text patterns, for modifiers that work on text.
// Numbers and truth values count as what was written.
func (b *itemBuilder) texts(modifier string, warn bool) error {
	if b.item.Op != Matches {
		return b.fail("modifier " + modifier + " cannot follow " + strings.Join(b.item.Modifiers, "|"))
	}
	for i := range b.item.Values {
		v := &b.item.Values[i]
		if v.Kind == Null {
			return b.fail("modifier " + modifier + " needs a text, not null")
		}
		if v.Kind != Text && warn {
			b.warn(b.item.Line, "modifier "+modifier+" has a value that is no text: it is read as one")
		}
		if v.Patterns == nil {
			*v = Value{Kind: Text, Text: v.Text, Patterns: []Pattern{ParsePattern(v.Text)}}
		}
	}
	return nil
}

// rewrite replaces each pattern by the ones that change makes of it.
func (b *itemBuilder) rewrite(modifier string, change func(Pattern) ([]Pattern, error)) error {
	if err := b.texts(modifier, true); err != nil {
		return err
	}
	for i := range b.item.Values {
		v := &b.item.Values[i]
		var all []Pattern
		for _, p := range v.Patterns {
			made, err := change(p)
			if err != nil {
				return err
			}
			all = append(all, made...)
			for _, m := range made {
				b.patterns -= patternBytes + m.size()
			}
			if b.patterns < 0 || len(all) > maxValueVariants {
				return b.fail("modifier " + modifier + " makes too many variants of the values")
			}
		}
		v.Patterns = all
	}
	return nil
}

// anchor serves contains, startswith and endswith.
func (b *itemBuilder) anchor(modifier string, at Anchor) error {
	switch b.item.Op {
	case FieldRef:
		for i := range b.item.Values {
			b.item.Values[i].Anchor |= at
		}
		return nil
	case Regex: // a search is a "contains" already
		for i := range b.item.Values {
			v := &b.item.Values[i]
			switch at {
			case AtStart:
				v.Text = `\A(?:` + v.Text + `)`
			case AtEnd:
				v.Text = `(?:` + v.Text + `)\z`
			}
		}
		return nil
	}
	b.anchored = b.anchored || at != Anywhere
	return b.rewrite(modifier, func(p Pattern) ([]Pattern, error) {
		return []Pattern{p.around(at&AtEnd != 0, at&AtStart != 0)}, nil
	})
}

func (b *itemBuilder) cased() error {
	switch b.item.Op {
	case FieldRef:
	case Regex:
		return b.fail("modifier cased cannot follow re, which is case-sensitive already")
	default:
		if err := b.texts("cased", true); err != nil {
			return err
		}
	}
	b.item.Cased = true
	return nil
}

// first serves the modifiers that turn an unmodified value into something else than text.
func (b *itemBuilder) first(modifier string, op Op, check func(modifier string) error) error {
	if len(b.item.Modifiers) > 0 {
		return b.fail("modifier " + modifier + " must be the first one")
	}
	if err := check(modifier); err != nil {
		return err
	}
	b.item.Op = op
	return nil
}

func (b *itemBuilder) needText(modifier string) error {
	for i := range b.item.Values {
		v := &b.item.Values[i]
		if v.Kind == Null {
			return b.fail("modifier " + modifier + " needs a text, not null")
		}
		*v = Value{Kind: Text, Text: v.Text}
	}
	return nil
}

func (b *itemBuilder) needBool(modifier string) error {
	if b.item.Field == "" {
		return b.fail("modifier " + modifier + " needs a field")
	}
	if slices.ContainsFunc(b.item.Values, func(v Value) bool { return v.Kind != Bool }) {
		return b.fail("modifier " + modifier + " needs true or false, without quotes")
	}
	return nil
}

// network reads the values as networks and writes them in their plain form.
func (b *itemBuilder) network(modifier string) error {
	if err := b.needText(modifier); err != nil {
		return err
	}
	for i := range b.item.Values {
		v := &b.item.Values[i]
		prefix, err := netip.ParsePrefix(v.Text)
		if err != nil {
			addr, err := netip.ParseAddr(v.Text)
			if err != nil || addr.Zone() != "" {
				return b.fail("modifier cidr needs a network such as 10.0.0.0/8 or fe80::/10")
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		if prefix != prefix.Masked() {
			b.warn(b.item.Line, "network has bits set behind its length: they are passed over")
		}
		if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
		}
		v.Text = prefix.Masked().String()
	}
	return nil
}

func (b *itemBuilder) fieldRef() error {
	for _, m := range b.item.Modifiers {
		if m != "neq" && m != "all" && m != "cased" {
			return b.fail("modifier fieldref cannot follow " + m + ": write fieldref first")
		}
	}
	for i := range b.item.Values {
		v := &b.item.Values[i]
		if v.Kind != Text {
			return b.fail("modifier fieldref needs the name of a field")
		}
		name, plain := ParsePattern(v.Text).literal()
		if !plain || name == "" {
			return b.fail("modifier fieldref needs the name of a field, without wildcards")
		}
		*v = Value{Kind: Text, Text: name}
	}
	b.item.Op = FieldRef
	return nil
}

// numbers makes sure that all values are numbers, not modified before.
func (b *itemBuilder) numbers(modifier string) error {
	if b.item.Op != Matches {
		return b.fail("modifier " + modifier + " cannot follow " + strings.Join(b.item.Modifiers, "|"))
	}
	if slices.ContainsFunc(b.item.Values, func(v Value) bool { return v.Kind != Number }) {
		return b.fail("modifier " + modifier + " needs a number, without quotes")
	}
	return nil
}

func (b *itemBuilder) compare(modifier string, op Op) error {
	if err := b.numbers(modifier); err != nil {
		return err
	}
	b.item.Op = op
	return nil
}

func (b *itemBuilder) timePart(modifier string, part TimePart, least, most float64) error {
	if err := b.numbers(modifier); err != nil {
		return err
	}
	for _, v := range b.item.Values {
		if v.Number < least || v.Number > most || v.Number != math.Trunc(v.Number) {
			return refuse(b.item.Line, "modifier %s needs a whole number from %g to %g", modifier, least, most)
		}
	}
	b.item.Op, b.item.Part = Time, part
	return nil
}

// spread serves modifiers that make several patterns of a literal.
func (b *itemBuilder) spread(modifier string, variants func(literal string, limit int) ([]Pattern, bool)) error {
	return b.rewrite(modifier, func(p Pattern) ([]Pattern, error) {
		limit := min(maxValueVariants, b.patterns/(patternBytes+p.size()))
		all, ok := p.each(limit, variants)
		if !ok {
			return nil, b.fail("modifier " + modifier + " makes too many variants of the values")
		}
		return all, nil
	})
}

// encode turns literals into UTF-16; wildcards stay what they are.
func (b *itemBuilder) encode(modifier, mark string, put func([]byte, uint16) []byte) error {
	if b.encoded {
		return b.fail("modifier " + modifier + " cannot follow another UTF-16 modifier")
	}
	b.encoded = true
	return b.rewrite(modifier, func(p Pattern) ([]Pattern, error) {
		q := Pattern(nil).appendLiteral(mark)
		for _, part := range p {
			var bytes []byte
			for _, u := range utf16.Encode([]rune(part.Literal)) {
				bytes = put(bytes, u)
			}
			q = q.appendPart(Part{string(bytes), part.Wild})
		}
		return []Pattern{q}, nil
	})
}

// base64 serves base64 and base64offset.
func (b *itemBuilder) base64(modifier string, encodings func(string) []string) error {
	return b.rewrite(modifier, func(p Pattern) ([]Pattern, error) {
		text, plain := p.literal()
		if !plain {
			return nil, b.fail("modifier " + modifier + " cannot encode wildcards: write contains and the like behind it")
		}
		var all []Pattern
		for _, encoding := range encodings(text) {
			if encoding == "" {
				return nil, b.fail("modifier " + modifier + " has a value that is too short to be recognised")
			}
			all = append(all, Pattern{{Literal: encoding}})
		}
		return all, nil
	})
}

// base64Offsets returns what is sure to stand in the Base64 form of any text that holds
// this one, for each of the three places at which it may begin.
func base64Offsets(text string) []string {
	variants := make([]string, 3)
	for offset := range variants {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + text))
		from := []int{0, 2, 3}[offset]                 // characters that the bytes before share
		behind := []int{0, 3, 2}[(len(text)+offset)%3] // and those that the bytes behind do
		variants[offset] = encoded[from:max(from, len(encoded)-behind)]
	}
	return variants
}
