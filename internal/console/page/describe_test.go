package page_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/console/page"
)

// TestWhomAnEventSpeaksOf masks by all that an event says, wherever it stands: behind more fields than are shown, or nested in
// a finding's line; and of a day of birth nothing is left.
func TestWhomAnEventSpeaksOf(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"f%d":"x",`, i)
	}
	for name, text := range map[string]string{
		"behind many fields": `{"note":"chart of T9004471 printed",` + many.String() + `"access":{"patient":["T9004471"]}}`,
		"in a finding":       `{"finding":{"events":{"fields":{"PID-5":"ROE^JANE","PID-3":"T9004471"}}}}`,
		"a day of birth":     `{"access":{"patient":["T9004471"]},"PID-7":"19840517","birthDate":"1984-05-17"}`,
	} {
		chosen, all, masked := page.Describe(json.RawMessage(text), nil, nil)
		if !masked {
			t.Errorf("%s: nothing is masked", name)
		}
		for _, p := range append(chosen, all...) {
			for _, told := range []string{"T9004471", "ROE", "JANE", "0517", "05-17"} {
				if strings.Contains(p.Value, told) {
					t.Errorf("%s: field %s shows it", name, p.Name)
				}
			}
		}
		if len(all) > 80 {
			t.Errorf("%s: %d fields are shown", name, len(all))
		}
	}
}
