package exoapi_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A chancer makes calls by chance, most of which succeed.
type chancer struct {
	*rand.Rand

	t                       *testing.T
	cloud                   *exoapi.Cloud
	template, version, role string
}

func (c *chancer) one(kind string) string {
	ids := c.cloud.Inventory()[kind]
	if len(ids) == 0 {
		return unknownID
	}
	entry := ids[c.IntN(len(ids))]
	return entry[len(entry)-36:]
}

// step makes the call with a number, or, below 0, any.
func (c *chancer) step(number int) {
	spec := fmt.Sprintf(`"disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}`, smallID, c.template)
	name := fmt.Sprintf("n%d", c.IntN(8))
	ref := func(kind string) string { return `{"id": "` + c.one(kind) + `"}` }
	calls := [][3]string{
		{"POST", "/instance-pool", `{"name": "` + name + `", "size": ` + fmt.Sprint(c.IntN(4)+1) + `, ` + spec + `}`},
		{"PUT", "/instance-pool/" + c.one("instance-pool") + ":scale", `{"size": ` + fmt.Sprint(c.IntN(5)+1) + `}`},
		{"PUT", "/instance-pool/" + c.one("instance-pool") + ":evict", `{"instances": ["` + c.one("instance") + `"]}`},
		{"PUT", "/instance-pool/" + c.one("instance-pool"), `{"description": "` + name + `"}`},
		{"DELETE", "/instance-pool/" + c.one("instance-pool"), ""},
		{"POST", "/instance", `{"name": "` + name + `", ` + spec + `}`},
		{"PUT", "/instance/" + c.one("instance") + ":stop", "{}"},
		{"PUT", "/instance/" + c.one("instance") + ":start", "{}"},
		{"PUT", "/instance/" + c.one("instance") + ":reboot", "{}"},
		{"PUT", "/instance/" + c.one("instance") + ":reset", "{}"},
		{"PUT", "/instance/" + c.one("instance") + ":reset-password", "{}"},
		{"POST", "/instance/" + c.one("instance") + ":create-snapshot", "{}"},
		{"DELETE", "/instance/" + c.one("instance"), ""},
		{"GET", "/instance/" + c.one("instance") + ":password", ""},
		{"GET", "/console/" + c.one("instance"), ""},
		{"GET", "/instance", ""},
		{"POST", "/load-balancer", `{"name": "` + name + `"}`},
		{"DELETE", "/load-balancer/" + c.one("load-balancer"), ""},
		{"POST", "/load-balancer/" + c.one("load-balancer") + "/service", `{"name": "` + name + `", "instance-pool": ` + ref("instance-pool") + `, "protocol": "tcp",
			"strategy": "round-robin", "port": ` + fmt.Sprint(80+c.IntN(5)) + `, "target-port": 80, "healthcheck": {"mode": "tcp", "port": 80}}`},
		{"POST", "/elastic-ip", `{"description": "` + name + `"}`},
		{"PUT", "/elastic-ip/" + c.one("elastic-ip") + ":attach", `{"instance": ` + ref("instance") + `}`},
		{"DELETE", "/elastic-ip/" + c.one("elastic-ip"), ""},
		{"POST", "/block-storage", `{"name": "` + name + `", "size": 10}`},
		{"PUT", "/block-storage/" + c.one("block-storage-volume") + ":attach", `{"instance": ` + ref("instance") + `}`},
		{"PUT", "/block-storage/" + c.one("block-storage-volume") + ":detach", "{}"},
		{"POST", "/block-storage/" + c.one("block-storage-volume") + ":create-snapshot", "{}"},
		{"DELETE", "/block-storage/" + c.one("block-storage-volume"), ""},
		{"POST", "/anti-affinity-group", `{"name": "` + name + `"}`},
		{"DELETE", "/anti-affinity-group/" + c.one("anti-affinity-group"), ""},
		{"POST", "/private-network", `{"name": "` + name + `"}`},
		{"PUT", "/private-network/" + c.one("private-network") + ":attach", `{"instance": ` + ref("instance") + `}`},
		{"DELETE", "/private-network/" + c.one("private-network"), ""},
		{"POST", "/security-group", `{"name": "` + name + `"}`},
		{"POST", "/sks-cluster", `{"name": "` + name + `", "version": "` + c.version + `", "level": "pro"}`},
		{"POST", "/sks-cluster/" + c.one("sks-cluster") + "/nodepool", `{"name": "` + name + `", "size": 2, "disk-size": 20, "instance-type": {"id": "` + smallID + `"}}`},
		{"DELETE", "/sks-cluster/" + c.one("sks-cluster"), ""},
		{"POST", "/api-key", `{"name": "` + name + `", "role-id": "` + c.role + `"}`},
	}
	if number < 0 {
		number = c.IntN(len(calls))
	}
	x := calls[number]
	call(c.t, c.cloud, x[0], "/v2"+x[1], x[2])
}

func (c *chancer) fault() {
	names := []string{
		exoapi.FaultLatency, exoapi.FaultTooManyRequests, exoapi.FaultServerErrorAfter, exoapi.FaultServerErrorBefore, exoapi.FaultPartialList,
		exoapi.FaultOperationFails, exoapi.FaultOperationStuck, exoapi.FaultQuotaReached, exoapi.FaultMemberNeverHealthy,
		exoapi.FaultMemberKilled, exoapi.FaultBalancerLate, exoapi.FaultBalancerOneAttempt, exoapi.FaultAntiAffinityFull,
	}
	f := exoapi.Fault{Name: names[c.IntN(len(names))], Count: 1 + c.IntN(3)}
	if f.Name == exoapi.FaultLatency || f.Name == exoapi.FaultOperationStuck {
		f.Duration = time.Duration(1+c.IntN(20)) * time.Second
	}
	_, err := c.cloud.Faults().Add(f)
	require.NoError(c.t, err)
}

// A moody driver is one whose machines fail by chance.
type moody struct {
	*recorder
	*rand.Rand
}

func (m moody) Start(spec driverapi.Machine) error {
	if m.IntN(6) == 0 {
		return errors.New("no power")
	}
	return m.recorder.Start(spec)
}

func (m moody) Condition(string) driverapi.Condition {
	switch m.IntN(100) {
	case 0:
		return driverapi.Condition{Off: true}
	case 1:
		return driverapi.Condition{Err: errors.New("user-data failed")}
	}
	return driverapi.Condition{}
}

// Whatever was called, also at the same time and with faults, is there again.
func TestRandomStatesAreLoadedAsTheyWere(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := exoapi.Config{KeepChanges: true, Quotas: map[string]int{"instance": 10}, Timing: exoapi.Timing{Instant: seed%4 == 3}}
				if seed%4 == 2 {
					cfg.Removal.Grace = 20 * time.Second
				}
				if seed%3 == 2 {
					cfg.Machines = moody{newRecorder(), rand.New(rand.NewPCG(seed, 2))}
				}
				cloud := newCloud(t, cfg)
				var list struct {
					Templates []struct{ ID string } `json:"templates"`
				}
				require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/template", nil, &list))
				var versions struct {
					List []string `json:"sks-cluster-versions"`
				}
				require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/sks-cluster-version", nil, &versions))
				c := &chancer{rand.New(rand.NewPCG(seed, 0)), t, cloud, list.Templates[0].ID, versions.List[0], cloudRole(t, cloud)}
				c.step(0)
				time.Sleep(time.Minute)
				var calls sync.WaitGroup
				for range 150 {
					switch c.IntN(12) {
					case 0:
						c.fault()
					case 1:
						time.Sleep(time.Duration(c.IntN(int(time.Minute))))
					case 2:
						for range 3 {
							other := *c
							other.Rand = rand.New(rand.NewPCG(c.Uint64(), 0))
							calls.Go(func() { other.step(-1) })
						}
					default:
						other := *c
						other.Rand = rand.New(rand.NewPCG(c.Uint64(), 1))
						calls.Go(func() { other.step(-1) })
						time.Sleep(time.Duration(c.IntN(int(5 * time.Second))))
					}
				}
				calls.Wait()
				cloud.Faults().Clear()
				for _, wait := range []time.Duration{0, time.Hour} {
					time.Sleep(wait)
					cfg.Saved = save(t, cloud)
					if cfg.Machines != nil {
						cfg.Machines = newRecorder()
					}
					loaded := newCloud(t, cfg)
					require.Equal(t, visible(t, cloud), visible(t, loaded))
					for n, used := range loaded.Metered() {
						assert.InEpsilon(t, 1+cloud.Metered()[n].Hours, 1+used.Hours, 1e-9, used.Item)
					}
					require.Equal(t, string(save(t, cloud)), string(save(t, loaded)))
				}
				assert.Less(t, 60, cloud.Calls().Total)
			})
		})
	}
}
