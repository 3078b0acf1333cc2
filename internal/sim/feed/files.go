package feed

// Heads of the site's files.
const (
	StaffHead     = "staff_id,logins,family_name,given_name,former_names,birth_date,street,postcode,city,phone,national_id,east_m,north_m,job_code,job_title,job_family,department,service,units,manager_id,site,employment_type,start_date,end_date,status,suspended_from,kin_names,kin_phones"
	RosterHead    = "staff_id,unit,start,end,kind,covers"
	LocationsHead = "unit,title,department,service,building,site"
	ListsHead     = "kind,reference,patient_id,authority,visit,who,who_kind,label,from,to,entered_by,status"
)

// ListRow is a row of the site's lists: marks (vip, canary, listed, restricted), reasons (ticket, release, utilisation,
// infection, quality, registry, research, assignment, page, imaging, message, transfer), and members of protocols.
type ListRow struct {
	Kind, Reference  string
	Patient          string // number; empty for members of a protocol
	Authority, Visit string
	Who, WhoKind     string // person, department, service, unit, protocol
	Label            string
	From, To         string // times with zone, or days
	By, Status       string
}

// AppendList appends a row of the lists.
func AppendList(dst []byte, r *ListRow) []byte {
	return AppendRow(dst, r.Kind, r.Reference, r.Patient, r.Authority, r.Visit, r.Who, r.WhoKind, r.Label, r.From, r.To, r.By, r.Status)
}
