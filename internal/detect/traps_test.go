package detect_test

import (
	"slices"
	"testing"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

// Each example is something that another engine was seen to get wrong.
func TestTraps(t *testing.T) {
	for _, x := range append(textTraps(), append(valueTraps(), logicTraps()...)...) {
		t.Run(x.name, x.check)
	}
}

func textTraps() []example {
	return []example{
		{
			name: "windash takes a slash for a dash, and a dash for a slash", detection: `
s: {CommandLine|contains|windash: [' -enc', ' /all']}
condition: s`,
			finds:  []string{`{"CommandLine":"powershell /ENC SQBFAFgA"}`, `{"CommandLine":"vssadmin delete shadows -all"}`, `{"CommandLine":"a \u2013enc"}`, `{"CommandLine":"a —enc"}`, `{"CommandLine":"a ―enc"}`},
			leaves: []string{`{"CommandLine":"a +enc"}`, `{"CommandLine":"a enc"}`},
		}, {
			name: "windash leaves a hyphen inside a word", detection: `
s: {CommandLine|windash|contains|all: ['-add', 'ward-list']}
condition: s`,
			finds:  []string{`{"CommandLine":"ward-list /add"}`},
			leaves: []string{`{"CommandLine":"ward/list -add"}`, `{"CommandLine":"ward-list"}`},
		}, {
			name: "endswith with wildcards", detection: `
s: {DestinationPort|endswith: '8???'}
condition: s`,
			finds:  []string{`{"DestinationPort":8443}`, `{"DestinationPort":"18443"}`, `{"DestinationPort":"x8äöü"}`},
			leaves: []string{`{"DestinationPort":443}`, `{"DestinationPort":"8???5"}`, `{"DestinationPort":"844"}`},
		}, {
			name: "a run of digits is one however it is escaped", detection: `
s: {CommandLine|re: '\s[0-9a-f]{16}\s'}
condition: s`,
			finds:  []string{`{"CommandLine":"x 0123456789abcdef y"}`, `{"CommandLine":"x 0123456\u0037\u0038\u0039abcdef y"}`, `{"CommandLine":"x\t0123456789abcdef\n"}`},
			leaves: []string{`{"CommandLine":"x 0123456\\u00379abcdef y"}`, `{"CommandLine":"x 0123456789abcde y"}`},
		}, {
			name: "a question mark is one character, not one byte", detection: `
s: {User: 'n?rse?'}
condition: s`,
			finds:  []string{`{"User":"nürse1"}`, `{"User":"n漢rse😀"}`, `{"User":"n\ud83d\ude00rse\n"}`},
			leaves: []string{`{"User":"nrse1"}`, `{"User":"nurse"}`, `{"User":"nuurse1"}`},
		}, {
			name: "stars go over whole characters", detection: `
s: {User: '*??'}
condition: s`,
			finds:  []string{`{"User":"漢漢"}`, `{"User":"abc"}`},
			leaves: []string{`{"User":"漢"}`, `{"User":"a"}`, `{"User":""}`},
		}, {
			name: "percent signs are text without expand", detection: `
s: {CommandLine|contains: '%TEMP%\'}
condition: s`,
			finds:  []string{`{"CommandLine":"type %temp%\\a.txt"}`},
			leaves: []string{`{"CommandLine":"type C:\\Temp\\a.txt"}`},
		}, {
			name: "placeholders with expand", detection: `
s: {Computer|expand: '%Servers%'}
condition: s`,
			finds:  []string{`{"Computer":"SRV-PACS-02"}`, `{"Computer":"srv-lab"}`},
			leaves: []string{`{"Computer":"%Servers%"}`, `{"Computer":"srv-lab-2"}`},
		}, {
			name: "escapes of JSON are no part of a text", detection: `
s: {Image|endswith: '\Temp\a"/b.exe'}
condition: s`,
			finds: []string{`{"Image":"C:\\Temp\\a\"/b.exe"}`, `{"Image":"C:\u005cTemp\u005Ca\u0022\/b.exe"}`, `{"Image":"C:\\\u0054emp\\a\"\u002fb.exe"}`},
			leaves: []string{`{"Image":"C:\\\\Temp\\a\"/b.exe.bak"}`, `{"Image":"C:/Temp/a\"/b.exe"}`,
				`{"Image":"C:\\Temp\\a\\\"/b.exe"}`, `{"Image":"C:\\Temp\\a\\u0022/b.exe"}`},
		}, {
			name: "escapes of characters outside the basic plane", detection: `
s: {Comment|contains: '🏥 ward'}
condition: s`,
			finds:  []string{`{"Comment":"\ud83c\udfe5 WARD 7"}`, `{"Comment":"\ud83d\ud83c\udfe5 ward"}`, `{"Comment":"🏥 ward"}`},
			leaves: []string{`{"Comment":"\ud83c \udfe5 ward"}`, `{"Comment":"\\ud83c\\udfe5 ward"}`},
		}, {
			name: "backslashes and stars in a rule", detection: `
s: {CommandLine: ['C:\\\*\x', '\\host\*', 'a\\\\b\?']}
condition: s`,
			finds:  []string{`{"CommandLine":"C:\\*\\x"}`, `{"CommandLine":"\\host*"}`, `{"CommandLine":"a\\\\b?"}`},
			leaves: []string{`{"CommandLine":"C:\\any\\x"}`, `{"CommandLine":"\\host\\srv"}`, `{"CommandLine":"a\\\\bc"}`},
		}, {
			name: "letters outside ASCII have cases too", detection: `
s: {User: ['ärztin', 'kilo', 'straße', 'σας', 'İ']}
condition: s`,
			finds: []string{`{"User":"ÄRZTIN"}`, `{"User":"\u212Ailo"}`, `{"User":"\u212aILO"}`, `{"User":"STRAẞE"}`, `{"User":"ΣΑΣ"}`,
				`{"User":"\u017ftraße"}`, `{"User":"İ"}`},
			leaves: []string{`{"User":"aerztin"}`, `{"User":"strasse"}`, `{"User":"i"}`, `{"User":"I"}`, `{"User":"kiIo"}`},
		}, {
			name: "cased compares as written", detection: `
s: {CommandLine|contains|cased: 'EncK'}
condition: s`,
			finds:  []string{`{"CommandLine":"-EncK"}`, `{"CommandLine":"\u0045nc\u004b"}`},
			leaves: []string{`{"CommandLine":"-enck"}`, `{"CommandLine":"Enc\u212a"}`},
		}, {
			name: "base64 at any offset", detection: `
s: {CommandLine|base64offset|contains: 'http://'}
condition: s`,
			finds:  []string{`{"CommandLine":"aHR0cDovL3dhcmQ="}`, `{"CommandLine":"IGh0dHA6Ly93YXJk"}`, `{"CommandLine":"ICBodHRwOi8vd2FyZA=="}`},
			leaves: []string{`{"CommandLine":"http://ward"}`, `{"CommandLine":"ICAgIGh0dHBzOi8v"}`},
		}, {
			name: "UTF-16 in base64", detection: `
s: {CommandLine|wide|base64offset|contains: 'IEX'}
condition: s`,
			finds:  []string{`{"CommandLine":"powershell -e SQBFAFgA"}`, `{"CommandLine":"IABJAEUAWAA="}`},
			leaves: []string{`{"CommandLine":"SUVY"}`},
		}, {
			name: "UTF-16 of a letter outside ASCII is no text", detection: `
s: {CommandLine|wide|contains: ['é', '©']} # in UTF-8 the first one ends like the second
condition: s`,
			leaves: []string{`{"CommandLine":"é"}`, `{"CommandLine":"é\u0000"}`, `{"CommandLine":"\u00c9\u0000"}`, `{"CommandLine":"©\u0000"}`},
		}, {
			name: "UTF-16 of ASCII is", detection: `
s: {CommandLine|utf16be|contains: 'ab'}
t: {CommandLine|wide|endswith: 'ab'}
condition: s or t`,
			finds:  []string{`{"CommandLine":"x\u0000A\u0000b"}`, `{"CommandLine":"a\u0000b\u0000"}`},
			leaves: []string{`{"CommandLine":"ab"}`},
		},
	}
}

func valueTraps() []example {
	return []example{
		{
			name: "null is absent or null, and nothing else", detection: `
s: {Image: null}
condition: s`,
			finds:  []string{`{}`, `{"Image":null}`, `{"image":"a"}`, `{"Image":["a",null]}`},
			leaves: []string{`{"Image":""}`, `{"Image":[]}`, `{"Image":{}}`, `{"Image":0}`, `{"Image":"null"}`},
		}, {
			name: "exists asks for the field, be its value empty or null", detection: `
s: {Image|exists: true, User|exists: false}
condition: s`,
			finds:  []string{`{"Image":"a"}`, `{"Image":""}`, `{"Image":null}`, `{"Image":[]}`, `{"Image":{"a":1}}`},
			leaves: []string{`{}`, `{"Image":"a","User":null}`, `{"a":{"Image":1}}`},
		}, {
			name: "the empty text is a text", detection: `
s: {CommandLine: ''}
condition: s`,
			finds:  []string{`{"CommandLine":""}`, `{"CommandLine":["x",""]}`},
			leaves: []string{`{}`, `{"CommandLine":null}`, `{"CommandLine":" "}`, `{"CommandLine":[]}`},
		}, {
			name: "a star is any value", detection: `
s: {CommandLine: '*'}
condition: s`,
			finds:  []string{`{"CommandLine":""}`, `{"CommandLine":false}`, `{"CommandLine":[[0]]}`},
			leaves: []string{`{}`, `{"CommandLine":null}`, `{"CommandLine":{}}`},
		}, {
			name: "field names keep their case", detection: `
s: {Image: a}
condition: s`,
			finds:  []string{`{"Image":"A"}`, `{"\u0049mage":"a"}`},
			leaves: []string{`{"image":"a"}`, `{"IMAGE":"a"}`, `{"Image ":"a"}`},
		}, {
			name: "any element of a list will do, at any depth", detection: `
s: {Hashes|contains: 'MD5=AB'}
condition: s`,
			finds:  []string{`{"Hashes":["SHA1=00","md5=ab"]}`, `{"Hashes":[[["MD5=ABC"]]]}`},
			leaves: []string{`{"Hashes":["MD5=","AB"]}`, `{"Hashes":[{"a":"MD5=AB"}]}`, `{"Hashes":[]}`},
		}, {
			name: "all may be met by different elements", detection: `
s: {Hashes|contains|all: ['MD5=A', 'SHA1=B']}
condition: s`,
			finds:  []string{`{"Hashes":"SHA1=B,MD5=A"}`, `{"Hashes":["MD5=A","SHA1=B"]}`},
			leaves: []string{`{"Hashes":["MD5=A","SHA1=A"]}`},
		}, {
			name: "a name may stand twice", detection: `
s: {User: nurse.adams}
condition: s`,
			finds:  []string{`{"User":"nurse.adams","User":"dr.okafor"}`, `{"User":"dr.okafor","User":"nurse.adams"}`},
			leaves: []string{`{"User":"dr.okafor","User":"dr.okafor"}`},
		}, {
			name: "dots stand for nesting and for themselves", detection: `
s: {process.parent.name: cmd.exe}
condition: s`,
			finds: []string{`{"process":{"parent":{"name":"cmd.exe"}}}`, `{"process.parent.name":"cmd.exe"}`, `{"process":{"parent.name":"cmd.exe"}}`,
				`{"process.parent":{"name":["a","cmd.exe"]}}`, `{"process":[{"parent":[{"name":"a"},{"name":"cmd.exe"}]}]}`},
			leaves: []string{`{"process":{"parent":"cmd.exe"}}`, `{"parent":{"name":"cmd.exe"}}`, `{"process":{"x":{"parent":{"name":"cmd.exe"}}}}`},
		}, {
			name: "numbers meet texts", detection: `
s: {EventID: 4624}
t: {EventID: '4624'}
condition: s and t`,
			finds:  []string{`{"EventID":4624}`, `{"EventID":"4624"}`},
			leaves: []string{`{"EventID":4624.5}`, `{"EventID":46240}`, `{"EventID":"4624 "}`},
		}, {
			name: "equal numbers are written in many ways", detection: `
s: {Count: [1000, 0, 12345678901234567890123, 0x17]}
condition: s`,
			finds: []string{`{"Count":1e3}`, `{"Count":"1000.00"}`, `{"Count":"+1E+3"}`, `{"Count":-0.0}`, `{"Count":"0e9"}`, `{"Count":"00"}`,
				`{"Count":12345678901234567890123}`, `{"Count":12345678901234567889999}`, `{"Count":1.2345678901234567890123e22}`, `{"Count":23}`, `{"Count":"0x17"}`},
			leaves: []string{`{"Count":"0X17"}`, `{"Count":"1,000"}`, `{"Count":"1000 "}`, `{"Count":1000.5}`, `{"Count":"zero"}`, `{"Count":true}`, `{"Count":17}`},
		}, {
			name: "numbers compare", detection: `
s: {Count|gte: 100, Size|lt: 1.5}
condition: s`,
			finds:  []string{`{"Count":100,"Size":1.4}`, `{"Count":"1e2","Size":"-3"}`, `{"Count":[1,200],"Size":0}`},
			leaves: []string{`{"Count":99,"Size":1}`, `{"Count":100,"Size":1.5}`, `{"Count":"many","Size":1}`, `{"Size":1}`},
		}, {
			name: "networks", detection: `
s: {IpAddress|cidr: [10.20.0.0/16, '2001:db8::/32', 192.0.2.7]}
condition: s`,
			finds: []string{`{"IpAddress":"10.20.255.1"}`, `{"IpAddress":"::ffff:10.20.0.1"}`, `{"IpAddress":"::FFFF:0a14:0001"}`, `{"IpAddress":"2001:0DB8:0::1"}`,
				`{"IpAddress":"2001:db8::1%eth0"}`, `{"IpAddress":["-","192.0.2.7"]}`},
			leaves: []string{`{"IpAddress":"10.21.0.1"}`, `{"IpAddress":"10.20.0.1:443"}`, `{"IpAddress":"010.020.0.1"}`, `{"IpAddress":"10.20.1"}`, `{"IpAddress":"2001:db9::1"}`,
				`{"IpAddress":"[2001:db8::1]"}`, `{"IpAddress":"192.0.2.70"}`, `{"IpAddress":"-"}`, `{}`},
		}, {
			name: "networks in IPv6 clothes", detection: `
s: {IpAddress|cidr: '::ffff:10.0.0.0/104'}
condition: s`,
			finds:  []string{`{"IpAddress":"10.1.2.3"}`, `{"IpAddress":"::ffff:10.1.2.3"}`},
			leaves: []string{`{"IpAddress":"11.1.2.3"}`, `{"IpAddress":"::10.1.2.3"}`},
		}, {
			name: "parts of a time are as written", detection: `
s: {UtcTime|hour: [23, 0], UtcTime|minute: 59, UtcTime|day: 31, UtcTime|month: 12, UtcTime|year: 2026, UtcTime|week: 53}
condition: s`,
			finds: []string{`{"UtcTime":"2026-12-31T23:59:00Z"}`, `{"UtcTime":"2026-12-31 23:59:60.9"}`, `{"UtcTime":"2026-12-31T23:59:00+09:00"}`,
				`{"UtcTime":"2026/12/31 00:59:00-1100"}`, `{"UtcTime":1798761540}`, `{"UtcTime":"1798761540000"}`, `{"UtcTime":"\/Date(1798761540000)\/"}`},
			leaves: []string{`{"UtcTime":"2026-12-30T23:59:00Z"}`, `{"UtcTime":"2026-12-31T22:59:00Z"}`, `{"UtcTime":"23:59"}`, `{"UtcTime":"31.12.2026 23:59"}`, `{}`},
		}, {
			name: "fields compare with fields", detection: `
s: {User|fieldref: TargetUser}
condition: s`,
			finds:  []string{`{"User":"nurse.adams","TargetUser":"NURSE.ADAMS"}`, `{"User":["a","b"],"TargetUser":["c","b"]}`, `{"User":"7","TargetUser":7}`, `{"User":"\u006B","TargetUser":"\u212a"}`},
			leaves: []string{`{"User":"a","TargetUser":"b"}`, `{"User":"a"}`, `{"TargetUser":"a"}`, `{"User":null,"TargetUser":null}`, `{"User":"ab","TargetUser":"a"}`, `{}`},
		}, {
			name: "fields begin and end with fields", detection: `
begins: {Image|fieldref|startswith: Folder}
ends: {Image|fieldref|endswith|cased: Name}
holds: {Image|fieldref|contains: Word}
both: {Image|fieldref|startswith|endswith: Other}
condition: 1 of them`,
			finds: []string{`{"Image":"C:\\Temp\\a.exe","Folder":"c:\\temp\\"}`, `{"Image":"C:\\Temp\\a.exe","Name":"a.exe"}`, `{"Image":"C:\\Temp\\a.exe","Word":"TEMP"}`,
				`{"Image":"C:\\Temp\\a.exe","Other":"temp"}`, `{"Image":"a","Word":""}`},
			leaves: []string{`{"Image":"C:\\Temp\\a.exe","Folder":"Temp"}`, `{"Image":"C:\\Temp\\a.exe","Name":"A.exe"}`, `{"Image":"C:\\Temp\\a.exe","Name":"a"}`,
				`{"Image":"C:\\Temp\\a.exe","Word":"tmp"}`, `{"Image":"Temp","Word":"C:\\Temp"}`, `{"Image":"a"}`},
		}, {
			name: "fields that differ from fields", detection: `
s: {User|exists: true, User|fieldref|neq: TargetUser}
condition: s`,
			finds:  []string{`{"User":"a","TargetUser":"b"}`, `{"User":"a"}`},
			leaves: []string{`{"User":"a","TargetUser":"A"}`, `{"User":["a","b"],"TargetUser":"b"}`},
		},
	}
}

func logicTraps() []example {
	return []example{
		{
			name: "keywords with all, in any fields", detection: `
words: {'|all': [delete, shadows]}
condition: words`,
			finds:  []string{`{"CommandLine":"vssadmin DELETE shadows"}`, `{"a":"Shadows","b":["x",{"c":"deleted"}]}`},
			leaves: []string{`{"a":"delete"}`, `{"delete":"shadows"}`, `{}`},
		}, {
			name: "keywords that are numbers, and that begin or end a text", detection: `
any: [4711]
begins: {'|startswith': 'net '}
condition: any or begins`,
			finds:  []string{`{"n":47110}`, `{"n":"id 4711"}`, `{"n":"NET user"}`},
			leaves: []string{`{"n":471}`, `{"n":"dotnet user"}`, `{"4711":"net"}`},
		}, {
			name: "words among maps", detection: `
either:
    - Image|endswith: '\wbadmin.exe'
    - shadows
condition: either`,
			finds:  []string{`{"Image":"C:\\wbadmin.exe"}`, `{"a":"delete shadows now"}`},
			leaves: []string{`{"Image":"wbadmin"}`, `{"shadows":1}`},
		}, {
			name: "regular expressions are searches and keep case unless flagged", detection: `
plain: {CommandLine|re: '-e[nc]{1,2}\s'}
flagged: {User|re|i: '^nurse\.(adams|ito)$'}
lines: {Script|re|m: '^net use$'}
dots: {Script|re|s: 'begin.*end'}
condition: 1 of them`,
			finds: []string{`{"CommandLine":"powershell -enc x"}`, `{"User":"Nurse.ITO"}`, `{"Script":"a\nnet use\nb"}`, `{"Script":"x begin\r\n end"}`, `{"Script":"\u0062egin\nend"}`},
			leaves: []string{`{"CommandLine":"powershell -ENC x"}`, `{"CommandLine":"-ec"}`, `{"User":"nurse_ito"}`, `{"User":"nurse.ito2"}`, `{"Script":"a net use b"}`,
				`{"Script":"Begin end"}`},
		}, {
			name: "one of several selections over fields that are missing", detection: `
sel_a: {CommandLine|contains: shadows}
sel_b: {ParentImage|endswith: '\excel.exe', User|contains: adams}
condition: 1 of sel_*`,
			finds:  []string{`{"CommandLine":"shadows"}`, `{"ParentImage":"C:\\EXCEL.EXE","User":"nurse.adams"}`},
			leaves: []string{`{}`, `{"User":"nurse.adams"}`, `{"ParentImage":"C:\\excel.exe"}`},
		}, {
			name: "none of several selections over fields that are missing", detection: `
s: {Image|endswith: '\cmd.exe'}
filter_a: {User|contains: svc}
filter_b: {ParentImage: null}
condition: s and not 1 of filter_*`,
			finds:  []string{`{"Image":"C:\\cmd.exe","ParentImage":"a"}`, `{"Image":"C:\\cmd.exe","ParentImage":"a","User":"nurse.ito"}`},
			leaves: []string{`{"Image":"C:\\cmd.exe"}`, `{"Image":"C:\\cmd.exe","ParentImage":"a","User":"svc.backup"}`},
		}, {
			name: "not all of several selections", detection: `
s_1: {Image: a}
s_2: {User: b}
_hidden: {Image: c}
condition: not all of them or _hidden`,
			finds:  []string{`{}`, `{"Image":"a"}`, `{"Image":["a","c"],"User":"b"}`},
			leaves: []string{`{"Image":"a","User":"b"}`},
		}, {
			name: "an absent field differs", detection: `
s: {User|neq: nurse.adams, Image|contains|neq: [temp, cache]}
condition: s`,
			finds:  []string{`{}`, `{"User":"dr.okafor","Image":"C:\\a.exe"}`, `{"User":null}`},
			leaves: []string{`{"User":"Nurse.Adams"}`, `{"User":["x","nurse.adams"]}`, `{"Image":"C:\\Temp\\a.exe"}`},
		}, {
			name: "differs from a number, and from null", detection: `
s: {Count|neq: 5, Image|neq: null}
condition: s`,
			finds:  []string{`{"Image":"","Count":6}`, `{"Image":"a"}`},
			leaves: []string{`{"Image":"a","Count":"5.0"}`, `{"Count":6}`, `{"Image":null}`},
		}, {
			name: "truth values", detection: `
s: {Signed: false}
condition: s`,
			finds:  []string{`{"Signed":false}`, `{"Signed":"False"}`},
			leaves: []string{`{"Signed":true}`, `{"Signed":0}`, `{"Signed":null}`, `{}`, `{"Signed":"no"}`},
		}, {
			name: "conditions in a list", detection: `
s: {Image: a}
t: {Image: b}
condition: [s, 'not t and not s']`,
			finds:  []string{`{"Image":"a"}`, `{"Image":"c"}`, `{}`},
			leaves: []string{`{"Image":"b"}`},
		},
	}
}

// Rules wait at literals that a regular expression needs. These find texts in which not all of
// the expression stands.
func TestRegularExpressionsNeedNoMoreThanTheyFind(t *testing.T) {
	for expression, texts := range map[string][]string{
		`power(shell)?\.exe`:            {"power.exe", "powershell.exe"},
		`a?mimikatz`:                    {"mimikatz"},
		`x(foo.bar)baz`:                 {"xfoo-barbaz"},
		`(?:abc|a.)dump`:                {"axdump", "abcdump"},
		`(?:foo.*|bar)baz`:              {"barbaz", "foo baz"},
		`(?:)|mimikatz`:                 {"", "nothing"},
		`(?:cmd|powershell)+\s+/c`:      {"cmdpowershell  /c"},
		`x{0}lsass`:                     {"lsass"},
		`(?:ab){2,3}c`:                  {"ababc", "abababc"},
		`[k-m]ilo`:                      {"kilo", "lilo"},
		`(?i)[k]ilo`:                    {"\u212ailo", "KILO"},
		`(?i:stra)ße`:                   {"ſtraße"},
		`^$`:                            {""},
		`\bnet\b(?:1)?`:                 {"net user"},
		`lsass|[^a-z]`:                  {"7"},
		`(?:dump|(?:save|sav[ef])\d)s?`: {"dump", "savf5"},
		`.*`:                            {"", "a"},
		`(a|b|c|d|e|f|g|h|i|j|k|l|m)z`:  {"mz"},
		`[^\x00-\x7f]`:                  {"é"},
		`\x{212a}`:                      {"\u212a"},
	} {
		m := compile(t, detect.Options{}, rule(t, "s: {CommandLine|re: '"+expression+"'}\ncondition: s")).Matcher()
		for _, text := range texts {
			if len(m.Match(newEvent(t, processes(t), `{"CommandLine":`+quoted(text)+`}`))) == 0 {
				t.Errorf("%s does not find %q", expression, text)
			}
		}
	}
}

// Rules share the answers to equal questions. These ask nearly the same.
func TestNearlyEqualQuestions(t *testing.T) {
	var rules []*sigma.Rule
	var want []int32
	for i, line := range []string{
		`User: Adams`, `User|cased: Adams`, `User|contains: Adams`, `User|contains|cased: Adams`, `User|neq: Adams`,
		`User|fieldref: Name`, `User|fieldref|cased: Name`, `User|fieldref|startswith: Name`, `User|fieldref|endswith: Name`, `User|fieldref|contains: Name`,
		`Name: Adams`, `Count: 7`, `Count: '7'`, `Count: 7.0`, `Count|gte: 7`, `Count|lte: 7`, `Count|gt: 7`, `Count|lt: 7`,
		`User: null`, `User|exists: false`, `User|exists: true`, `Signed: true`, `Signed: 'true'`, `Signed: false`,
		`User|re: adams`, `User|re|i: Adams`, `User|base64: Adams`, `UtcTime|hour: 3`, `UtcTime|minute: 3`,
	} {
		one := rule(t, "s: {"+line+"}\ncondition: s")
		rules = append(rules, one)
		if len(compile(t, detect.Options{}, one).Matcher().Match(nearlyEqual(t))) > 0 {
			want = append(want, int32(i))
		}
	}
	if got := compile(t, detect.Options{}, rules...).Matcher().Match(nearlyEqual(t)); !slices.Equal(got, want) {
		t.Errorf("together %v match, one by one %v", got, want)
	}
}

func nearlyEqual(t *testing.T) *event.Event {
	return newEvent(t, processes(t), `{"User":"nurse.adams","Name":"ADAMS","Count":"7.00","Signed":"TRUE","UtcTime":"2026-02-01T03:04:05Z"}`)
}
