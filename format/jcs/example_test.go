package jcs_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/wardline/wardline/format/jcs"
)

// One text in both forms, with their digests.
func ExampleAppend() {
	text := []byte(`{ "b": 4.50, "a": "\u20ac", "c": [1E2, -0] }`)
	form, err := jcs.Append(nil, text, jcs.DefaultLimits())
	fmt.Printf("%s %v\n%x\n", form, err, sha256.Sum256(form))
	form, err = jcs.AppendDecText(nil, text, jcs.DefaultLimits())
	fmt.Printf("%s %v\n%x\n", form, err, sha256.Sum256(form))
	// Output:
	// {"a":"€","b":4.5,"c":[100,0]} <nil>
	// 84aa75cf9af60e61af39dc781c23b9989f4378318767e888f1345e307cc9e0dc
	// {"a":"€","b":4.50,"c":[1E2,-0]} <nil>
	// 76fb77e343206c94a5b86eae3acb3b592e74ab09a06ebdc100cedfb430358e05
}
