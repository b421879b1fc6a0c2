package exoapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// dns makes one exchange on each route of domains and their records.
func (d dialogue) dns() {
	path := "/dns-domain/" + d.change(http.MethodPost, "/dns-domain", object{"unicode-name": "example.com"})
	d.get("/dns-domain")
	d.get(path)
	record := path + "/record/" + d.change(http.MethodPost, path+"/record", object{
		"name": "mail", "type": "MX", "content": "mta1.example.com", "ttl": 600, "priority": 10,
	})
	d.get(path + "/record")
	d.get(record)
	d.change(http.MethodPut, record, object{"name": "post", "content": "mta2.example.com", "ttl": 60, "priority": 20})
	d.get(path + "/zone")
	d.change(http.MethodDelete, record, nil)
	d.change(http.MethodDelete, path, nil)
}

func newDomain(tb testing.TB, client *egoscale.Client, name string) *egoscale.DNSDomain {
	tb.Helper()
	domain, err := client.CreateDNSDomain(tb.Context(), zone, &egoscale.DNSDomain{UnicodeName: &name})
	require.NoError(tb, err)
	return domain
}

func newRecord(tb testing.TB, client *egoscale.Client, domain, name, kind, content string) *egoscale.DNSDomainRecord {
	tb.Helper()
	record, err := client.CreateDNSDomainRecord(tb.Context(), zone, domain, &egoscale.DNSDomainRecord{
		Name: &name, Type: &kind, Content: &content,
	})
	require.NoError(tb, err)
	return record
}

func TestDomainBeginsWithSystemRecordsThatNobodyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		domain := newDomain(t, client, "Example.com")
		assert.Equal(t, "example.com", *domain.UnicodeName)
		records, err := client.ListDNSDomainRecords(t.Context(), zone, *domain.ID)
		require.NoError(t, err)
		require.Len(t, records, 5)
		assert.Equal(t, "SOA", *records[0].Type)
		assert.Equal(t, "NS", *records[4].Type)
		for _, r := range records {
			path := "/v2/dns-domain/" + *domain.ID + "/record/" + *r.ID
			assert.Equal(t, true, call(t, cloud, http.MethodGet, path, "").body["system-record"])
			assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodPut, path, `{"ttl":60}`).status)
			assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodDelete, path, "").status)
		}
		require.NoError(t, client.DeleteDNSDomain(t.Context(), zone, domain))
		_, err = client.GetDNSDomain(t.Context(), zone, *domain.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
		_, err = client.ListDNSDomainRecords(t.Context(), zone, *domain.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestDomainsAreListedInUnicode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		for given, want := range map[string]string{
			"xn--n3h.ws": "☃.ws", "domain-with-ä.ch": "domain-with-ä.ch", "a.b.c.example": "a.b.c.example",
		} {
			assert.Equal(t, want, *newDomain(t, client, given).UnicodeName)
		}
		got := call(t, cloud, http.MethodPost, "/v2/dns-domain", `{"unicode-name":"☃.ws"}`)
		assert.Equal(t, http.StatusConflict, got.status, "by another way to write it")
		for _, bad := range []string{"", "com", ".", "a..b", "example.com.", "a_b.com", "-a.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com"} {
			got := call(t, cloud, http.MethodPost, "/v2/dns-domain", fmt.Sprintf(`{"unicode-name":%q}`, bad))
			assert.Equal(t, http.StatusBadRequest, got.status, bad)
		}
	})
}

func TestRecordIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		domain := *newDomain(t, client, "example.com").ID
		made, err := client.CreateDNSDomainRecord(t.Context(), zone, domain, &egoscale.DNSDomainRecord{
			Name: new("mail"), Type: new("MX"), Content: new("mta1.example.com"), TTL: new(int64(10)), Priority: new(int64(0)),
		})
		require.NoError(t, err)
		assert.Equal(t, "mail", *made.Name)
		assert.EqualValues(t, 10, *made.TTL)
		assert.EqualValues(t, 0, *made.Priority)

		made.Content, made.Priority = new("mta2.example.com"), new(int64(20))
		require.NoError(t, client.UpdateDNSDomainRecord(t.Context(), zone, domain, made))
		got, err := client.GetDNSDomainRecord(t.Context(), zone, domain, *made.ID)
		require.NoError(t, err)
		made.UpdatedAt = got.UpdatedAt
		assert.Equal(t, made, got)

		root := newRecord(t, client, domain, "@", "A", "192.0.2.1")
		assert.Empty(t, *root.Name)
		assert.EqualValues(t, 3600, *root.TTL)
		assert.Nil(t, root.Priority)
		require.NoError(t, client.DeleteDNSDomainRecord(t.Context(), zone, domain, root))
		_, err = client.GetDNSDomainRecord(t.Context(), zone, domain, *root.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestContentsAreListedInTheirUsualShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		domain := *newDomain(t, client, "example.com").ID
		long := strings.Repeat("x", 300)
		for i, tc := range [][3]string{
			{"A", "192.0.2.1", "192.0.2.1"},
			{"AAAA", "2001:db8::1", "2001:db8::1"},
			{"ALIAS", "other.example.", "other.example"},
			{"CAA", "0 issue letsencrypt.org", `0 issue "letsencrypt.org"`},
			{"CNAME", "a._domainkey.example.org.", "a._domainkey.example.org"},
			{"HINFO", `IBM-PC/AT "Some Linux"`, `IBM-PC/AT "Some Linux"`},
			{"MX", "mta1.example.com", "mta1.example.com"},
			{"NAPTR", `10 100 "u" "E2U+sip" "!^.*$!sip:a@b.c!" "."`, `10 100 "u" "E2U+sip" "!^.*$!sip:a@b.c!" "."`},
			{"NS", "ns.example.org", "ns.example.org"},
			{"POOL", "a.example.org", "a.example.org"},
			{"SRV", "5  5060 sip.example.com.", "5 5060 sip.example.com"},
			{"SSHFP", "4 2 0aF1", "4 2 0aF1"},
			{"TXT", "some text", `"some text"`},
			{"TXT", `"some text"`, `"some text"`},
			{"TXT", `a "b" \c`, `"a \"b\" \\c"`},
			{"TXT", long, `"` + long[:255] + `" "` + long[255:] + `"`},
			{"URL", "https://example.org/a?b=c", "https://example.org/a?b=c"},
		} {
			name := fmt.Sprintf("r%d", i)
			got := newRecord(t, client, domain, name, tc[0], tc[1])
			assert.Equal(t, tc[2], *got.Content, tc[0])
			got.Content = &tc[2]
			require.NoError(t, client.UpdateDNSDomainRecord(t.Context(), zone, domain, got))
			again, err := client.GetDNSDomainRecord(t.Context(), zone, domain, *got.ID)
			require.NoError(t, err)
			assert.Equal(t, tc[2], *again.Content, "and stays so")
		}
	})
}

func TestRecordsThatContradictOthersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		domain := *newDomain(t, client, "example.com").ID
		newRecord(t, client, domain, "www", "A", "192.0.2.1")
		second := newRecord(t, client, domain, "www", "A", "192.0.2.2")
		newRecord(t, client, domain, "alias", "CNAME", "www.example.com")
		path := "/v2/dns-domain/" + domain + "/record"
		for body, status := range map[string]int{
			`{"name":"www","type":"CNAME","content":"a.b"}`:       http.StatusConflict,
			`{"name":"Alias","type":"TXT","content":"a"}`:         http.StatusConflict,
			`{"name":"www","type":"A","content":"192.0.2.1"}`:     http.StatusConflict,
			`{"name":"","type":"CNAME","content":"a.b"}`:          http.StatusBadRequest,
			`{"name":"@","type":"NS","content":"ns.example.org"}`: http.StatusBadRequest,
		} {
			assert.Equal(t, status, call(t, cloud, http.MethodPost, path, body).status, body)
		}
		got := call(t, cloud, http.MethodPut, path+"/"+*second.ID, `{"content":"192.0.2.1"}`)
		assert.Equal(t, http.StatusConflict, got.status)
		got = call(t, cloud, http.MethodPut, path+"/"+*second.ID, `{"ttl":60}`)
		assert.Equal(t, http.StatusOK, got.status, "a record does not contradict itself")
	})
}

func TestBadRecordsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		domain := *newDomain(t, client, "example.com").ID
		newRecord(t, client, domain, strings.Repeat("a.", 120)+"a", "A", "192.0.2.1") // the longest
		path := "/v2/dns-domain/" + domain + "/record"
		for kind, contents := range map[string][]string{
			"A":     {"::1", "192.0.2", "192.0.2.1 192.0.2.2", "a.b"},
			"AAAA":  {"192.0.2.1", "fe80::1%eth0", "::g"},
			"ALIAS": {".", "a b"},
			"CAA":   {"256 issue a", "0 issue", `0 issue "a b"`, `0 issue ""`, "0 is-sue a"},
			"CNAME": {".", "a..b", "ä.b", "-.b c"},
			"HINFO": {"one", "one two three", `one "two`},
			"MX":    {"10 mta1.example.com", "."},
			"NAPTR": {"10 100 u s r", "x 100 u s r .", "10 70000 u s r ."},
			"SOA":   {"a b 1 2 3 4 5"},
			"SPF":   {"v=spf1 -all"},
			"SRV":   {"5060 sip.example.com", "0 70000 a.b", "0 5060 ."},
			"SSHFP": {"1 1 xyz", "1 1", "300 1 00"},
			"TXT":   {`a " b`, `"a`, `"a" b`, `"a"b`, "a\nb", `"` + strings.Repeat("x", 256) + `"`, strings.Repeat("x", 4097)},
			"URL":   {"example.org", "ftp://example.org", "http://"},
		} {
			for _, content := range append(contents, "") {
				got := call(t, cloud, http.MethodPost, path, fmt.Sprintf(`{"name":"n","type":%q,"content":%q}`, kind, content))
				assert.Equal(t, http.StatusBadRequest, got.status, "%s %s", kind, content)
			}
		}
		for _, body := range []string{
			`{"type":"A","content":"192.0.2.1"}`, `{"name":"a b","type":"A","content":"192.0.2.1"}`,
			`{"name":"` + strings.Repeat("a.", 120) + `ab","type":"A","content":"192.0.2.1"}`,
			`{"name":"a.*","type":"A","content":"192.0.2.1"}`, `{"name":"n","type":"A","content":"192.0.2.1","ttl":0}`,
			`{"name":"n","type":"A","content":"192.0.2.1","priority":65536}`, `{"name":"n","type":"A","content":"192.0.2.1","priority":null}`,
		} {
			assert.Equal(t, http.StatusBadRequest, call(t, cloud, http.MethodPost, path, body).status, body)
		}
	})
}

func TestZoneFileHasAllRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		domain := *newDomain(t, client, "ä.example").ID
		newRecord(t, client, domain, "", "A", "192.0.2.1")
		newRecord(t, client, domain, "*.www", "CNAME", "example.org")
		newRecord(t, client, domain, "", "MX", "mta1.example.org")
		newRecord(t, client, domain, "far", "ALIAS", "example.org")
		got := call(t, cloud, http.MethodGet, "/v2/dns-domain/"+domain+"/zone", "").body["zone-file"]
		assert.Equal(t, `$ORIGIN xn--4ca.example.
@ 3600 IN SOA ns1.exoscale.ch. hostmaster.exoscale.ch. 5 86400 7200 604800 300
@ 3600 IN NS ns1.exoscale.ch.
@ 3600 IN NS ns1.exoscale.com.
@ 3600 IN NS ns1.exoscale.io.
@ 3600 IN NS ns1.exoscale.net.
@ 3600 IN A 192.0.2.1
*.www 3600 IN CNAME example.org.
@ 3600 IN MX 0 mta1.example.org.
; far 3600 IN ALIAS example.org.
`, got)
	})
}

func TestOperationsOfRecordsNameTheRecord(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	domain := call(t, cloud, http.MethodPost, "/v2/dns-domain", `{"unicode-name":"a.b"}`).body["reference"].(object)["id"].(string)
	op := call(t, cloud, http.MethodPost, "/v2/dns-domain/"+domain+"/record", `{"name":"","type":"TXT","content":"x"}`)
	reference := op.body["reference"].(object)
	assert.Equal(t, "get-dns-domain-record", reference["command"])
	assert.Equal(t, "/v2/dns-domain/"+domain+"/record/"+reference["id"].(string), reference["link"])
	assert.Equal(t, http.StatusOK, call(t, cloud, http.MethodGet, reference["link"].(string), "").status)
}

func encoded(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	require.NoError(tb, err)
	return string(text)
}

func FuzzRecordContents(f *testing.F) {
	for _, seed := range [][2]string{
		{"TXT", `a "b" \c`}, {"TXT", strings.Repeat(`\"ä`, 200)}, {"CAA", `0 issue "a"`}, {"NAPTR", `1 2 "" "" "" .`}, {"SRV", "1 2 a."},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, kind, content string) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		domain := call(t, cloud, http.MethodPost, "/v2/dns-domain", `{"unicode-name":"a.b"}`).body["reference"].(object)["id"].(string)
		path := "/v2/dns-domain/" + domain + "/record"
		made := call(t, cloud, http.MethodPost, path, encoded(t, object{"name": "n", "type": kind, "content": content}))
		if made.status != http.StatusOK {
			assert.Equal(t, http.StatusBadRequest, made.status)
			return
		}
		path = "/dns-domain/" + domain + "/record/" + made.body["reference"].(object)["id"].(string)
		listed := d.get(path)["content"]
		again := call(t, cloud, http.MethodPut, "/v2"+path, encoded(t, object{"content": listed}))
		assert.Equal(t, http.StatusOK, again.status, "%q was listed, but %s", listed, again.message())
		assert.Equal(t, listed, d.get(path)["content"])
	})
}
