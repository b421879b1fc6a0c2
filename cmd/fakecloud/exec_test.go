package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
)

func TestClientsThatIgnoreTheEndpointLandHereToo(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	// Whatever proxy the user has, or exempts the real cloud from.
	term := newTerminal(t, environ, "https_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1", "NO_PROXY=*,.exoscale.com", "no_proxy=com")
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Equal(t, "https://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://127.0.0.1/z/de-fra-1/v2/zone 200\n"+
		"https://sos-at-vie-1.exoscale.com/ 403\n", term.out.String())
}

func TestExecListsWhatIsNotEmulated(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	term := newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Contains(t, term.err.String(), "asked for things that are not emulated:\n     1 x https://sos-at-vie-1.exoscale.com\n")

	args, environ = child(t, "0")
	term = newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args))
	assert.Empty(t, term.err.String())
}

func TestLocalStateKeepsCommandsFromTheBackend(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("main.tf", []byte("terraform {\n  backend \"s3\" {}\n}\n"), 0o600))
	term := newTerminal(t)
	require.Equal(t, 0, term.run(t.Context(), []string{"exec", "-local-state", "--", shell, "-c", "pwd; cat main.tf *_override.tf; touch made"}), term.err)
	copied, text, _ := strings.Cut(term.out.String(), "\n")
	assert.Contains(t, text, `backend "s3"`)
	assert.Contains(t, text, `backend "local"`)
	assert.NoDirExists(t, copied)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing is written to the user's folder")

	term = newTerminal(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"exec", "-local-state", "--", shell, "-chdir=" + dir}))
	assert.Contains(t, term.err.String(), "does not go with -chdir")

	require.NoError(t, os.Remove("main.tf"))
	term = newTerminal(t)
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"exec", "-local-state", "--", shell, "-c", "true"}))
	assert.Contains(t, term.err.String(), "flag -local-state: . is not a folder with Terraform configuration")
}

func TestExecEndsWithWhatItsCommandLeftBehind(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "litter")
	term := newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), append([]string{"exec", "-quota", "private-network=0", "-v"}, args[1:]...)), term.err)
	said := term.err.String()
	assert.Contains(t, said, "     2 x GET /v2/dbaas-postgres/{name}  (get-dbaas-service-pg)\n", "names are one line")
	assert.Regexp(t, `sent fields that nothing reads here, so that they changed nothing:\n  create-anti-affinity-group: colour\n`, said)
	assert.Contains(t, said, "the quota of private-network was reached; -quota private-network=NUMBER sets another")
	assert.Regexp(t, `left these behind; they have ended with the cloud:\n  anti-affinity-group red [0-9a-f-]{36}\n`, said)
	assert.Contains(t, said, "msg=call method=POST path=/v2/anti-affinity-group operation=create-anti-affinity-group status=200")
	assert.NotContains(t, said, "answer=")
	assert.NotContains(t, strings.ToLower(said), "authorization")

	term = newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), append([]string{"exec", "-bodies"}, args[1:]...)), term.err)
	assert.Contains(t, term.err.String(), `request="{\"colour\":\"red\",\"name\":\"red\"}"`)
}

// A command within exec that breaks the cloud must not break another one, which
// is the only one with a file.
func TestCommandsWithinExecFindItsCloud(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "fakecloud")
	term := newTerminal(t, environ)
	_, _ = serving(t, term)
	added := term.beside()
	require.Equal(t, 0, added.run(t.Context(), append(slices.Clone(args), "faults", "add", "latency", "-duration", "1ms")), added.err)
	assert.Equal(t, "1\n", added.out.String())
	served := term.beside()
	require.Equal(t, 0, served.run(t.Context(), []string{"faults", "-json"}), served.err)
	assert.Equal(t, "[]\n", served.out.String())
	console := term.beside()
	assert.Equal(t, command.ExitFailure, console.run(t.Context(), append(slices.Clone(args), "console")))
	assert.Contains(t, console.err.String(), "use fakecloud shell or serve")
}
