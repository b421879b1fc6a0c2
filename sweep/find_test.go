package sweep_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

func TestWithoutStateEverythingNamedSoIsLeft(t *testing.T) {
	s := &sweep.Sweeper{Account: installation(), Name: "exopool"}
	left, err := s.Find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{
		"load balancer exopool-application",
		"instance exopool-monitoring",
		"instance pool exopool-members",
		`security group rule "ingress tcp 8080" of exopool-members`,
		"security group exopool-members",
		"SSH key exopool-deploy",
		"API key exopool-autoscaler",
		"IAM role exopool-autoscaler",
	}, names(left), "in this order, without members and services, which go with what they belong to")
}

func TestWhatTheStateKnowsIsKept(t *testing.T) {
	all := []string{"role", "EXOkey", "exopool-deploy", "group", "rule", "pool", "monitoring", "nlb", "service"}
	tests := []struct {
		name    string
		unknown []string
		left    []string
	}{
		{"all of it", nil, nil},
		{"but not a load balancer, whose service goes along", []string{"nlb", "service"}, []string{"load balancer exopool-application"}},
		{"but not a service", []string{"service"}, []string{`load balancer service "http" of exopool-application`}},
		{"but not a rule", []string{"rule"}, []string{`security group rule "ingress tcp 8080" of exopool-members`}},
		{
			"but not a group, which cannot go without its rules",
			[]string{"group"},
			[]string{`security group rule "ingress tcp 8080" of exopool-members`, "security group exopool-members"},
		},
		{"but not a pool, whose members go along", []string{"pool"}, []string{"instance pool exopool-members"}},
		{"but not an SSH key", []string{"exopool-deploy"}, []string{"SSH key exopool-deploy"}},
		{"but not an API key and its role", []string{"EXOkey", "role"}, []string{"API key exopool-autoscaler", "IAM role exopool-autoscaler"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			known := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(test.unknown, id) })
			s := &sweep.Sweeper{Account: installation(), Name: "exopool", Known: knowing(t, known...)}
			left, err := s.Find(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.left, names(left))
		})
	}
}

func TestMembersOfAPoolThatIsGoneAreLeft(t *testing.T) {
	a := installation()
	a.things = slices.DeleteFunc(a.things, func(t sweep.Thing) bool { return t.ID != "member" })
	left, err := (&sweep.Sweeper{Account: a, Name: "exopool"}).Find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"instance exopool-members-x1"}, names(left))
}

func TestNamesThatBeginTooMuchAreRefused(t *testing.T) {
	for _, name := range []string{"", "e", "ex", "exopool-", "-exopool", "Exopool", "exo pool", "a-name-of-more-than-twenty"} {
		left, err := (&sweep.Sweeper{Account: installation(), Name: name}).Find(t.Context())
		assert.Error(t, err, name)
		assert.Empty(t, left)
	}
}

func TestStateOfAnotherAccountIsNoticed(t *testing.T) {
	s := &sweep.Sweeper{Account: installation(), Name: "exopool", Known: knowing(t, "of-another-account")}
	left, err := s.Find(t.Context())
	require.ErrorIs(t, err, sweep.ErrForeignState)
	assert.NotEmpty(t, left)
}

func TestDataSourcesDoNotMakeAStateForeign(t *testing.T) {
	var known sweep.Known
	require.NoError(t, known.ReadState(strings.NewReader(`{"version":4,"resources":[
		{"mode":"data","type":"exoscale_template","instances":[{"attributes":{"id":"template"}}]}]}`)))
	left, err := (&sweep.Sweeper{Account: installation(), Name: "exopool", Known: known}).Find(t.Context())
	require.NoError(t, err, "Terraform was killed when it had read, and not yet made anything")
	assert.NotEmpty(t, left)
}

func TestKindsThatMayNotBeListedDoNotHideTheOthers(t *testing.T) {
	a := installation()
	a.hidden = []sweep.Kind{sweep.APIKey, sweep.Role}
	left, err := (&sweep.Sweeper{Account: a, Name: "exopool"}).Find(t.Context())
	require.ErrorIs(t, err, errRefused)
	assert.ErrorContains(t, err, "list every API key: ")
	assert.ErrorContains(t, err, "list every IAM role: ")
	assert.Len(t, left, 6)
}
