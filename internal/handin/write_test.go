package handin_test

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/handin"
	"github.com/exopool/exopool/internal/providers"
)

// TestImagesAreBuiltFromTheirFoldersAlone: the source beside each Dockerfile is
// complete, and all files are in one folder, because the course's checker packs
// them without the names of folders.
func TestImagesAreBuiltFromTheirFoldersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, handin.Write(t.Context(), root, dir))
	for folder, program := range map[string]string{"servicediscovery": "discovery", "autoscaler": "autoscaler"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		require.NoError(t, err)
		for _, entry := range entries {
			assert.True(t, entry.Type().IsRegular(), entry.Name())
		}
		dockerfile := readFile(t, dir, folder, "Dockerfile")
		assert.Regexp(t, `(?m)^FROM golang:[0-9.]+ AS `, dockerfile)
		assert.Contains(t, dockerfile, "\nADD source.tar .\n")
		assert.NotContains(t, dockerfile, "http-load-generator")
		stages := strings.Split(dockerfile, "\nFROM ")
		assert.True(t, strings.HasPrefix(stages[len(stages)-1], "scratch AS "+program+"\n"), "the last stage is what is built by default")

		source := extract(t, unpack(t, []byte(readFile(t, dir, folder, "source.tar"))))
		buildAlone(t, source, "./cmd/"+program)
		others, err := filepath.Glob(filepath.Join(source, "cmd", "*", "main.go"))
		require.NoError(t, err)
		assert.Len(t, others, 1)
	}
	assert.Equal(t, readFile(t, root, handin.ArchiveName), readFile(t, dir, "source.tar"))
}

func readFile(t *testing.T, elements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return string(content)
}

// TestFolderIsAValidModule: Terraform takes it with nothing around it.
func TestFolderIsAValidModule(t *testing.T) {
	t.Parallel()
	program, err := providers.Terraform(t.Context())
	if errors.Is(err, providers.ErrNoTerraform) {
		t.Skip(err)
	}
	require.NoError(t, err)
	mirror, err := providers.Install(t.Context(), providers.Config{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, handin.Write(t.Context(), root, dir))
	for _, args := range [][]string{{"init", "-backend=false", "-input=false"}, {"validate"}, {"fmt", "-check", "-recursive"}} {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, os.Environ()
		for name, value := range mirror.Environment() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", args, out)
	}
	require.NoError(t, handin.Write(t.Context(), root, dir), "what Terraform leaves is not in the way")
}

// repository returns a small one with all that is handed in.
func repository() map[string][]byte {
	return map[string][]byte{
		"go.mod": []byte("module example.test/m\n\ngo 1.26.0\n"), "go.sum": nil, "LICENSE": []byte("free\n"),
		"cmd/autoscaler/main.go": []byte("package main\n\nfunc main() {}\n"),
		"cmd/discovery/main.go":  []byte("package main\n\nfunc main() {}\n"),
		"Dockerfile": []byte("# all\n\n# base\nFROM golang:1.26.0 AS source\nCOPY . .\n\n# unused\nFROM source AS c\nRUN c\n\n" +
			"FROM source AS discovery\nRUN d\n\nFROM source AS a\nRUN a\n\nFROM scratch AS autoscaler\nCOPY --from=a /a /a\n"),
		"terraform/main.tf": []byte("# main\n"), "terraform/variables.tf": []byte(keyVariable), "terraform/more.tf": []byte("# more\n"), "terraform/override.tf": nil,
		"terraform/a.tfvars": nil, "terraform/terraform.tfstate": nil, "terraform/tests/a.tf": nil, "terraform/.terraform/a.tf": nil,
		"terraform/files/files.go": []byte("package files\n"), "terraform/files/etc/motd": []byte("hello\n"),
	}
}

func TestFolderHoldsWhatTheModuleNeeds(t *testing.T) {
	t.Parallel()
	from, dir := extract(t, repository()), t.TempDir()
	require.NoError(t, handin.Write(t.Context(), from, dir))
	var names []string
	for line := range strings.Lines(readFile(t, dir, ".handin.sha256")) {
		names = append(names, strings.Fields(line)[1])
	}
	assert.Equal(t, []string{
		"README.md", "autoscaler/Dockerfile", "autoscaler/source.tar", "files/etc/motd", "main.tf", "more.tf",
		"servicediscovery/Dockerfile", "servicediscovery/source.tar", "source.tar", "variables.tf",
	}, names)
	_, stages, _ := strings.Cut(readFile(t, dir, "autoscaler", "Dockerfile"), "\n\n")
	assert.Equal(t, "# base\nFROM golang:1.26.0 AS source\nADD source.tar .\n\nFROM source AS a\nRUN a\n\n"+
		"FROM scratch AS autoscaler\nCOPY --from=a /a /a\n", stages)
}

// TestFolderIsRenewed: what an earlier run made is replaced or removed, and the
// rest stays.
func TestFolderIsRenewed(t *testing.T) {
	t.Parallel()
	files, dir := repository(), t.TempDir()
	require.NoError(t, handin.Write(t.Context(), extract(t, files), dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "terraform.tfstate"), []byte("state"), 0o600))
	files["terraform/main.tf"] = []byte("# changed\n")
	delete(files, "terraform/more.tf")
	require.NoError(t, handin.Write(t.Context(), extract(t, files), dir))
	assert.Equal(t, "# changed\n", readFile(t, dir, "main.tf"))
	assert.NoFileExists(t, filepath.Join(dir, "more.tf"))
	assert.Equal(t, "state", readFile(t, dir, "terraform.tfstate"))
}

// TestWorkOfOthersIsNotOverwritten: neither that in another folder, nor changes
// in one that was made here.
func TestWorkOfOthersIsNotOverwritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		made    bool
		file    string
		refused string
	}{
		"another folder":    {file: "mine.tf", refused: "it has mine.tf, and was not made here"},
		"a changed file":    {made: true, file: "main.tf", refused: "main.tf was changed"},
		"a changed archive": {made: true, file: "source.tar", refused: "source.tar was changed"},
		"a file in the way": {made: true, file: "new.tf", refused: "new.tf was changed or is not made here"},
		"a changed list":    {made: true, file: ".handin.sha256", refused: "is not a hash and a name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, dir := repository(), t.TempDir()
			if test.made {
				require.NoError(t, handin.Write(t.Context(), extract(t, files), dir))
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, test.file), []byte("mine\n"), 0o600))
			files["terraform/new.tf"] = []byte("# new\n")
			files["terraform/more.tf"] = []byte("# changed\n")
			err := handin.Write(t.Context(), extract(t, files), dir)
			require.ErrorContains(t, err, test.refused)
			require.ErrorContains(t, err, "name a new folder")
			assert.Equal(t, "mine\n", readFile(t, dir, test.file))
			if test.made {
				assert.Equal(t, "# more\n", readFile(t, dir, "more.tf"), "nothing was changed")
			}
		})
	}
}

// TestInterruptedRunIsRepeated: a run lists the files of both versions before it
// replaces any, so that the next one knows either.
func TestInterruptedRunIsRepeated(t *testing.T) {
	t.Parallel()
	files, dir, second := repository(), t.TempDir(), t.TempDir()
	require.NoError(t, handin.Write(t.Context(), extract(t, files), dir))
	files["terraform/main.tf"], files["terraform/more.tf"] = []byte("# second\n"), []byte("# second\n")
	require.NoError(t, handin.Write(t.Context(), extract(t, files), second))
	both := readFile(t, second, ".handin.sha256") + readFile(t, dir, ".handin.sha256")
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".handin.sha256"), []byte(both), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte("# second\n"), 0o600))
	files["terraform/main.tf"] = []byte("# third\n")
	require.NoError(t, handin.Write(t.Context(), extract(t, files), dir))
	assert.Equal(t, "# third\n", readFile(t, dir, "main.tf"))
	assert.Equal(t, "# second\n", readFile(t, dir, "more.tf"))
}

// TestDockerfilesThatCannotBeReducedAreRefused: a stage that is not there, or
// that does not copy the source.
func TestDockerfilesThatCannotBeReducedAreRefused(t *testing.T) {
	t.Parallel()
	whole := string(repository()["Dockerfile"])
	for name, dockerfile := range map[string]string{
		"no stage":         strings.ReplaceAll(whole, "AS autoscaler", "AS scaler"),
		"no source":        strings.ReplaceAll(whole, "COPY . .", "RUN true"),
		"source at places": whole + "COPY . .\n",
	} {
		files := repository()
		files["Dockerfile"] = []byte(dockerfile)
		err := handin.Write(t.Context(), extract(t, files), t.TempDir())
		assert.ErrorContains(t, err, "make a Dockerfile for autoscaler", name)
	}
}
