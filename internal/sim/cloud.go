package sim

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	signInFile    = "cloud/sign-ins.jsonl"
	directoryFile = "cloud/directory-audits.jsonl"
)

func object(at time.Time, fields data) entry {
	text, err := json.Marshal(fields)
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // texts and numbers only
	}
	return entry{at, string(text)}
}

// signIn is an entry as Microsoft Graph exports it.
func signIn(at time.Time, login, ip, country, app string, code int) entry {
	return object(at, data{
		"id": fmt.Sprintf("00000000-0000-4000-8000-%012d", at.UnixMilli()), "createdDateTime": at.Format(time.RFC3339),
		"userPrincipalName": mail(login), "appDisplayName": app, "clientAppUsed": "Browser", "ipAddress": ip,
		"status": data{"errorCode": code}, "location": data{"countryOrRegion": country},
	})
}

// signIns is an ordinary day in the cloud, and a stranger who gets in.
func (s *story) signIns() File {
	var all []entry
	for range 200 {
		all = append(all, signIn(s.anytime(), pick(s, staff()).login, "198.51.100.10", "AT", pick(s, []string{"Mail", "Roster", "Remote Access"}), 0))
	}
	for i, p := range staff() {
		all = append(all, signIn(s.at(14, 3*i, 0), p.login, intruderIP, "BR", "Mail", 50126))
	}
	s.happened(s.at(14, 0, 0), signInFile, "One address tries many cloud accounts", "A common password is tried on everybody.")
	for i := range 6 {
		all = append(all, signIn(s.at(15, 30+i, 0), mirage().login, intruderIP, "BR", "Remote Access", 500121))
	}
	s.happened(s.at(15, 30, 0), signInFile, "Somebody is pestered with confirmation requests", "Corin Mirage's telephone does not stop ringing.")
	all = append(all, signIn(s.at(15, 40, 0), mirage().login, intruderIP, "BR", "Remote Access", 0),
		signIn(s.at(15, 10, 0), mirage().login, "198.51.100.10", "AT", "Roster", 0))
	s.happened(s.at(15, 30, 0), signInFile, "Pestered with confirmation requests, then signed in", "One tap, to have peace: the stranger is in.")
	s.happened(s.at(15, 10, 0), signInFile, "One person signs in from two countries within two hours", "Corin Mirage seems to be in two countries.")
	return File{signInFile, lines("", all), HTTP}
}

// directory is what administrators changed in the cloud.
func (s *story) directory() File {
	change := func(at time.Time, activity, by, target, value string) entry {
		return object(at, data{
			"id": fmt.Sprintf("Directory_%d", at.UnixMilli()), "activityDateTime": at.Format(time.RFC3339), "activityDisplayName": activity, "category": "Audit",
			"result": "success", "loggedByService": "Core Directory", "initiatedBy": data{"user": data{"userPrincipalName": mail(by)}},
			"targetResources": []data{{"userPrincipalName": target, "displayName": target, "modifiedProperties": []data{{"displayName": "New", "newValue": value}}}},
		})
	}
	var all []entry
	for range 40 {
		all = append(all, change(s.anytime(), pick(s, []string{"Update user", "Add member to group", "Update device"}), "admin.saga", mail(pick(s, staff()).login), `"ward 7"`))
	}
	all = append(all,
		change(s.at(16, 30, 0), "Consent to application", mirage().login, "Document Viewer Pro", "[[Scope: offline_access Mail.Read]]"),
		change(s.at(24, 10, 0), "Add member to role", "admin.saga", mail("helpdesk2"), `"Global Administrator"`),
		change(s.at(24, 20, 0), "Delete conditional access policy", "helpdesk2", "MFA for all", ""))
	s.happened(s.at(16, 30, 0), directoryFile, "A person gave an app access to mail or files", "An app may read mail from now on.")
	s.happened(s.at(24, 10, 0), directoryFile, "Somebody made administrator of the cloud", "helpdesk2 is administrator of the cloud.")
	s.happened(s.at(24, 20, 0), directoryFile, "Rules for signing in deleted or changed", "The second factor is no longer asked for.")
	return File{directoryFile, lines("", all), HTTP}
}
