package ehrcsv_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// rows reads text as a node of Berlin would: the class and row of each event, and the reason of each damage.
func rows(t *testing.T, text string) (list []any) {
	t.Helper()
	f, o := shipped(t)
	if fit := f.Sniff([]byte(text)); fit < 90 {
		t.Errorf("sniffed %d", fit)
	}
	var err error
	if o.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	d := f.Open(strings.NewReader(text), o)
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return list
		case errors.As(err, &damage):
			list = append(list, damage.Reason)
			continue
		case err != nil:
			t.Fatal(err)
		}
		var fields struct {
			Row map[string]any `json:"row"`
		}
		if err := json.Unmarshal(ev.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		fields.Row["class"] = ev.Class.Product + "/" + ev.Class.Service
		list = append(list, fields.Row)
	}
}

type m = map[string]any

func TestSiteFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		want []any
	}{
		"staff": {
			"staff_id,logins,family_name,given_name,former_names,birth_date,street,postcode,city,phone,national_id,east_m,north_m,job_code,job_title,job_family,department,service,units,manager_id,site,employment_type,start_date,end_date,status,suspended_from,kin_names,kin_phones\n" +
				"00417,n.berg;BSN417,Berg,Nils,,1985-02-03,3 Hill Rd,0412,Alderbridge,555-0150,,1200,-340,RN,Registered nurse,nursing,MED,CARD,4W; 5N,00031,main,employee,2020-01-01,9999-12-31,active,,\"Berg, Ida;Lund, Ove\",555-0151\n",
			[]any{m{"class": "hr/staff", "staff_id": "00417", "logins": []any{"n.berg", "BSN417"}, "family_name": "Berg", "given_name": "Nils", "birth_date": "1985-02-03",
				"street": "3 Hill Rd", "postcode": "0412", "city": "Alderbridge", "phone": []any{"555-0150"}, "east_m": "1200", "north_m": "-340", "job_code": "RN",
				"job_title": "Registered nurse", "job_family": "nursing", "department": "MED", "service": "CARD", "units": []any{"4W", "5N"}, "manager_id": "00031", "site": "main",
				"employment_type": "employee", "start_date": "2020-01-01", "status": "active", "kin_names": []any{"Berg, Ida", "Lund, Ove"}, "kin_phones": []any{"555-0151"}}},
		},
		"roster, by the site's clock": {
			"staff_id,unit,start,end,kind,covers\n00417,4W,2026-07-01 07:00,2026-07-01 19:00,shift,\n00417,,2026-01-02T00:00:00Z,2026-01-03,leave,00500\n",
			[]any{
				m{"class": "hr/roster", "staff_id": "00417", "unit": "4W", "start": "2026-07-01T05:00:00Z", "end": "2026-07-01T17:00:00Z", "kind": "shift"},
				m{"class": "hr/roster", "staff_id": "00417", "start": "2026-01-02T00:00:00Z", "end": "2026-01-03", "kind": "leave", "covers": "00500"},
			},
		},
		"locations": {
			"unit,title,department,service,building,site\n4W,Cardiology ward,MED,CARD,B,main\n",
			[]any{m{"class": "hr/location", "unit": "4W", "title": "Cardiology ward", "department": "MED", "service": "CARD", "building": "B", "site": "main"}},
		},
		"lists": {
			"kind,reference,patient_id,authority,visit,who,who_kind,label,from,to,entered_by,status\nticket,T-1,00042,ALDER,,d.esk,person,,2026-07-01 08:00,,d.esk,open\n",
			[]any{m{"class": "hr/list", "kind": "ticket", "reference": "T-1", "patient_id": "00042", "authority": "ALDER", "who": "d.esk", "who_kind": "person", "from": "2026-07-01T06:00:00Z", "entered_by": "d.esk", "status": "open"}},
		},
		"Workday": {
			"Employee ID\tUser Name\tLegal Last Name\tLegal First Name\tDate of Birth\tJob Profile\tCost Center\tHire Date\tTermination Date\n417\tn.berg\tBerg\tNils\t2/3/1985\tRegistered Nurse\tMED\t1/1/2020\t\n",
			[]any{m{"class": "hr/staff", "staff_id": "417", "logins": []any{"n.berg"}, "family_name": "Berg", "given_name": "Nils", "birth_date": "1985-02-03", "job_title": "Registered Nurse", "department": "MED", "start_date": "2020-01-01"}},
		},
		"SAP": {
			"PERNR;NACHN;VORNA;GBDAT;ORGEH;BEGDA;ENDDA;STAT2;USRID\n00000417;Berg;Nils;03.02.1985;MED;20200101;31.12.9999;3;NBERG\n",
			[]any{m{"class": "hr/staff", "staff_id": "00000417", "logins": []any{"NBERG"}, "family_name": "Berg", "given_name": "Nils", "birth_date": "1985-02-03", "department": "MED", "start_date": "2020-01-01", "status": "active"}},
		},
		"UKG": {
			"Person Number,Unit,Shift Start,Shift End,Shift Type\n417,4W,7/1/2026 7:00 AM,7/1/2026 7:00 PM,PTO\n",
			[]any{m{"class": "hr/roster", "staff_id": "417", "unit": "4W", "start": "2026-07-01T05:00:00Z", "end": "2026-07-01T17:00:00Z", "kind": "leave"}},
		},
		"drug cabinets": {
			"TRANSACTION_TIME,STATION,TRANSACTION_TYPE,USER_ID,WITNESS_ID,PATIENT_ID,ENCOUNTER,DRUG_ID,DRUG_NAME,AMOUNT,UNIT,EXPECTED_COUNT,ACTUAL_COUNT,ORDER_ID\n" +
				"2026-07-01 08:00:05,ADC-4W,REMOVE,n.berg,,00042,V1,D0417,HYDROMORPHONE 2 MG/ML INJ,\"0,5\",mg,20,19,O7\n" +
				"2026-07-01 09:00:00,ADC-4W,WASTE,n.berg,o.lund,00042,V1,D0417,HYDROMORPHONE 2 MG/ML INJ,1.50,mg,19,19,O7\n" +
				",ADC-4W,REMOVE,n.berg,,00042,,D0417,,2,mg,,,\nnever,ADC-4W,REMOVE,n.berg,,00042,,D0417,,2,mg,,,\n" +
				"2026-07-01 09:00:00,ADC-4W,REMOVE,,,00042,,D0417,,2,mg,,,\n2026-07-01 09:00:00,ADC-4W,REMOVE,n.berg,,00042,,D0417,,two,mg,,,\n2026-07-01 09:00:00,ADC-4W,REMOVE,n.berg,,42,,D0417,,2,mg,,,\n" +
				"2026-07-01 09:00:00,ADC-4W,REMOVE,n.berg,,00042,,D0417,,-2,mg,,,\n2026-07-01 09:00:00,ADC-4W,REMOVE,n.berg,,00042,,D0417,,NaN,mg,,,\n",
			[]any{
				m{"class": "pharmacy/cabinet", "time": "2026-07-01T06:00:05Z", "station": "ADC-4W", "type": "remove", "user": "n.berg", "patient": "00042", "visit": "V1", "drug": "D0417",
					"name": "HYDROMORPHONE 2 MG/ML INJ", "amount": "0.5", "unit": "mg", "expected": "20", "counted": "19", "order": "O7"},
				m{"class": "pharmacy/cabinet", "time": "2026-07-01T07:00:00Z", "station": "ADC-4W", "type": "waste", "user": "n.berg", "witness": "o.lund", "patient": "00042", "visit": "V1", "drug": "D0417",
					"name": "HYDROMORPHONE 2 MG/ML INJ", "amount": "1.5", "unit": "mg", "expected": "19", "counted": "19", "order": "O7"},
				"line 4: column 1: nothing, and without it the row says nothing",
				"line 5: column 1: no time that this mapping can read",
				"line 6: column 4: nothing, and without it the row says nothing",
				"line 7: column 10: no amount",
				"line 8: column 6: an identifier that may have lost its leading zeros",
				"line 9: column 10: no amount",
				"line 10: column 10: no amount",
			},
		},
		"Pyxis": {
			"Transaction Date Time,Station Name,Transaction Type,User ID,Witness ID,Patient ID,Med ID,Med Description,Quantity,UOM\n7/1/2026 8:00:05 AM,4W,Remove - Override,n.berg,,00042,MORP10,Morphine 10 mg/mL,1,mL\n",
			[]any{m{"class": "pharmacy/cabinet", "time": "2026-07-01T06:00:05Z", "station": "4W", "type": "override", "user": "n.berg", "patient": "00042", "drug": "MORP10", "name": "Morphine 10 mg/mL", "amount": "1", "unit": "mL"}},
		},
		"Omnicell": {
			"Transaction Date,Cabinet,Transaction Type,User ID,Witness,Patient ID,Item ID,Item Name,Qty\n7/1/2026 8:00 AM,4W,Null,n.berg,,00042,MORP10,Morphine 10 mg/mL,0\n",
			[]any{m{"class": "pharmacy/cabinet", "time": "2026-07-01T06:00:00Z", "station": "4W", "type": "cancel", "user": "n.berg", "patient": "00042", "drug": "MORP10", "name": "Morphine 10 mg/mL", "amount": "0"}},
		},
		"damage is refused": {
			"staff_id,logins,job_code,start_date,manager_id\n00417,a,RN,2020-01-01,00031\n418,b,RN,2020-01-01,00031\n1.23E+11,c,RN,2020-01-01,00031\n00419,d,RN,43831,00031\n00420,e\n00421,f,RN,2020-01-01,\n00422,g,RN,1767225600,00031\n",
			[]any{
				m{"class": "hr/staff", "staff_id": "00417", "logins": []any{"a"}, "job_code": "RN", "start_date": "2020-01-01", "manager_id": "00031"},
				"line 3: column 1: an identifier that may have lost its leading zeros",
				"line 4: column 1: an identifier in scientific notation",
				"line 5: column 4: no time that this mapping can read",
				"line 6: 2 columns instead of 5",
				m{"class": "hr/staff", "staff_id": "00421", "logins": []any{"f"}, "job_code": "RN", "start_date": "2020-01-01"},
				"line 8: column 4: no time that this mapping can read",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(rows(t, tt.in), tt.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const epicFull = "ACCESS_INSTANT,ACCESS_TIME,SYSTEM_LOGIN,USER_NAME,PROV_TYPE,PAT_MRN_ID,PAT_ENC_CSN_ID,METRIC_NAME,WORKSTATION_ID,CLIENT_IP,PROCESS_NAME,BTG_REASON,BTG_EXPLANATION,SEARCH_TEXT,PATIENT_COUNT,SESSION\n"

// Every column of the access log has its place.
func TestAccessLogIsMappedWhole(t *testing.T) {
	f, o := shipped(t)
	d := f.Open(strings.NewReader(epicFull+"2026-10-25T01:30:00Z,2026-10-25 02:30:00,n.berg,\"Berg, Nils\",RN,00042,7001,Patient search,WS-4W-1,10.1.2.3,Hyperspace,Direct care,covering for a colleague,\"OKO,M\",12,S-99\n"), o)
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Access m `json:"access"`
	}
	if err := json.Unmarshal(ev.Fields, &got); err != nil {
		t.Fatal(err)
	}
	want := m{"verb": "search", "native_action": "Patient search", "user": "n.berg", "user_name": "Berg, Nils", "role": []any{"RN"}, "patient": []any{"00042"}, "encounter": "7001",
		"object_kind": "query", "query": "OKO,M", "origin_ip": "10.1.2.3", "workstation": "WS-4W-1", "app": "Hyperspace", "patients_count": 12.0,
		"break_glass_reason": "Direct care", "break_glass_text": "covering for a colleague", "session": "S-99"}
	if diff := cmp.Diff(got.Access, want); diff != "" {
		t.Error(diff)
	}
	if !ev.Time.Equal(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("the time is %s, though ACCESS_INSTANT states its offset", ev.Time)
	}
}

// Clock times are the site's, in both halves of the year, unless the mapping says where they stand.
func TestClockOfTheSite(t *testing.T) {
	f, o := shipped(t)
	o.Zone, _ = time.LoadLocation("Europe/Berlin")
	for clock, want := range map[string]string{"2026-01-10 12:00:00": "2026-01-10T11:00:00Z", "7/10/2026 12:00:00 PM": "2026-07-10T10:00:00Z", "2026-03-01T12:00:00Z": "2026-03-01T12:00:00Z"} {
		d := f.Open(strings.NewReader("ACCESS_TIME,USER_ID,PAT_MRN_ID,METRIC_NAME\n"+clock+",a,00042,View\n"), o)
		var ev event.Event
		if err := d.Next(&ev); err != nil {
			t.Fatal(err)
		}
		if got := ev.Time.Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", clock, got, want)
		}
	}
}

// What somebody did at a cabinet stands under access as well, and happened when the row says.
func TestCabinetIsAnAct(t *testing.T) {
	f, o := shipped(t)
	d := f.Open(strings.NewReader("TRANSACTION_TIME,STATION,TRANSACTION_TYPE,USER_ID,PATIENT_ID,ENCOUNTER,DRUG_ID\n2026-07-01T08:00:05Z,ADC-4W,REMOVE,n.berg,00042,V1,D0417\n"), o)
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatal(err)
	}
	var got struct{ Access m }
	if err := json.Unmarshal(ev.Fields, &got); err != nil {
		t.Fatal(err)
	}
	want := m{"native_action": "REMOVE", "user": "n.berg", "patient": []any{"00042"}, "encounter": "V1", "object_kind": "med", "workstation": "ADC-4W", "patients_count": 1.0}
	if diff := cmp.Diff(got.Access, want); diff != "" || !ev.Time.Equal(time.Date(2026, 7, 1, 8, 0, 5, 0, time.UTC)) {
		t.Error(ev.Time, diff)
	}
}
