package monitoring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What start.sh calls, as functions of its shell: a machine on which all is well
// but for what $FAILS says, a part of an address that does not answer.
const stubs = `
systemctl() { echo "systemctl $*" >>"$CALLS"; }
journalctl() { echo "journalctl $*" >>"$CALLS"; echo "level=error logger=provisioning msg=broken"; echo "$JOURNAL"; }
sleep() { :; }
date() { echo x >>"$CALLS.clock"; expr 60 '*' "$(wc -l <"$CALLS.clock")"; }
expected() { case "$1" in $2) ;; *) return 1 ;; esac; }
curl() {
  for url in "$@"; do :; done
  echo "curl $url" >>"$CALLS"
  case "$url" in
    *:3000/api/health) ;;
    *:3000/api/annotations*) expected "$(cat)" 'header = "Authorization: Bearer glsa_old"' && expected "$*" "*-K -*" ;;
    *:3000/*) expected "$(cat)" 'user = "admin:xsecret"' && expected "$*" "*-K -*" ;;
  esac || return 99
  case "$url $FAILS" in
    */api/annotations*busy) printf 000; return 28 ;;
    */api/annotations*api/annotations) printf 401; return 22 ;;
    */api/annotations*) printf 200; return 0 ;;
  esac
  case "$*" in *http_code*) printf '%s' "$LOGIN"; return 0 ;; esac
  case " $*" in *" -f"*) ;; *) return 0 ;; esac # without it, an answer is a success
  case "$url" in *"$FAILS"*) return 22 ;; esac
  case "$url" in
    */serviceaccounts) printf '%s' '{"id":7,"name":"autoscaler 1","login":"sa-autoscaler-1","orgId":1,"isDisabled":false,"role":"Editor","tokens":0}' ;;
    */serviceaccounts/7/tokens) printf '%s' '{"id":3,"name":"annotations","key":"glsa_new-1"}' ;;
  esac
}
`

// A started is what start.sh has said and called.
type started struct {
	said, calls string
	root        string // of the machine's files
	err         error
}

// start runs start.sh with the installed files below another root.
func start(t *testing.T, fails, login string, journal ...string) started {
	t.Helper()
	return startWith(t, "", fails, login, journal...)
}

// startWith is start with a token that the autoscaler had before; empty: none.
func startWith(t *testing.T, token, fails, login string, journal ...string) started {
	t.Helper()
	root := installed(t)
	if token != "" {
		require.NoError(t, os.WriteFile(filepath.Join(root, "etc/exopool/grafana-token"), []byte(token+"\n"), 0o600))
	}
	return startIn(t, root, fails, login, journal...)
}

// installed returns a folder with the files that a machine has before its first start.
func installed(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS(monitoringFiles)))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/exopool/grafana.env"), []byte("GF_SECURITY_ADMIN_PASSWORD=xsecret\n"), 0o600))
	return root
}

// startIn is start with the machine's files in root.
func startIn(t *testing.T, root, fails, login string, journal ...string) started {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skipf("start.sh needs a shell: %v", err)
	}
	script := filepath.Join(root, "start.sh")
	text := strings.ReplaceAll(string(read(t, monitoringFiles+"/usr/local/lib/exopool/start.sh")), " /etc/", " "+root+"/etc/")
	require.NoError(t, os.WriteFile(script, []byte(stubs+text), 0o600))

	calls := filepath.Join(t.TempDir(), "calls")
	cmd := exec.CommandContext(t.Context(), "sh", script, "http://192.0.2.1/health")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CALLS=" + calls, "FAILS=" + fails, "LOGIN=" + login, "JOURNAL=" + strings.Join(journal, "\n")}
	said, err := cmd.CombinedOutput()
	return started{string(said), string(read(t, calls)), root, err}
}

// Prometheus and Grafana load all files of these folders. One that another
// version has called otherwise would be a second copy, of which Grafana dies.
func TestDeploymentLeavesNoFileOfAnotherVersion(t *testing.T) {
	t.Parallel()
	removed := regexp.MustCompile(`(?m)^sudo (?:rm -rf|find) (.*)$`).FindAllStringSubmatch(string(read(t, "../../terraform/files/deployment/install.sh")), -1)
	var folders []string
	for _, command := range removed {
		folders = append(folders, strings.Fields(command[1])...)
	}
	for _, path := range append(find(t, grafanaFiles, "*.*"), find(t, prometheusFiles+"/rules", "*.yml")...) {
		path = strings.TrimPrefix(path, monitoringFiles)
		assert.True(t, slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(path, folder+"/") }), path)
	}
}

const nothingFails = "nothing fails"

func TestStartAsksForAllThatGrafanaShallHave(t *testing.T) {
	t.Parallel()
	s := start(t, nothingFails, "200")
	require.NoError(t, s.err, s.said)
	assert.True(t, strings.HasPrefix(s.calls, "systemctl daemon-reload\nsystemctl restart "), s.calls)
	for _, rule := range append(scalingRules(t), healthRules(t)...) {
		assert.Contains(t, s.calls, "/api/v1/provisioning/alert-rules/"+rule.UID+"\n")
	}
	for _, board := range dashboards(t) {
		assert.Contains(t, s.calls, "/api/dashboards/uid/"+board.UID+"\n")
	}
	assert.Contains(t, s.calls, "curl http://192.0.2.1/health\n")
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ fails, message, log string }{
		{"9090/-/ready", "prometheus.service does not answer", "--unit prometheus.service"},
		{"8091", "discovery.service does not answer", "--unit discovery.service"},
		{"8090", "autoscaler.service does not answer", "--unit autoscaler.service"},
		{"3000/api/health", "grafana-server.service does not answer", "--unit grafana-server.service"},
		{"alert-rules/cpu-low", "grafana has no alert rule cpu-low", "--unit grafana-server.service"},
		{"dashboards/uid/exopool-health", "grafana has no dashboard exopool-health", "--unit grafana-server.service"},
		{"datasources", "grafana cannot query prometheus", ""},
		{"192.0.2.1", "the application, behind the load balancer, does not answer", ""},
	} {
		t.Run(test.message, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.fails, "200")
			require.Error(t, s.err, s.said)
			assert.Contains(t, s.said, test.message)
			if test.log != "" {
				assert.Contains(t, s.calls, test.log)
			} else {
				assert.NotContains(t, s.calls, "journalctl")
			}
		})
	}
}

func TestStartTellsTheWayOutOfAKeyThatIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, "8090", "200", `level=ERROR msg=decision err="403 Forbidden: Forbidden by role policy for compute"`)
	require.Error(t, s.err)
	assert.Contains(t, s.said, "pinned_key=false")
	s = start(t, "8090", "200")
	require.Error(t, s.err)
	assert.NotContains(t, s.said, "pinned_key=false")
}

func TestStartGoesOnWhereThePasswordWasChangedInGrafana(t *testing.T) {
	t.Parallel()
	s := start(t, "provisioning", "401")
	require.NoError(t, s.err, s.said)
	assert.Contains(t, s.said, "refuses the password of its user admin")
	assert.NotContains(t, s.calls, "alert-rules", "guessing on would lock the user admin out")
	assert.NotContains(t, s.said, "xsecret")
	assert.Contains(t, s.calls, "curl http://192.0.2.1/health\n")
}

func TestStartGivesTheAutoscalerATokenOnce(t *testing.T) {
	t.Parallel()
	const restarted = "systemctl restart autoscaler.service\n"
	s := start(t, nothingFails, "200")
	require.NoError(t, s.err, s.said)
	token := filepath.Join(s.root, "etc/exopool/grafana-token")
	assert.Equal(t, "glsa_new-1\n", string(read(t, token)))
	info, err := os.Stat(token)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	unit := string(read(t, filepath.Join(s.root, "etc/systemd/system/autoscaler.service.d/grafana.conf")))
	for _, line := range []string{
		"[Service]", "LoadCredential=grafana-token:/etc/exopool/grafana-token",
		"Environment=GRAFANA_TOKEN_FILE=%d/grafana-token", "Environment=AUTOSCALER_GRAFANA_URL=http://127.0.0.1:3000",
	} {
		assert.Contains(t, unit, line+"\n")
	}
	assert.Contains(t, s.calls, restarted)
	assert.NotContains(t, s.said+s.calls, "glsa_")

	s = startWith(t, "glsa_old", nothingFails, "200")
	require.NoError(t, s.err, s.said)
	assert.NotContains(t, s.calls, "serviceaccounts", "it has one")
	assert.NotContains(t, s.calls, restarted)

	s = startWith(t, "glsa_old", "busy", "200")
	require.NoError(t, s.err, s.said)
	assert.NotContains(t, s.calls, "serviceaccounts", "the old token would stay valid, beside the new one")

	s = startWith(t, "glsa_old", "api/annotations", "200")
	require.NoError(t, s.err, s.said)
	assert.Equal(t, "glsa_new-1\n", string(read(t, filepath.Join(s.root, "etc/exopool/grafana-token"))), "Grafana no longer takes the old one")
	assert.Contains(t, s.calls, restarted)
}

// TestStartMendsAHalfOfTheTokensSetUp: an apply may have been interrupted, or an
// operator has removed a file. systemd starts no service whose credential is missing.
func TestStartMendsAHalfOfTheTokensSetUp(t *testing.T) {
	t.Parallel()
	const unit, token = "etc/systemd/system/autoscaler.service.d/grafana.conf", "etc/exopool/grafana-token"
	s := startWith(t, "glsa_old", nothingFails, "200")
	require.NoError(t, s.err, s.said)
	assert.Contains(t, string(read(t, filepath.Join(s.root, unit))), "/etc/exopool/grafana-token\n", "there was only the token")

	root := installed(t)
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, unit)), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(root, unit), []byte("[Service]\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, token), nil, 0o644))
	s = startIn(t, root, "api/serviceaccounts", "200")
	require.NoError(t, s.err, s.said)
	assert.NoFileExists(t, filepath.Join(root, unit), "there was only the unit")

	s = startIn(t, root, nothingFails, "200")
	require.NoError(t, s.err, s.said)
	assert.FileExists(t, filepath.Join(root, unit))
	info, err := os.Stat(filepath.Join(root, token))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}

func TestStartGoesOnWithoutAToken(t *testing.T) {
	t.Parallel()
	for _, fails := range []string{"api/serviceaccounts", "7/tokens"} {
		s := start(t, fails, "200")
		require.NoError(t, s.err, s.said)
		assert.Contains(t, s.said, "resizes are not annotated")
		assert.NoFileExists(t, filepath.Join(s.root, "etc/exopool/grafana-token"))
		assert.NotContains(t, s.calls, "systemctl restart autoscaler.service\n")
		assert.Contains(t, s.calls, "curl http://192.0.2.1/health\n")
	}
}
