package privacy_test

import (
	"testing"
	"time"

	"github.com/wardline/wardline/internal/privacy"
)

// The day of discovery is day 0; small breaches of a year are reported 60 days after its end, which is 29 February in a leap year.
func TestClocks(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	found := time.Date(2027, 3, 2, 3, 0, 0, 0, time.UTC) // 22:00 on 1 March there
	aware := found.Add(24 * time.Hour)
	due := map[string]string{}
	for _, c := range privacy.Clocks(found, aware, zone, 499) {
		due[c.Rule] = c.Due.Format(time.RFC3339)
	}
	for rule, want := range map[string]string{
		"EU-GDPR-33": "2027-03-06T03:00:00Z", "US-HIPAA-IND": "2027-04-30T23:59:59-04:00", "US-HIPAA-HHS-S": "2028-02-29T23:59:59-05:00",
	} {
		if due[rule] != want {
			t.Errorf("%s is due %s, want %s", rule, due[rule], want)
		}
	}
	for people, rule := range map[int]string{499: "US-HIPAA-HHS-S", 500: "US-HIPAA-HHS-L"} {
		if c := privacy.Clocks(found, aware, zone, people); c[2].Rule != rule {
			t.Errorf("%d people: %s, want %s", people, c[2].Rule, rule)
		}
	}
}

// Neighbours in an order are neighbours as numbers, and numbers are no names.
func TestQueryOf(t *testing.T) {
	for _, c := range [][2]string{{"Adams", "Baker"}, {"1000", "1001"}, {"Smith, A", "Smith, B"}} {
		if privacy.QueryOf(c[0]) >= privacy.QueryOf(c[1]) {
			t.Errorf("%q does not come before %q", c[0], c[1])
		}
	}
	if privacy.QueryOf("") != 0 || privacy.QueryOf("1000")>>62 == 0 || privacy.QueryOf("Smith 1000")>>62 != 0 {
		t.Error("numbers and names are mixed up")
	}
}
