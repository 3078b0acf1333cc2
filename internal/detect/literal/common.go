package literal

import "strings"

// Bits says how seldom a text stands in a log, roughly, in bits: 0 is everywhere, 40 is hardly ever. Only
// speed depends on it. The text is folded.
//
// Letters by themselves say little: C:\WINDOWS\SYSTEM32\NTDLL.DLL is long, and in every second event of a
// Windows log. So words that ordinary days are full of count as a whole, and as little.
func Bits(text string) (bits int) {
	for text != "" {
		n := 0
		for n < len(text) && isWordByte(text[n]) {
			n++
		}
		if n == 0 {
			bits += separatorBits(text)
			text = text[1:]
			continue
		}
		bits += wordBits(text[:n])
		text = text[n:]
	}
	return bits
}

func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= 0x80
}

// separatorBits is for the character that begins text, which is none of a word. Separators stand between words;
// two in a row say something, but for those that always do.
func separatorBits(text string) (bits int) {
	if strings.IndexByte("\\/.: -_", text[0]) < 0 {
		bits = Rarity(text[0])
	}
	if len(text) > 1 && !isWordByte(text[1]) && !strings.Contains(usualPairs, text[:2]) {
		bits += unusualPair
	}
	return bits
}

const (
	unusualPair = 8 // bits
	usualPairs  = `:\  -  /  "" : :// \\ ),  (`
)

func wordBits(word string) int {
	switch at := strings.Index(commonWords, " "+word+" "); {
	case at < 0:
		bits := 0
		for i := range len(word) {
			bits += Rarity(word[i])
		}
		return bits
	case at < strings.Index(commonWords, lessCommon):
		return 1
	default:
		return 6
	}
}

// Commons knows the windows that ordinary events are full of.
type Commons struct{ windows [1 << 10]uint64 } // by hash, one bit each: a few more count as common

// NewCommons prepares them; one serves any number of Builders.
func NewCommons() *Commons {
	c := &Commons{}
	for _, text := range [...]string{commonWords, commonTexts} {
		for at := 0; at+narrow <= len(text); at++ {
			bit := commonHash(text[at : at+narrow])
			c.windows[bit/64] |= 1 << (bit % 64)
		}
	}
	return c
}

// Rarity scores a window of a folded literal, of four bytes or more: as the least common four in it.
func (c *Commons) Rarity(window string) (score int) {
	for at := 0; at+narrow <= len(window); at++ {
		score = max(score, c.narrow(window[at:at+narrow]))
	}
	return score
}

func commonHash(window string) uint64 {
	w := uint64(window[0]) | uint64(window[1])<<8 | uint64(window[2])<<16 | uint64(window[3])<<24
	return windowHash(w) >> (64 - 16)
}

func (c *Commons) narrow(window string) (score int) {
	if c != nil {
		if bit := commonHash(window); c.windows[bit/64]&(1<<(bit%64)) != 0 {
			return 4
		}
	}
	for i := range len(window) {
		score += Rarity(window[i])
	}
	return score
}

// commonWords lists words that stand in a large share of events, then, behind lessCommon, words that stand in
// many: folders, programs and values of Windows and Linux.
const (
	commonWords = " C EXE DLL WINDOWS SYSTEM32 MICROSOFT HKLM SYSTEM SOFTWARE TRUE FALSE SUCCESS GET HTTP HTTPS COM NT AUTHORITY " +
		"SETVALUE CURRENTVERSION CURRENTCONTROLSET CONTROL NTDLL KERNELBASE KERNEL32 MACHINE REGISTRY CORPORATION OPERATING VALID HIGH 0 1 USR BIN LIB " + lessCommon +
		" PROGRAM FILES X86 SYSWOW64 USERS PUBLIC APPDATA LOCAL ROAMING TEMP TMP PROGRAMDATA WINSXS SERVICES PARAMETERS CLASSES POLICIES EXPLORER " +
		"CMD POWERSHELL PWSH SVCHOST RUNDLL32 CONHOST LSASS WMIPRVSE MSIEXEC REGSVR32 WMIC NET NET1 REG SC SCHTASKS TASKHOSTW CHROME " +
		"MSEDGE FIREFOX OUTLOOK WINWORD EXCEL POWERPNT W3WP JAVA PYTHON CSRSS WINLOGON SMSS WININIT SPOOLSV DLLHOST USERINIT WSMPROVHOST CSC " +
		"SYS DAT TXT LOG INI XML JSON PS1 BAT VBS JS ZIP HKCU HKU DELETEVALUE CREATEKEY RUN POST WWW ORG LOCALHOST " +
		"0X3E7 MEDIUM LOW S 16 12288 AUTHORI AUTORI TEM32 WOW64 SBIN ETC VAR HOME ROOT OPT BASH SH SUDO SSH CRON SYSTEMD "
	lessCommon = "WOW"

	// commonTexts is how events of Windows and their fields are called, for windows that reach over two words.
	commonTexts = `"EVENTID":"EVENTTYPE":"EVENTTIME":"EVENTRECEIVEDTIME":"PROCESSID":"PROCESSGUID":"PROCESSNAME":"THREADID":"HOSTNAME":"CHANNEL":` +
		`"SOURCENAME":"SOURCEIMAGE":"SOURCEMODULENAME":"SOURCEMODULETYPE":"PROVIDERGUID":"OPCODE":"OPCODEVALUE":"KEYWORDS":"SEVERITY":"SEVERITYVALUE":` +
		`"RECORDNUMBER":"ACCOUNTNAME":"ACCOUNTTYPE":"DOMAIN":"USERID":"MESSAGE":"CATEGORY":"VERSION":"TASK":"LEVEL":"COMPUTER":"TIMESTAMP":` +
		`"IMAGE":"IMAGELOADED":"COMMANDLINE":"CURRENTDIRECTORY":"PARENTIMAGE":"PARENTCOMMANDLINE":"TARGETOBJECT":"TARGETFILENAME":"TARGETIMAGE":` +
		`"SUBJECTUSERNAME":"TARGETUSERNAME":"LOGONID":"LOGONTYPE":"OBJECTNAME":"OBJECTTYPE":"ACCESSMASK":"HASHES":"DESCRIPTION":"ORIGINALFILENAME":` +
		`"INFO" "USER" MICROSOFT-WINDOWS-SYSMON/OPERATIONAL MICROSOFT-WINDOWS-SECURITY-AUDITING SECURITY APPLICATION C:\\WINDOWS\\SYSTEM32\\ ` +
		`C:\\PROGRAM FILES\\ C:\\PROGRAM FILES (X86)\\ C:\\USERS\\ \\APPDATA\\LOCAL\\TEMP\\ HKLM\\SYSTEM\\CURRENTCONTROLSET\\SERVICES\\ ` +
		`HKLM\\SOFTWARE\\MICROSOFT\\WINDOWS\\CURRENTVERSION\\ HKU\\S-1-5-21- NT AUTHORITY\\SYSTEM .EXE .DLL /USR/BIN/ {"}`
)
