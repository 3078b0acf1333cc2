package trace

import "time"

// SignIn is an entry of Microsoft Graph's list of sign-ins.
type SignIn struct {
	ID      uint64
	Who     Who
	App     string
	Client  string // Browser, or the name of the program
	From    From
	Country string // two letters
	City    string
	Error   int // 0 is success; 50126 a wrong password, 50074 a second factor that was not given
	Device  string
}

// JSON is the entry.
func (s SignIn) JSON(at time.Time) []byte {
	client := s.Client
	if client == "" {
		client = "Browser"
	}
	return object(fields{
		"id": UUID(s.ID), "createdDateTime": millis(at), "userPrincipalName": s.Who.Login + "@example.org", "userDisplayName": s.Who.Name,
		"appDisplayName": s.App, "clientAppUsed": client, "ipAddress": s.From.IP, "isInteractive": true,
		"status": fields{"errorCode": s.Error}, "location": fields{"countryOrRegion": s.Country, "city": s.City},
		"deviceDetail": fields{"displayName": s.Device}, "authenticationRequirement": "multiFactorAuthentication",
	})
}

// Directory is a change in Microsoft's directory (directoryAudit).
type Directory struct {
	ID               uint64
	By               Who
	Activity, Target string
	Value            string
}

// JSON is the entry.
func (d Directory) JSON(at time.Time) []byte {
	return object(fields{
		"id": "Directory_" + UUID(d.ID), "activityDateTime": millis(at), "activityDisplayName": d.Activity, "category": "UserManagement",
		"result": "success", "loggedByService": "Core Directory", "initiatedBy": fields{"user": fields{"userPrincipalName": d.By.Login + "@example.org"}},
		"targetResources": []fields{{"userPrincipalName": d.Target + "@example.org", "displayName": d.Target,
			"modifiedProperties": []fields{{"displayName": "New", "newValue": d.Value}}}},
	})
}
