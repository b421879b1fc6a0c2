package loadgen_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/exopool/exopool/fake/loadgen"
)

func ExampleNewRealCPU() {
	cpu, err := loadgen.NewRealCPU(time.Millisecond) // of all CPUs, for each request
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	loadgen.NewHandler(cpu).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/load", http.NoBody))
	fmt.Print(answer.Body)
	// Output: load served
}
