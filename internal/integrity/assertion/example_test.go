package assertion_test

import (
	"fmt"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/integrity/assertion"
)

// What the laboratory sent, what the record's system says it received, and the difference as a clinician reads it.
func ExampleDiff() {
	const message = "MSH|^~\\&|LAB|NORTH|||20260301||ORU^R01|7|P|2.5\rPID|1||0042^^^NORTH^MR||DOE^JANE\rOBR|1||L7\r" +
		"OBX|1|NM|2823-3^Potassium^LN||%s|mmol/l|||||F|||20260301091500\r"
	rules := assertion.Rules{Systems: assertion.StandardSystems(), Preferred: assertion.StandardPreferred()}
	var results []assertion.Statement
	for _, value := range []string{"3.10", "6.8"} {
		m, err := hl7.Parse(fmt.Appendf(nil, message, value), hl7.DefaultLimits())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, s := range assertion.OfHL7(&m, &rules) {
			if s.Kind == assertion.Result {
				results = append(results, s)
			}
		}
	}
	fmt.Println(results[0].Digest())
	fmt.Println(results[1].Digest())
	limits := []assertion.Limit{{Code: "http://loinc.org|2823-3", Unit: "mmol/L", At: "6.0"}}
	changes, same := assertion.Diff(&results[0], &results[1], limits)
	fmt.Println(same, changes)
	// Output:
	// assert-1:4aa929f60833792ac45093d00642f12caf564bb19e4a63d1235a028ed49a82f6
	// assert-1:7efc7b34ad8bee9db4f5eb9d072dea32dd99f47a1cf33cb927d7e35f0db7d366
	// true [OBX-5 value: 3.1 → 6.8 mmol/L, crosses 6.0]
}
