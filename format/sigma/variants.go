package sigma

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// windash returns the literal with each switch character in all its forms. A
// switch character is a hyphen, slash or dash with a word behind it and none before it:
// those inside words are no switches. It gives up when there would be more than limit.
func windash(literal string, limit int) ([]Pattern, bool) {
	forms := []string{"-", "/", "\u2013", "\u2014", "\u2015"} // hyphen, slash, en dash, em dash, horizontal bar
	all := []string{""}
	start, wordBefore := 0, false
	for i, r := range literal {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(literal[i:])
		}
		next, _ := utf8.DecodeRuneInString(literal[i+size:])
		if isDash(r) && !wordBefore && isWord(next) {
			if len(all)*len(forms) > limit {
				return nil, false
			}
			longer := make([]string, 0, len(all)*len(forms))
			for _, head := range all {
				for _, form := range forms {
					longer = append(longer, head+literal[start:i]+form)
				}
			}
			all, start = longer, i+size
		}
		wordBefore = isWord(r)
	}
	patterns := make([]Pattern, len(all))
	for i, head := range all {
		patterns[i] = Pattern(nil).appendLiteral(head + literal[start:])
	}
	return patterns, true
}

func isDash(r rune) bool { return strings.ContainsRune("-/\u2013\u2014\u2015", r) }

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// expand puts what the site has bound in the place of %names%. \% is a plain percent sign.
func (b *itemBuilder) expand() error {
	var missing string
	bound := func(name string) ([]string, bool) {
		values := b.options.Placeholders[name]
		if len(values) == 0 {
			missing = name
		}
		return values, len(values) > 0
	}
	var err error
	if b.item.Op == Regex {
		for i := range b.item.Values {
			v := &b.item.Values[i]
			v.Text = expandRegex(v.Text, bound)
		}
	} else {
		err = b.spread("expand", func(literal string, limit int) ([]Pattern, bool) { return expandLiteral(literal, limit, bound) })
	}
	if missing != "" {
		return refuse(b.item.Line, "placeholder %%%s%% is not bound to any value", strings.Trim(quote(missing), `"`))
	}
	return err
}

// expandLiteral returns every literal with the placeholders' values in their place. It gives
// up at an unbound one, and when there would be more than limit.
func expandLiteral(literal string, limit int, bound func(string) ([]string, bool)) ([]Pattern, bool) {
	all := []Pattern{nil}
	for literal != "" {
		text, name, rest := cutPlaceholder(literal)
		choices := []Pattern{Pattern(nil).appendLiteral(strings.ReplaceAll(text, `\%`, `%`))}
		if name != "" {
			values, ok := bound(name)
			if !ok || len(all)*len(values) > limit {
				return nil, false
			}
			before := choices[0]
			choices = choices[:0]
			for _, v := range values {
				choices = append(choices, before.join(ParsePattern(v)))
			}
		}
		longer := make([]Pattern, 0, len(all)*len(choices))
		for _, head := range all {
			for _, tail := range choices {
				longer = append(longer, head.join(tail))
			}
		}
		all, literal = longer, rest
	}
	return all, true
}

// expandRegex puts the values in as alternatives, wildcards as what they mean in a
// regular expression.
func expandRegex(text string, bound func(string) ([]string, bool)) string {
	var b strings.Builder
	for text != "" {
		before, name, rest := cutPlaceholder(text)
		b.WriteString(strings.ReplaceAll(before, `\%`, `%`))
		if name != "" {
			values, _ := bound(name)
			alternatives := make([]string, len(values))
			for i, v := range values {
				for _, part := range ParsePattern(v) {
					alternatives[i] += map[Wildcard]string{Star: ".*", Question: "."}[part.Wild] + regexp.QuoteMeta(part.Literal)
				}
			}
			b.WriteString("(?:" + strings.Join(alternatives, "|") + ")")
		}
		text = rest
	}
	return b.String()
}

// cutPlaceholder cuts text at its first %name%. name is empty when there is none.
func cutPlaceholder(text string) (before, name, rest string) {
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i > 0 && text[i-1] == '\\' {
			continue
		}
		end := i + 1
		for end < len(text) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if !isWord(r) {
				break
			}
			end += size
		}
		if end > i+1 && end < len(text) && text[end] == '%' {
			return text[:i], text[i+1 : end], text[end+1:]
		}
	}
	return text, "", ""
}
