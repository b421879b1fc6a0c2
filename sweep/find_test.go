package sweep_test

import (
	"os"
	"path/filepath"
	"regexp"
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
			s := &sweep.Sweeper{Account: installation(), Name: "exopool", State: knowing(t, known...)}
			left, err := s.Find(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.left, names(left))
		})
	}
}

func TestMembersOfAPoolThatIsGoneAreLeft(t *testing.T) {
	a := installation()
	a.resources = slices.DeleteFunc(a.resources, func(t sweep.Resource) bool { return t.ID != "member" })
	left, err := (&sweep.Sweeper{Account: a, Name: "exopool"}).Find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"instance exopool-member-1a2b3-c4d5e"}, names(left))
}

func TestInstallationsWhoseNamesBeginAlikeAreLeftAlone(t *testing.T) {
	others := []sweep.Resource{
		{Kind: sweep.Role, ID: "r", Name: "exopool-2-autoscaler"},
		{Kind: sweep.APIKey, ID: "k", Name: "exopool-2-autoscaler"},
		{Kind: sweep.SSHKey, ID: "exopool-2-deploy", Name: "exopool-2-deploy"},
		{Kind: sweep.SecurityGroup, ID: "g", Name: "exopool-2-members"},
		{Kind: sweep.SecurityGroupRule, ID: "u", Name: "ingress tcp 8080", Parent: "g", ParentName: "exopool-2-members"},
		{Kind: sweep.InstancePool, ID: "p", Name: "exopool-2-members"},
		{Kind: sweep.Instance, ID: "m", Name: "exopool-2-monitoring"},
		{Kind: sweep.Instance, ID: "o", Name: "exopool-2-member-1a2b3-c4d5e"}, // its pool is gone
		{Kind: sweep.Instance, ID: "n", Name: "exopool-member-monitoring"},    // of an installation exopool-member
		{Kind: sweep.LoadBalancer, ID: "l", Name: "exopool-2-application"},
		{Kind: sweep.LoadBalancerService, ID: "s", Name: "http", Parent: "l", ParentName: "exopool-2-application"},
		{Kind: sweep.Instance, ID: "d", Name: "exopool-database"}, // made by hand, beside it
		{Kind: sweep.SSHKey, ID: "exopool-laptop", Name: "exopool-laptop"},
	}
	left, err := (&sweep.Sweeper{Account: &account{resources: others}, Name: "exopool"}).Find(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Each name that the module gives has to be found again.
func TestNamesAreThoseOfTheTerraformModule(t *testing.T) {
	kinds := map[string]sweep.Kind{
		"nlb": sweep.LoadBalancer, "compute_instance": sweep.Instance, "instance_pool": sweep.InstancePool,
		"security_group": sweep.SecurityGroup, "ssh_key": sweep.SSHKey, "iam_api_key": sweep.APIKey, "iam_role": sweep.Role,
	}
	paths, err := filepath.Glob("../terraform/*.tf")
	require.NoError(t, err)
	resource := regexp.MustCompile(`^resource "exoscale_(\w+)"`)
	// A prefix may stand among locals, since more than one place needs it.
	name := regexp.MustCompile(`^ +(?:name|\w+_prefix) += "\$\{var\.name\}-([\w-]+)"`)
	var given []sweep.Resource
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		of := ""
		for line := range strings.Lines(string(text)) {
			if match := resource.FindStringSubmatch(line); match != nil {
				of = match[1]
			}
			match := name.FindStringSubmatch(line)
			if match == nil {
				continue
			}
			resource := sweep.Resource{Kind: kinds[of], ID: line, Name: "web-" + match[1]}
			if strings.Contains(line, "_prefix") {
				resource.Kind, resource.Name = sweep.Instance, resource.Name+"-1a2b3-c4d5e"
			} else {
				require.Contains(t, kinds, of, "%s: %s", path, line)
			}
			given = append(given, resource)
		}
	}
	require.Len(t, given, 9)
	slices.SortStableFunc(given, func(a, b sweep.Resource) int { return int(a.Kind) - int(b.Kind) })
	left, err := (&sweep.Sweeper{Account: &account{resources: given}, Name: "web"}).Find(t.Context())
	require.NoError(t, err)
	assert.Equal(t, given, left)
}

func TestNamesThatBeginTooMuchAreRefused(t *testing.T) {
	for _, name := range []string{"", "e", "ex", "exopool-", "-exopool", "Exopool", "exo pool", "a-name-of-more-than-twenty"} {
		left, err := (&sweep.Sweeper{Account: installation(), Name: name}).Find(t.Context())
		assert.Error(t, err, name)
		assert.Empty(t, left)
	}
}

func TestStateOfAnotherAccountIsNoticed(t *testing.T) {
	s := &sweep.Sweeper{Account: installation(), Name: "exopool", State: knowing(t, "of-another-account")}
	left, err := s.Find(t.Context())
	require.ErrorIs(t, err, sweep.ErrForeignState)
	assert.NotEmpty(t, left)
}

func TestStateOfAnotherAccountIsNoticedWhereNotEverythingCanBeListed(t *testing.T) {
	a := installation()
	a.hidden = []sweep.Kind{sweep.Role}
	s := &sweep.Sweeper{Account: a, Name: "exopool", State: knowing(t, "of-another-account")}
	left, err := s.Find(t.Context())
	require.ErrorIs(t, err, sweep.ErrForeignState)
	require.ErrorIs(t, err, errRefused)
	require.ErrorIs(t, s.Remove(t.Context(), left), errRefused, "the error still says what may be left")
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
