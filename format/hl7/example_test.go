package hl7_test

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/wardline/wardline/format/hl7"
)

// Bytes as they came, their exact and their semantic form, and the digests. In the output CR is a new line.
func ExampleMessage_AppendExact() {
	received := "MSH$%@!*$LAB$NORTH$$$20260301$$ORU%R01$7$$$\n" +
		"PID$1$$0042%%%NORTH*$$DOE%JANE$$\n" +
		"OBX$1$NM$2823-3%Potassium!F!K%LN$$4.10$mmol/L\n" +
		"ZRT$3\n"
	m, err := hl7.Parse([]byte(received), hl7.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, form := range [][]byte{m.AppendExact(nil), m.AppendSemantic(nil, []string{"ZRT"})} {
		fmt.Println(strings.ReplaceAll(string(form), "\r", "\n"))
		fmt.Printf("%x\n\n", sha256.Sum256(form))
	}
	// Output:
	// MSH|^~\&|LAB|NORTH|||20260301||ORU^R01|7
	// PID|1||0042^^^NORTH||DOE^JANE
	// OBX|1|NM|2823-3^Potassium$K^LN||4.10|mmol/L
	// ZRT|3
	// ef2874837c998506220968108f08ec41f9582b5f161ee5b79d526f3eecc6603d
	//
	// MSH|^~\&||NORTH|||||ORU^R01
	// PID|1||0042^^^NORTH||DOE^JANE
	// OBX|1|NM|2823-3^Potassium$K^LN||4.10|mmol/L
	// 211f39ea61bb6162f949cdcc24f07346cdc5906d3ff021ed72d8eb885ed8de90
}
