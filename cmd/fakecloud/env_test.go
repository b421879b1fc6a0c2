package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// realCredentials are variables of a user with an account, and what of them
// must be in no environment that leads to the fake cloud.
func realCredentials() []string {
	const key, secret = "EXOreal0123456789abcdef0123", "real-secret-0123456789-0123456789-01234567"
	return []string{
		"EXOSCALE_API_KEY=" + key, "EXOSCALE_API_SECRET=" + secret, "EXOSCALE_SECRET_KEY=" + secret, "EXOSCALE_ACCOUNT=real",
		"EXOSCALE_CONFIG=/home/real/exoscale.toml", "EXOSCALE_API_ENVIRONMENT=real", "EXOSCALE_SOS_ENDPOINT=https://real",
		"CLOUDSTACK_KEY=" + key, "CLOUDSTACK_SECRET=" + secret, "CLOUDSTACK_CONFIG=/home/real/.cloudstack.ini",
		"AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=real", "AWS_PROFILE=real",
		"AWS_CONFIG_FILE=/home/real/.aws/config", "AWS_SHARED_CREDENTIALS_FILE=/home/real/.aws/credentials",
		"AWS_ENDPOINT_URL_S3=https://real", "AWS_WEB_IDENTITY_TOKEN_FILE=/real", "AWS_CREDENTIAL_FILE=/real",
		"S3_ACCESS_KEY=" + key, "S3_SECRET=" + secret, "MC_HOST_sos=https://real", "RCLONE_CONFIG_SOS_ACCESS_KEY_ID=real",
		"RCLONE_CONFIG=/real", "S3CMD_CONFIG=/real", "BOTO_CONFIG=/real", "MINIO_ACCESS_KEY=real", "MINIO_SECRET_KEY=real",
		"TF_VAR_exoscale_key=" + key, "TF_VAR_exoscale_secret=" + secret,
		"TF_CLI_ARGS_init=-backend-config=secret_key=" + secret, "TF_CLI_ARGS=-var-file=/real.tfvars",
		"TF_VAR_access=" + key, "TF_VAR_my_api_secret=another-real-secret", `TF_VAR_both={key="` + key + `",secret="` + secret + `"}`,
		"BACKUP_USER=" + key, "BACKUP_PASSWORD=" + secret, "BACKUP_URL=https://" + key + ":" + secret + "@example.test/",
		"DATABASE_URL=postgres://real:pass@db-exoscale-1.a.aivencloud.com:21699/defaultdb", "PGHOST=real-exoscale-1.a.aivencloud.com",
	}
}

// harmlessVariables stay as they are.
func harmlessVariables() []string {
	return []string{
		"AWS_REGION=at-vie-1", "AWS_PAGER=less", "TF_VAR_zone=de-fra-1", "TF_VAR_ssh_key=ssh-ed25519 AAAA", "TF_VAR_secret_name=db",
		"TF_CLI_ARGS_apply=-parallelism=1", "EXOTIC=1", "MCHOST=1", "GREETING=it's a test",
	}
}

func TestCredentialsAreKeptFromCommands(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "environ")
	term := newTerminal(t, append(append(realCredentials(), harmlessVariables()...), environ, "S3_NOTHING=")...)
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	got := term.out.String()
	assert.NotContains(t, got, "real")
	for _, assignment := range harmlessVariables() {
		assert.Contains(t, got, assignment+"\n")
	}
	assert.Regexp(t, `(?m)^TF_VAR_access=EXO\w+$`, got, "configurations go on to get a key")
	assert.Regexp(t, `(?m)^TF_VAR_both=\{key="EXO\w+",secret="\S+"\}$`, got)
	key := func(name string) string { return variable(got, name) }
	assert.Equal(t, key("EXOSCALE_API_KEY"), key("AWS_ACCESS_KEY_ID"), "as on Exoscale")
	assert.Equal(t, key("EXOSCALE_API_SECRET"), key("AWS_SECRET_ACCESS_KEY"))
	assert.Equal(t, key("EXOSCALE_API_SECRET"), key("TF_VAR_my_api_secret"))
	assert.Equal(t, key("SSL_CERT_FILE"), key("AWS_CA_BUNDLE"))

	said := term.err.String()
	assert.Contains(t, said, "may lead to a real account: AWS_ACCESS_KEY_ID, ")
	for _, name := range []string{"BACKUP_PASSWORD", "DATABASE_URL", "PGHOST", "TF_CLI_ARGS_init", "TF_VAR_both"} {
		assert.Contains(t, said, name)
	}
	assert.NotContains(t, said, "EXOSCALE_", "everybody expects that")
	assert.NotContains(t, said, "S3_NOTHING")
	assert.NotContains(t, said, "EXOreal")
	assert.NotContains(t, said, "real-secret")
}

// variable returns the value of a variable in the output of env.
func variable(output, name string) string {
	_, rest, _ := strings.Cut("\n"+output, "\n"+name+"=")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// shells are those of POSIX that are installed.
func shells() (names []string) {
	for _, name := range []string{"sh", "bash", "dash", "busybox", "zsh", "ksh"} {
		if _, err := exec.LookPath(name); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// eval evaluates what "fakecloud env" prints, in a real shell, and returns the
// status of that, what is in the shell's environment then, and what was said.
func eval(t *testing.T, shell, arguments string, environ []string) (status string, after []string, said string) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	script := `eval "$(` + childMode + `=fakecloud "$PROGRAM" env ` + arguments + `)"; echo "$?"; env`
	args := []string{"-c", script}
	if shell == "busybox" {
		args = append([]string{"sh"}, args...)
	}
	cmd := exec.CommandContext(t.Context(), shell, args...)
	cmd.Env = append(environ, "PROGRAM="+program, "PATH="+os.Getenv("PATH"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[0], lines[1:], errs.String()
}

func TestShellWithoutAnInstanceLosesItsCredentials(t *testing.T) {
	t.Parallel()
	runtime := "XDG_RUNTIME_DIR=" + t.TempDir()
	broken := "XDG_RUNTIME_DIR=" + t.TempDir()
	_, dir, _ := strings.Cut(broken, "=")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "fakecloud"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fakecloud", "1.json"), []byte("{"), 0o600))
	several := newTerminal(t)
	another := several.beside()
	another.signals = make(chan os.Signal, 1)
	another.program.signals = another.signals
	_, _ = serving(t, several)
	_, _ = serving(t, another)
	for name, test := range map[string]struct{ runtime, arguments, says string }{
		"none":            {runtime, "", "no instance is running"},
		"none there":      {runtime, "-port 1", "no instance is running"},
		"several":         {"XDG_RUNTIME_DIR=" + runtimeDir(several), "", "2 instances are running"},
		"a broken file":   {broken, "", "read "},
		"nowhere to look": {"X=1", "", "neither XDG_RUNTIME_DIR nor"},
		"a wrong flag":    {runtime, "-prot 1", "-prot"},
		"an argument":     {runtime, "x", "has the argument"},
	} {
		for _, shell := range shells() {
			t.Run(name+" in "+shell, func(t *testing.T) {
				t.Parallel()
				evil := filepath.Join(t.TempDir(), "evil")
				environ := append(append(realCredentials(), harmlessVariables()...), test.runtime, "HTTPS_PROXY=http://127.0.0.1:1",
					"AWS_evil;touch "+evil+"=1")
				status, after, said := eval(t, shell, test.arguments, environ)
				assert.Equal(t, "1", status)
				assert.NotContains(t, strings.Join(after, "\n"), "real")
				assert.Contains(t, after, "HTTPS_PROXY=http://127.0.0.1:1", "it may be all that keeps clients from the real cloud")
				assert.Contains(t, said, "fakecloud env")
				assert.Contains(t, said, test.says)
				assert.NoFileExists(t, evil)
			})
		}
	}
}

func TestShellWithAnInstanceHasItsCredentialsOnly(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	for _, shell := range shells() {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			environ := append(append(realCredentials(), harmlessVariables()...), "XDG_RUNTIME_DIR="+runtimeDir(term), "all_proxy=http://real")
			status, after, said := eval(t, shell, "", environ)
			assert.Equal(t, "0", status)
			assert.Empty(t, said)
			assert.NotContains(t, strings.Join(after, "\n"), "real")
			assert.Contains(t, after, "EXOSCALE_API_ENDPOINT="+endpoint)
			for _, assignment := range harmlessVariables() {
				assert.Contains(t, after, assignment)
			}
		})
	}
}

// Readers that cannot unset get an empty value for what leads to the account.
func TestEnvironmentAsLinesAndJSON(t *testing.T) {
	t.Parallel()
	term := newTerminal(t, append(realCredentials(), harmlessVariables()...)...)
	_, _ = serving(t, term)
	for _, form := range []string{"lines", "json"} {
		env := term.beside()
		require.Equal(t, 0, env.run(t.Context(), []string{"env", "-format", form}), env.err)
		assert.NotContains(t, env.out.String(), "real")
		got := map[string]string{}
		if form == "json" {
			require.NoError(t, json.Unmarshal([]byte(env.out.String()), &got))
		} else {
			for line := range strings.Lines(env.out.String()) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				got[name] = value
			}
		}
		assert.Regexp(t, "^EXO", got["EXOSCALE_API_KEY"])
		assert.Equal(t, got["EXOSCALE_API_SECRET"], got["AWS_SECRET_ACCESS_KEY"])
		assert.Contains(t, got, "EXOSCALE_ACCOUNT")
		assert.Empty(t, got["EXOSCALE_ACCOUNT"])
		assert.NotContains(t, got, "EXOTIC")
		assert.NotContains(t, got, "CLOUDSTACK_ACCOUNT", "it has no value yet")
	}
	none := newTerminal(t)
	assert.Equal(t, 1, none.run(t.Context(), []string{"env", "-format", "lines"}))
	assert.Empty(t, none.out.String(), "commands are for shells")
}
