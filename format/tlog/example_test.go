package tlog_test

import (
	"fmt"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// An auditor has a policy, got long before from somebody else than the hospital, and is shown an entry with its proof.
func ExampleProof_VerifyPolicy() {
	const policyText = `log journal.st-example.org+7def3ba0+AVTTpBNirYpKp/D9IPvdXHH/i8Mut0xPf6oU/WxqmlcN
witness north witness.north.example+9722ed20+BBDMrLFC/YE1q86xzqwdxN4YNYkgSxSOsfV3XkPmM3rG
witness south witness.south.example+12a97db6+BOa/cRdyGPGsVu5+Rf1HwFse4ggI/q+DN8ihD/pU+671
witness state witness.state.example+20bd3c60+BHQhsTvhO7Pl0gUowEr/fPZZPr8fhvAlWX3N8rO/AsW2
group peers 2 north south state
quorum peers
`
	const proofText = `c2sp.org/tlog-proof@v1
index 3
V8efTzGuApxdS9MLBzwnyU35NDiytGl+Hh7vW8A5SkE=
WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=
SFM123z+yWXxX/dF/GJcQdXqJkaTaTAWWCj3PdS2iFQ=

journal.st-example.org
5
fKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=

— journal.st-example.org fe87oIzPK+4PvsNODdo20iUtC6VhKjhy6xuaQIAFA2Lj+ubRyokUkBCVLH7wJE2mmJ3noWBCN0VI0YzNPFZJyIch2AM=
— witness.north.example lyLtIAAAAABrCB9ArAAp/WDHTK90/dLSCbajqUK/4Rdp5LKuayED2UlrwDNQxI2a0WW7JayYI4CcVF8/laER39HgtAmTmlgct/52AQ==
— witness.south.example Eql9tgAAAABrCB9BbTCQ8y2FiAGhGY83WxKvxVSbxlh0ZaHahaNY8EUdr5VS11UvguAraf4OWxJsXPVYMYV+LBxpdCkzDX65Nt66Cg==
`
	policy, err := tlog.ParsePolicy([]byte(policyText))
	if err != nil {
		fmt.Println(err)
		return
	}
	proof, err := tlog.Parse([]byte(proofText))
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := proof.VerifyPolicy([]byte("entry 3"), policy, tlog.Window{To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("it is number %d of %s, which had %d entries\n", proof.Index, signed.Origin, signed.Size)
	for _, c := range signed.Cosignatures {
		fmt.Println(c.Witness, "saw that", c.Time.Format(time.DateTime))
	}
	_, err = proof.VerifyPolicy([]byte("entry three"), policy, tlog.Window{})
	fmt.Println(err)
	// Output:
	// it is number 3 of journal.st-example.org, which had 5 entries
	// north saw that 2026-11-26 12:00:00
	// south saw that 2026-11-26 12:00:01
	// not proven: the leaf does not stand at index 3 of the tree of 5
}
