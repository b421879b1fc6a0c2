package images_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/images"
)

const root = "../.."

// recipes returns those of the repository, by name.
func recipes(t *testing.T) map[string]images.Recipe {
	t.Helper()
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	require.NoError(t, err)
	all, err := images.Recipes(string(dockerfile))
	require.NoError(t, err)
	byName := map[string]images.Recipe{}
	for _, r := range all {
		byName[r.Name] = r
	}
	return byName
}

// TestWhatUsersRelyOn: user, ports, volumes, variables and health check of each
// image are part of its interface. Discovery has no user because it gives up root by
// itself: only the host knows who owns its folder.
func TestWhatUsersRelyOn(t *testing.T) {
	t.Parallel()
	type promise struct{ user, port, volume, env, health string }
	const nobody = "65534:65534"
	want := map[string]promise{
		"autoscaler":          {nobody, "8090/tcp", "/var/lib/autoscaler", "LISTEN_ADDRESS=0.0.0.0", "/autoscaler healthcheck"},
		"discovery":           {"", "8091/tcp", "/srv/service-discovery", "DISCOVERY_LISTEN=0.0.0.0:8091", "/discovery healthcheck"},
		"http-load-generator": {nobody, "8080/tcp", "", "", "/http-load-generator healthcheck"},
		"fakecloud":           {nobody, "", "/tmp", "XDG_RUNTIME_DIR=/tmp", "/fakecloud healthcheck"},
		"demo":                {nobody, "", "/tmp", "", ""},
		"replay":              {nobody, "", "", "", ""},
		"sweep":               {nobody, "", "", "", ""},
	}
	for name, r := range recipes(t) {
		have := promise{user: r.Config.User, env: strings.Join(r.Config.Env, " "), port: only(t, r.Config.ExposedPorts), volume: only(t, r.Config.Volumes)}
		if check := r.Config.Healthcheck; check != nil {
			have.health = strings.Join(check.Test[1:], " ")
			assert.Equal(t, 30*time.Second, check.Interval, name)
			assert.Equal(t, 5*time.Second, check.Timeout, name)
		}
		assert.Equal(t, want[name], have, name)
		assert.Equal(t, []string{"/" + name}, r.Config.Entrypoint)
		assert.Equal(t, []string{name}, r.Programs())
		assert.NotEmpty(t, r.Config.Labels["org.opencontainers.image.description"], name)
	}
}

func only(t *testing.T, set map[string]struct{}) (key string) {
	t.Helper()
	assert.LessOrEqual(t, len(set), 1)
	for key = range set {
		return key
	}
	return ""
}

func TestEveryProgramHasAnImage(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob(filepath.Join(root, "cmd", "*", "main.go"))
	require.NoError(t, err)
	all := recipes(t)
	assert.Len(t, all, len(mains))
	for _, main := range mains {
		assert.Contains(t, all, filepath.Base(filepath.Dir(main)))
	}
}

func TestWhatNeedsAnEngineIsRefused(t *testing.T) {
	t.Parallel()
	const stages = "FROM golang AS build\nRUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/app\nRUN install -d -m 0700 /out/dirs/var/lib/app\n" +
		"FROM scratch AS app\nENTRYPOINT [\"/app\"]\n"
	for _, c := range []struct{ last, want string }{
		{"ADD source.tar /", "line 6, ADD: it cannot be carried out without an engine"},
		{"COPY app /app", "line 6, COPY"},
		{"COPY --from=nowhere /out/app /app", "line 6, COPY"},
		{"COPY --from=build /out/other /app", "/out/other is neither a program nor a directory that stage build makes"},
		{"COPY --from=build /out/other/ /", "no directory below /out/other/"},
		{"COPY --from=build --chmod=755 /out/app /app", "line 6, COPY"},
		{"COPY --from=build --chown=nobody /out/app /app", "line 6, COPY"},
		{"ENV A B", "line 6, ENV"},
		{"ENV A=1 B=2", "line 6, ENV"},
		{`ENV A="1"`, "line 6, ENV"},
		{"ENV A=$PATH", "line 6, ENV"},
		{"USER $NOBODY", "line 6, USER"},
		{"EXPOSE 53/udp", "line 6, EXPOSE"},
		{"EXPOSE 80 81", "line 6, EXPOSE"},
		{`VOLUME ["/a"]`, "line 6, VOLUME"},
		{"VOLUME /a /b", "line 6, VOLUME"},
		{"LABEL a=b", "line 6, LABEL"},
		{`LABEL a="$b"`, "line 6, LABEL"},
		{"CMD app -x", "line 6, CMD"},
		{"HEALTHCHECK NONE", "line 6, HEALTHCHECK"},
		{"HEALTHCHECK --retries=5 CMD [\"/app\"]", "line 6, HEALTHCHECK"},
		{"# comment\n\nHEALTHCHECK CMD curl http://localhost", "line 8, HEALTHCHECK"},
		{"RUN rm -rf /", "stage app: line 6"},
		{"FROM scratch AS empty", "it has no ENTRYPOINT"},
		{"FROM scratch", "line 6: a stage has no name"},
		{"CMD [\"-v\"] \\", "line 6: it is continued, and there is no more"},
	} {
		_, err := images.Recipes(stages + c.last + "\n")
		assert.ErrorContains(t, err, c.want, c.last)
	}
	_, err := images.Recipes("USER 1\n")
	require.ErrorContains(t, err, "before the first FROM")
	all, err := images.Recipes(stages + "CMD [\"-v\", \\\n  \"x\"]\nSTOPSIGNAL SIGINT\nENV A=1\nENV B=2\n")
	require.NoError(t, err)
	assert.Equal(t, v1.Config{
		Entrypoint: []string{"/app"}, Cmd: []string{"-v", "x"}, Env: []string{"A=1", "B=2"}, StopSignal: "SIGINT", WorkingDir: "/",
	}, all[0].Config)
}

// FuzzRecipes: whatever a Dockerfile says, reading it ends.
func FuzzRecipes(f *testing.F) {
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	require.NoError(f, err)
	f.Add(string(dockerfile))
	f.Add("FROM golang AS build\nRUN install -d -m 0700 /out/dirs//tmp\nFROM scratch AS app\nCOPY --from=build /out/dirs/ /\nENTRYPOINT [\"/app\"]\n")
	f.Fuzz(func(_ *testing.T, dockerfile string) {
		_, _ = images.Recipes(dockerfile)
	})
}
