package sigma

import (
	"errors"
	"regexp/syntax"
	"strings"
)

// maxProgram bounds the size of a regular expression once its repetitions are written out, and with
// it the time that one byte of an event may cost.
const maxProgram = 10_000

func (b *itemBuilder) flag(name string) error {
	if b.item.Op != Regex {
		return b.fail("modifier " + name + " must follow re")
	}
	if !strings.Contains(b.flags, name) {
		b.flags += name
	}
	return nil
}

// finishRegex folds the flags in and refuses what cannot be searched in bounded time.
func (b *itemBuilder) finishRegex() error {
	for i := range b.item.Values {
		v := &b.item.Values[i]
		if err := b.checkRegex(v.Text); err != nil {
			return err
		}
		if b.flags != "" {
			v.Text = "(?" + b.flags + ":" + v.Text + ")"
			if err := b.checkRegex(v.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *itemBuilder) checkRegex(text string) error {
	tree, err := syntax.Parse(text, syntax.Perl)
	switch {
	case err != nil && (lacks(err, "(?=", "(?!", "(?<=", "(?<!")):
		return b.fail("regular expression uses look-around, which the specification leaves out and no search in bounded time can do: use a second selection")
	case err != nil:
		return b.fail("regular expression cannot be used: " + syntaxReason(err))
	case programSize(tree) > maxProgram:
		return b.fail("regular expression is too costly: write its repetitions smaller")
	}
	return nil
}

// lacks tells whether the parser stopped at one of the constructs.
func lacks(err error, constructs ...string) bool {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range constructs {
		if strings.HasPrefix(e.Expr, c) {
			return true
		}
	}
	return false
}

// programSize estimates the instructions of the compiled expression.
func programSize(re *syntax.Regexp) int {
	size := 1
	for _, sub := range re.Sub {
		size = min(size+programSize(sub), maxProgram+1)
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpRepeat:
		return min(size*max(re.Min+1, re.Max), maxProgram+1)
	}
	return size
}
