package exoapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func FuzzAuthorizationHeader(f *testing.F) {
	for _, seed := range []string{
		"",
		"EXO2-HMAC-SHA256 credential=EXOa,expires=4102444800,signature=AAAA",
		"EXO2-HMAC-SHA256 credential=EXOa,signed-query-args=a;b,expires=4102444800,signature=A+/=",
		"EXO2-HMAC-SHA256 credential=,expires=,signature=",
		"EXO2-HMAC-SHA256 expires=-9223372036854775809,credential=EXOa,signature=====",
		"EXO2-HMAC-SHA256 credential=EXOa,credential=EXOa,expires=1,signature=AAAA",
		"EXO2-HMAC-SHA256 signed-query-args=;;;,,=",
		"Basic dXNlcjpwYXNz",
	} {
		f.Add(seed)
	}
	cloud := newCloud(f, exoapi.Config{Credentials: map[string]string{"EXOa": "cannot be guessed"}})
	f.Fuzz(func(t *testing.T, header string) {
		req := httptest.NewRequest(http.MethodGet, "/v2/instance?labels=a%3Db", nil)
		req.Header["Authorization"] = []string{header}
		got := httptest.NewRecorder()
		cloud.Handler().ServeHTTP(got, req)
		assert.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, got.Code)
		assert.True(t, json.Valid(got.Body.Bytes()))
		assert.NotContains(t, got.Body.String(), "cannot be guessed")
	})
}

// A scene has one resource of each kind, for paths to name.
type scene struct {
	cloud  *exoapi.Cloud
	clock  *manualClock
	signer *api.SecurityProviderExoscale
	ids    map[string]string // by the first segment of the path
}

func newScene(tb testing.TB) *scene {
	tb.Helper()
	clock := &manualClock{now: time.Now()}
	cloud := newCloud(tb, exoapi.Config{Clock: clock, Seed: 1, Quotas: map[string]int{"instance": 50}})
	key, secret := cloud.Credential()
	signer, err := api.NewSecurityProvider(key, secret)
	require.NoError(tb, err)
	signer.ReqExpire = 1000 * time.Hour
	s := &scene{cloud: cloud, clock: clock, signer: signer, ids: map[string]string{}}
	templates := call(tb, cloud, http.MethodGet, "/v2/template", "").body["templates"].([]any)
	s.ids["template"] = templates[3].(map[string]any)["id"].(string)
	s.ids["type"] = smallID
	for _, c := range [][2]string{
		{"security-group", `{"name":"g"}`},
		{"iam-role", `{"name":"r"}`},
		{"user", `{"email":"a@example.com","role":{"id":"$iam-role"}}`},
		{"private-network", `{"name":"n","start-ip":"10.0.0.1","end-ip":"10.0.0.9","netmask":"255.255.255.0"}`},
		{"elastic-ip", `{}`},
		{"anti-affinity-group", `{"name":"a"}`},
		{"load-balancer", `{"name":"n"}`},
		{"dns-domain", `{"unicode-name":"a.example"}`},
		{"block-storage", `{"name":"v","size":10}`},
		{"sks-cluster", `{"name":"k","level":"starter","version":"1.35.2","addons":["exoscale-cloud-controller","exoscale-container-storage-interface","karpenter"]}`},
		{"instance-pool", `{"name":"p","size":2,"disk-size":10,"instance-type":{"id":"$type"},"template":{"id":"$template"}}`},
		{"instance", `{"disk-size":10,"instance-type":{"id":"$type"},"template":{"id":"$template"}}`},
	} {
		status, answer := s.call(tb, http.MethodPost, "/v2/"+c[0], s.fill(c[1]))
		require.Equal(tb, http.StatusOK, status, answer)
		s.ids[c[0]] = answer["reference"].(map[string]any)["id"].(string)
	}
	clock.advance(time.Minute)
	status, _ := s.call(tb, http.MethodPost, s.fill("/v2/load-balancer/$load-balancer/service"), s.fill(serviceBody))
	require.Equal(tb, http.StatusOK, status)
	clock.advance(time.Minute)
	status, _ = s.call(tb, http.MethodPut, s.fill("/v2/private-network/$private-network:attach"), s.fill(`{"instance":{"id":"$instance"}}`))
	require.Equal(tb, http.StatusOK, status)
	_, record := s.call(tb, http.MethodPost, s.fill("/v2/dns-domain/$dns-domain/record"), `{"name":"a","type":"A","content":"192.0.2.1"}`)
	clock.advance(time.Minute) // until the cluster runs
	_, nodepool := s.call(tb, http.MethodPost, s.fill("/v2/sks-cluster/$sks-cluster/nodepool"), nodepoolBody)
	s.ids["nodepool"] = nodepool["reference"].(map[string]any)["id"].(string)
	clock.advance(time.Minute)
	s.ids["node"] = cloud.Pools()[1].Members[0]
	s.ids["record"] = record["reference"].(map[string]any)["id"].(string)
	status, answer := s.call(tb, http.MethodPost, s.fill("/v2/block-storage/$block-storage:create-snapshot"), `{}`)
	require.Equal(tb, http.StatusOK, status, answer)
	s.ids["block-storage-snapshot"] = answer["reference"].(map[string]any)["id"].(string)
	clock.advance(time.Minute)
	for kind, c := range map[string][2]string{
		"snapshot": {"/v2/instance/$instance:create-snapshot", ""},
		"template": {"/v2/template", bodies()["register-template"]},
	} {
		status, answer := s.call(tb, http.MethodPost, s.fill(c[0]), c[1])
		require.Equal(tb, http.StatusOK, status, answer)
		s.ids[kind] = answer["reference"].(map[string]any)["id"].(string)
	}
	clock.advance(time.Minute)
	s.ids["service"] = cloud.Balancers()[0].Services[0].ID
	s.ids["member"] = cloud.Pools()[0].Members[0]
	return s
}

const nodepoolBody = `{"name":"n","size":2,"disk-size":20,"instance-type":{"id":"` + smallID + `"}}`

const serviceBody = `{"name":"s","instance-pool":{"id":"$instance-pool"},"protocol":"tcp","strategy":"round-robin",` +
	`"port":80,"target-port":8080,"healthcheck":{"mode":"tcp","port":8080}}`

// fill puts ids in place of names; longer names come first.
func (s *scene) fill(text string) string {
	pairs := []string{}
	for _, name := range []string{
		"instance-pool", "instance", "security-group", "anti-affinity-group", "load-balancer",
		"template", "type", "service", "member", "iam-role",
		"private-network", "elastic-ip", "dns-domain", "block-storage-snapshot", "block-storage", "snapshot",
		"sks-cluster", "node",
	} {
		pairs = append(pairs, "$"+name, s.ids[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// path puts the scene's ids into a route's path.
func (s *scene) path(r exoapi.Route) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/")
	if kind == "reverse-dns" {
		kind = strings.Split(r.Path, "/")[2]
	}
	return "/v2" + strings.NewReplacer(
		"{id}", s.ids[kind], "{instance-id}", s.ids["instance"], "{service-id}", s.ids["service"],
		"{domain-id}", s.ids["dns-domain"], "{record-id}", s.ids["record"], "{sks-nodepool-id}", s.ids["nodepool"],
	).Replace(r.Path)
}

func (s *scene) call(tb testing.TB, method, path, body string) (status int, answer map[string]any) {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), method, path, strings.NewReader(body))
	require.NoError(tb, s.signer.Intercept(tb.Context(), req))
	got := httptest.NewRecorder()
	s.cloud.Handler().ServeHTTP(got, req)
	require.NoError(tb, json.Unmarshal(got.Body.Bytes(), &answer), "every answer is a JSON object")
	return got.Code, answer
}

// bodies holds a good body for each operation that takes one.
func bodies() map[string]string {
	spec := `"disk-size":10,"instance-type":{"id":"$type"},"template":{"id":"$template"},"user-data":"AAAA",` +
		`"labels":{"a":"b"},"security-groups":[{"id":"$security-group"}],"ssh-key":{},"ssh-keys":[],` +
		`"anti-affinity-groups":[{"id":"$anti-affinity-group"}],"ipv6-enabled":true,"public-ip-assignment":"inet4"`
	attached := `"private-networks":[{"id":"$private-network"}],"elastic-ips":[{"id":"$elastic-ip"}],`
	policy := `{"default-service-strategy":"deny","services":{"compute":{"type":"rules","rules":[` +
		`{"action":"allow","expression":"operation.startsWith('list-')","resources":["a"]}]},"sos":{"type":"allow"}}}`
	return map[string]string{
		"create-private-network": `{"name":"n","start-ip":"10.0.0.1","end-ip":"10.0.0.9","netmask":"255.255.255.0","labels":{"a":"b"},` +
			`"description":"d","options":{"routers":["10.0.0.1"],"dns-servers":[],"ntp-servers":[],"domain-search":["a"]}}`,
		"update-private-network":               `{"name":"m","description":"","start-ip":"10.0.0.2","end-ip":"10.0.0.2","netmask":"255.0.0.0"}`,
		"attach-instance-to-private-network":   `{"instance":{"id":"$member"},"ip":"10.0.0.200"}`,
		"detach-instance-from-private-network": `{"instance":{"id":"$instance"}}`,
		"update-private-network-instance-ip":   `{"instance":{"id":"$instance"},"ip":"10.0.0.3"}`,
		"create-elastic-ip": `{"addressfamily":"inet4","description":"d","labels":{"a":"b"},"healthcheck":{"mode":"https","port":443,"uri":"/",` +
			`"tls-sni":"a","tls-skip-verify":true,"interval":5,"timeout":2,"strikes-ok":1,"strikes-fail":20}}`,
		"update-elastic-ip":                       `{"description":"","labels":{},"healthcheck":{"mode":"tcp","port":1}}`,
		"attach-instance-to-elastic-ip":           `{"instance":{"id":"$instance"}}`,
		"detach-instance-from-elastic-ip":         `{"instance":{"id":"$instance"}}`,
		"create-block-storage-volume":             `{"name":"v","size":10,"labels":{"a":"b"},"block-storage-snapshot":{"id":"$block-storage-snapshot"}}`,
		"update-block-storage-volume":             `{"name":"w","labels":{}}`,
		"resize-block-storage-volume":             `{"size":20}`,
		"create-block-storage-snapshot":           `{"name":"s","labels":{"a":"b"}}`,
		"update-block-storage-snapshot":           `{"name":"t","labels":{}}`,
		"attach-block-storage-volume-to-instance": `{"instance":{"id":"$instance"}}`,
		"revert-instance-to-snapshot":             `{"id":"$snapshot"}`,
		"promote-snapshot-to-template":            `{"name":"t","description":"d","default-user":"u","ssh-key-enabled":true,"password-enabled":false}`,
		"register-template": `{"name":"t","description":"d","url":"https://example.com/a.qcow2","checksum":"c","default-user":"u","build":"b",` +
			`"version":"v","maintainer":"m","boot-mode":"uefi","size":1,"ssh-key-enabled":true,"password-enabled":false,` +
			`"application-consistent-snapshot-enabled":true}`,
		"update-template":               `{"name":"u","description":""}`,
		"copy-template":                 `{"target-zone":{"name":"ch-gva-2"}}`,
		"update-reverse-dns-elastic-ip": `{"domain-name":"a.example.com."}`,
		"create-iam-role": `{"name":"s","description":"d","editable":false,"labels":{"a":"b"},"policy":` + policy +
			`,"permissions":["reset-iam-organization-policy"],"max-session-ttl":60,"assume-role-policy":{"rules":[]}}`,
		"update-iam-role":                            `{"description":"d","labels":{},"permissions":[],"max-session-ttl":60,"assume-role-policy":{}}`,
		"update-iam-role-policy":                     policy,
		"update-iam-organization-policy":             policy,
		"create-api-key":                             `{"name":"k","role-id":"$iam-role"}`,
		"register-ssh-key":                           `{"name":"k","public-key":"` + publicKey + `"}`,
		"create-security-group":                      `{"name":"h","description":"d"}`,
		"add-rule-to-security-group":                 `{"flow-direction":"ingress","protocol":"icmp","network":"0.0.0.0/0","icmp":{"type":8,"code":0}}`,
		"add-external-source-to-security-group":      `{"cidr":"192.0.2.0/24"}`,
		"remove-external-source-from-security-group": `{"cidr":"192.0.2.0/24"}`,
		"attach-instance-to-security-group":          `{"instance":{"id":"$instance"}}`,
		"detach-instance-from-security-group":        `{"instance":{"id":"$instance"}}`,
		"create-anti-affinity-group":                 `{"name":"b"}`,
		"create-instance":                            `{"name":"i","auto-start":false,` + spec + `}`,
		"update-instance":                            `{"name":"i","user-data":"AAAA","public-ip-assignment":"dual","labels":{}}`,
		"update-reverse-dns-instance":                `{"domain-name":"a.example.com"}`,
		"start-instance":                             `{"rescue-profile":"netboot"}`,
		"scale-instance":                             `{"instance-type":{"id":"$type"}}`,
		"resize-instance-disk":                       `{"disk-size":20}`,
		"create-instance-pool":                       `{"name":"q","size":3,"min-available":1,"instance-prefix":"x",` + attached + spec + `}`,
		"update-instance-pool":                       `{"min-available":null,"elastic-ips":[],"deploy-target":null,` + spec + `}`,
		"scale-instance-pool":                        `{"size":3}`,
		"evict-instance-pool-members":                `{"instances":["$member"]}`,
		"create-load-balancer":                       `{"name":"m","labels":{"a":"b"}}`,
		"update-load-balancer":                       `{"description":"d"}`,
		"add-service-to-load-balancer":               strings.NewReplacer(`"s"`, `"t"`, `:80,`, `:81,`).Replace(serviceBody),
		"create-sks-cluster":                         `{"name":"l","level":"pro","version":"1.36.1","labels":{"a":"b"},"oidc":{"client-id":"a","issuer-url":"b","required-claim":{"c":"d"}},"audit":{"endpoint":"a","bearer-token":"b"},"feature-gates":["A"]}`,
		"update-sks-cluster":                         `{"description":"d","addons":["metrics-server"],"oidc":{"client-id":"a","issuer-url":"b"},"audit":{"enabled":true,"endpoint":"a"}}`,
		"upgrade-sks-cluster":                        `{"version":"1.36.1"}`,
		"create-sks-nodepool":                        strings.Replace(nodepoolBody, `"n"`, `"m","labels":{"a":"b"},"taints":{"a":{"value":"b","effect":"NoExecute"}},"addons":["storage-lvm"],"kubelet-image-gc":{"high-threshold":2,"min-age":"1m"},"instance-prefix":"x","public-ip-assignment":"dual"`, 1),
		"update-sks-nodepool":                        `{"description":"d","disk-size":30,"taints":{"a":{"value":"b","effect":"NoExecute"}},"deploy-target":null}`,
		"scale-sks-nodepool":                         `{"size":3}`,
		"evict-sks-nodepool-members":                 `{"instances":["$node"]}`,
		"create-user":                                `{"email":"b@example.com","role":{"id":"$iam-role"}}`,
		"update-user-role":                           `{"role":{"id":"$iam-role"}}`,
		"create-dns-domain":                          `{"unicode-name":"b.example"}`,
		"create-dns-domain-record":                   `{"name":"b","type":"MX","content":"a.example","ttl":60,"priority":10}`,
		"update-dns-domain-record":                   `{"name":"c","content":"192.0.2.2","ttl":60,"priority":10}`,
		"update-load-balancer-service":               `{"port":443,"healthcheck":{"port":80,"interval":5,"timeout":5,"tls-sni":"a"}}`,
	}
}

// writes lists the emulated operations that take a body.
func writes(cloud *exoapi.Cloud) (routes []exoapi.Route) {
	for _, r := range cloud.Routes() {
		if r.Emulated && (r.Method == http.MethodPost || r.Method == http.MethodPut) {
			routes = append(routes, r)
		}
	}
	return routes
}

func FuzzRequestBodies(f *testing.F) {
	good := bodies()
	for i, r := range writes(newCloud(f, exoapi.Config{})) {
		f.Add(uint8(i), good[r.OperationID])
		f.Add(uint8(i), `{"name":null,"size":1e3,"instances":[null],"port":"1","instance-type":{"id":""}}`)
		f.Add(uint8(i), `[{}]`)
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		s := newScene(t)
		routes := writes(s.cloud)
		r := routes[int(which)%len(routes)]
		status, answer := s.call(t, r.Method, s.path(r), s.fill(body))
		assert.Less(t, status, 500, "%s: %v", r.OperationID, answer)
		assert.NotEqual(t, status == http.StatusOK, answer["message"] != nil)
		// Whatever was accepted, the world goes on.
		s.clock.advance(time.Hour)
		for _, path := range []string{
			"/v2/instance", "/v2/instance-pool", "/v2/load-balancer", "/v2/security-group",
			"/v2/anti-affinity-group", "/v2/ssh-key", "/v2/quota", "/v2/iam-role", "/v2/api-key",
			"/v2/private-network", "/v2/elastic-ip", "/v2/dns-domain", "/v2/block-storage", "/v2/block-storage-snapshot",
			"/v2/sks-cluster", "/v2/snapshot", "/v2/template",
		} {
			status, answer := s.call(t, http.MethodGet, path, "")
			assert.Equal(t, http.StatusOK, status, "%s: %v", path, answer)
		}
		for _, p := range s.cloud.Pools() {
			assert.Len(t, p.Members, p.Size)
			assert.Equal(t, "running", p.State)
		}
	})
}

func TestGoodBodiesAreAccepted(t *testing.T) {
	good := bodies()
	for _, r := range writes(newCloud(t, exoapi.Config{})) {
		t.Run(r.OperationID, func(t *testing.T) {
			s := newScene(t)
			const stop = "/v2/instance/$instance:stop"
			if before := map[string]string{
				"start-instance": stop, "scale-instance": stop, "resize-instance-disk": stop, "enable-tpm": stop,
				"reset-instance": stop, "revert-instance-to-snapshot": stop,
				"detach-block-storage-volume": "/v2/block-storage/$block-storage:attach",
			}[r.OperationID]; before != "" {
				status, answer := s.call(t, http.MethodPut, s.fill(before), s.fill(`{"instance":{"id":"$instance"}}`))
				require.Equal(t, http.StatusOK, status, answer)
				s.clock.advance(time.Minute)
			}
			status, answer := s.call(t, r.Method, s.path(r), s.fill(good[r.OperationID]))
			require.Equal(t, http.StatusOK, status, answer)
			switch r.OperationID { // these are no operations
			case "create-api-key":
				assert.NotEmpty(t, answer["secret"])
				return
			case "resize-block-storage-volume":
				assert.EqualValues(t, 20, answer["size"])
				return
			}
			if r.OperationID != "register-ssh-key" {
				assert.Equal(t, "pending", answer["state"])
			}
			s.clock.advance(2 * time.Minute)
			status, answer = s.call(t, http.MethodGet, "/v2/operation/"+answer["id"].(string), "")
			require.Equal(t, http.StatusOK, status)
			assert.Equal(t, "success", answer["state"])
		})
	}
}
