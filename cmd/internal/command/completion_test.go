package command_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

// asSample makes this test program the sample.
const asSample = "COMMAND_TEST_SAMPLE"

func TestMain(m *testing.M) {
	if os.Getenv(asSample) != "" {
		os.Exit(sample(os.Stdout).Execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestCompletionsHaveTheDashesThatWereTyped(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"-":                       "-help\tprint the help\n-h\tprint the help\n-p\twhere it is\n-port\twhere it is\n-v\tlog more\n-version\tprint the version\n:4\n",
		"-po":                     "-port\twhere it is\n:4\n",
		"--po":                    "--port\twhere it is\n:4\n",
		"-port ":                  ":4\n",
		"f":                       "fail\tfail\nfruit\tlist or eat fruit\n:4\n",
		"m":                       ":4\n",
		"run -zone at":            "at-vie-1\nat-vie-2\n:4\n",
		"run -zone=de":            "de-fra-1\n:4\n",
		"run --zone de":           "de-fra-1\n:4\n",
		"run -zone at-vie-1 -- l": ":0\n",
		"run ls -z":               ":0\n",
		"fruit eat ap":            "apple\napricot\n:4\n",
		"fruit eat apple ":        ":4\n",
		"fruit eat -to ":          ":0\n",
		"fruit -a":                "-all\trotten fruit, too\n:4\n",
		"completion ":             "bash\nzsh\nfish\npowershell\n:4\n",
	} {
		_, out, errs := execute(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		assert.Equal(t, want, out, line)
		assert.Empty(t, errs, line)
	}
}

// TestBashCompletes runs the script in a bash. What it needs of the package
// bash-completion is a function that splits the line.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	const script = `
sample() { ` + asSample + `=1 "$SELF" "$@"; }
_init_completion() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}; }
source <(sample completion bash)
complete -p sample >/dev/null || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_TYPE=9 COMP_KEY=9
COMP_POINT=${#COMP_LINE}
__start_sample
printf '%s\n' "${COMPREPLY[@]}"
`
	for line, want := range map[string]string{
		"sample fr":              "fruit",
		"sample -po":             "-port",
		"sample --po":            "--port",
		"sample run -z":          "-zone",
		"sample run -zone de":    "de-fra-1",
		"sample fruit eat p":     "pear",
		"sample fruit eat ap":    "apple apricot",
		"sample completion po":   "powershell",
		"sample fruit eat pear ": "",
	} {
		cmd := exec.CommandContext(t.Context(), bash, append([]string{"--norc", "-c", script, "bash"}, strings.Split(line, " ")...)...)
		cmd.Env = append(os.Environ(), "SELF="+self)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		require.NoError(t, err, errs.String())
		assert.Equal(t, want, strings.Join(strings.Fields(string(out)), " "), "%s\n%s", line, errs.String())
	}
}

func TestEachShellHasAScript(t *testing.T) {
	t.Parallel()
	for shell, part := range map[string]string{
		"bash": "complete -o default -F __start_sample sample", "zsh": "#compdef sample", "fish": "complete -c sample", "powershell": "Register-ArgumentCompleter -CommandName 'sample'",
	} {
		code, out, _ := execute(t, "completion", shell)
		assert.Zero(t, code)
		assert.Contains(t, out, part)
	}
	code, _, errs := execute(t, "completion", "csh")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, `SHELL is "csh": give bash, zsh, fish or powershell`)
}

func TestManualPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/man"
	code, _, errs := execute(t, "man", dir)
	require.Zero(t, code, errs)
	assert.Equal(t, []string{
		"sample-fail.1", "sample-fruit-eat.1", "sample-fruit-list.1", "sample-fruit.1", "sample-run.1", "sample.1",
	}, settingstest.CheckManuals(t, dir))
	text, err := os.ReadFile(dir + "/sample.1")
	require.NoError(t, err)
	for _, part := range []string{
		".SH NAME\nsample \\- an example\n.SH SYNOPSIS\n.nf\nsample [flags]\nsample COMMAND [flags]\n.fi\n",
		".TP\n\\fBrun \\-\\- COMMAND\\fR\nrun a program\n.br\nsee sample\\-run(1)\n",
		".TP\n\\fB\\-port, \\-p PORT\\fR\nwhere it is\n.br\nenvironment: SAMPLE_PORT;",
		".SH EXAMPLES\n.nf\nsample \\-port 80\n.fi\n.SH NOTES\nThat is all.\n",
	} {
		assert.Contains(t, string(text), part)
	}
}
