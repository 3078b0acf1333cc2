package sigma_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/sigma"
)

func lit(s string) sigma.Part { return sigma.Part{Literal: s} }

var (
	star     = sigma.Part{Wild: sigma.Star}
	question = sigma.Part{Wild: sigma.Question}
)

func TestParsePattern(t *testing.T) {
	for _, c := range []struct {
		written string
		want    sigma.Pattern
	}{
		{``, nil},
		{`plain`, sigma.Pattern{lit("plain")}},
		{`*`, sigma.Pattern{star}},
		{`**`, sigma.Pattern{star}},
		{`*?*`, sigma.Pattern{star, question, star}},
		{`??`, sigma.Pattern{question, question}},
		{`a*b?c`, sigma.Pattern{lit("a"), star, lit("b"), question, lit("c")}},
		{`C:\Windows\cmd.exe`, sigma.Pattern{lit(`C:\Windows\cmd.exe`)}},
		{`end\`, sigma.Pattern{lit(`end\`)}},
		{`\*`, sigma.Pattern{lit(`*`)}},
		{`\?`, sigma.Pattern{lit(`?`)}},
		{`\\*`, sigma.Pattern{lit(`\`), star}},
		{`\\\*`, sigma.Pattern{lit(`\*`)}},
		{`\\\\*`, sigma.Pattern{lit(`\\`), star}},
		{`\\`, sigma.Pattern{lit(`\`)}},
		{`\\\`, sigma.Pattern{lit(`\\`)}},
		{`\\\\`, sigma.Pattern{lit(`\\`)}},
		{`\\server\share`, sigma.Pattern{lit(`\server\share`)}},
		{`\\\\server\\share\*.txt`, sigma.Pattern{lit(`\\server\share*.txt`)}},
	} {
		got := sigma.ParsePattern(c.written)
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s: %s", c.written, diff)
		}
		if again := sigma.ParsePattern(got.String()); !cmp.Equal(again, got) {
			t.Errorf("%s: printed as %s, which reads differently", c.written, got)
		}
	}
}

func TestPatternPrintsBackslashesSparingly(t *testing.T) {
	for _, written := range []string{`C:\Windows\*.exe`, `*\cmd.exe`, `a\b`, `end\`, `\*`, `*\Temp\\?.log`} {
		if got := sigma.ParsePattern(written).String(); got != written {
			t.Errorf("%s: printed as %s", written, got)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`\\*\?C:\\\Windows**?`)
	f.Fuzz(func(t *testing.T, s string) {
		p := sigma.ParsePattern(s)
		if !cmp.Equal(sigma.ParsePattern(p.String()), p) {
			t.Error("printed pattern reads differently")
		}
		for i, part := range p {
			side := i > 0 && part.Wild == p[i-1].Wild && part.Wild != sigma.Question
			if side || part.Wild == sigma.NoWildcard && part.Literal == "" {
				t.Error("pattern is not in its plain form")
			}
		}
	})
}
