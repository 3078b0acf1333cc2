package feed

import (
	"strconv"
	"time"
)

// SignIn is a sign-in to the cloud.
type SignIn struct {
	At      time.Time
	Login   string
	IP      string
	Country string
	App     string
	Code    int // 0 is a success
	Serial  uint64
}

// AppendSignIn appends s as Microsoft Graph exports it, as a line.
func AppendSignIn(dst []byte, s *SignIn) []byte {
	dst = append(dst, `{"id":"00000000-0000-4000-8000-`...)
	const digits = "0123456789abcdef"
	for i := 44; i >= 0; i -= 4 {
		dst = append(dst, digits[s.Serial>>i&15])
	}
	dst = append(dst, `","createdDateTime":"`...)
	dst = s.At.UTC().AppendFormat(dst, time.RFC3339)
	dst = append(dst, `","userPrincipalName":"`...)
	dst = append(dst, s.Login...)
	dst = append(dst, `@example.org","appDisplayName":"`...)
	dst = append(dst, s.App...)
	dst = append(dst, `","clientAppUsed":"Browser","ipAddress":"`...)
	dst = append(dst, s.IP...)
	dst = append(dst, `","status":{"errorCode":`...)
	dst = strconv.AppendInt(dst, int64(s.Code), 10)
	dst = append(dst, `},"location":{"countryOrRegion":"`...)
	dst = append(dst, s.Country...)
	return append(dst, "\"}}\n"...)
}
