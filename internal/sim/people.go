package sim

import "fmt"

// person is a member of staff.
type person struct {
	login, name, workstation, ip string
}

// staff are invented. The last two have parts to play.
func staff() []person {
	return []person{
		{"a.fable", "Aesop Fable", "WS-ICU-11", "10.20.1.11"},
		{"b.lantern", "Brida Lantern", "WS-ICU-12", "10.20.1.12"},
		{"d.storybook", "Dorin Storybook", "WS-ED-03", "10.20.2.3"},
		{"e.parable", "Elva Parable", "WS-ED-04", "10.20.2.4"},
		{"f.ballad", "Faro Ballad", "WS-RAD-04", "10.20.3.4"},
		{"h.sonnet", "Hesper Sonnet", "WS-LAB-02", "10.20.4.2"},
		{"i.legend", "Ilse Legend", "WS-PHARM-01", "10.20.5.1"},
		{"k.rhyme", "Kasimir Rhyme", "WS-W7-01", "10.20.6.1"},
		{"l.saga", "Linnea Saga", "WS-W7-02", "10.20.6.2"},
		mirage(), figment(),
	}
}

// mirage opens the letter with which it all begins.
func mirage() person { return person{"c.mirage", "Corin Mirage", "WS-REG-02", "10.20.7.31"} }

// figment is curious, and has nothing to do with the attack.
func figment() person { return person{"g.figment", "Galatea Figment", "WS-REG-05", "10.20.7.35"} }

// Where the intruder comes from, and where the files go.
const (
	intruderIP = "203.0.113.77"
	dropIP     = "203.0.113.80"
)

func host(name string) string      { return name + ".example.org" }
func mail(login string) string     { return login + "@example.org" }
func account(login string) string  { return `EXAMPLE\` + login }
func patient(number int) string    { return fmt.Sprintf("T%07d", 9000000+number) }
func familyName(number int) string { return fmt.Sprintf("Testperson%03d", number) }

// Site is what this hospital knows of itself, by the %names% that rules use.
func Site() map[string][]string {
	return map[string][]string{
		"KnownHL7Applications": {"EHR", "LIS", "ENGINE"},
		"KnownAETitles":        {"CT_ED_1", "PACS-01"},
		"ClinicalNetworks":     {"10.40.*"},
		"Leavers":              {"o.fable"},
	}
}
