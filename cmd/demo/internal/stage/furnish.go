package stage

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
)

// ids are those of what the demo made in its cloud.
type ids struct{ pool, balancer string }

type object map[string]any

// furnish makes the pool and the load balancer, as Terraform would in a real
// account.
func (s *Stage) furnish(ctx context.Context) error {
	template, err := s.template(ctx, "Linux Debian 13 (Trixie) 64-bit")
	if err != nil {
		return err
	}
	size, err := s.instanceType(ctx, "standard", "micro")
	if err != nil {
		return err
	}
	s.ids.pool, err = s.cloud.Do(ctx, http.MethodPost, "/v2/instance-pool", object{
		"name": poolName, "instance-prefix": poolName, "size": s.cfg.Min, "disk-size": 10,
		"template": object{"id": template}, "instance-type": object{"id": size},
	})
	if err != nil {
		return err
	}
	s.ids.balancer, err = s.cloud.Do(ctx, http.MethodPost, "/v2/load-balancer", object{"name": poolName})
	if err != nil {
		return err
	}
	if _, err = s.cloud.Do(ctx, http.MethodPost, "/v2/load-balancer/"+s.ids.balancer+"/service", object{
		"name": poolName, "instance-pool": object{"id": s.ids.pool},
		"protocol": "tcp", "strategy": "round-robin",
		"port": servicePort, "target-port": machine.LoadPort,
		"healthcheck": object{
			"mode": "http", "port": machine.LoadPort, "uri": "/health",
			"interval": 10, "timeout": 5, "retries": 1,
		},
	}); err != nil {
		return err
	}
	endpoint, ok := s.driver.Endpoint(s.ids.balancer, servicePort)
	if !ok {
		return fmt.Errorf("the load balancer does not listen for port %d", servicePort)
	}
	s.app = "http://" + endpoint.String()
	if endpoint.Port() == servicePort {
		s.app = "http://" + endpoint.Addr().String()
	}
	s.balancerPort = int(endpoint.Port())
	return nil
}

// servicePort is where the load balancer should listen. An ordinary user may
// not be allowed to, and then the driver finds another port.
const servicePort = 80

func (s *Stage) template(ctx context.Context, name string) (string, error) {
	var list struct {
		Templates []struct{ ID, Name string } `json:"templates"`
	}
	if err := s.cloud.Call(ctx, http.MethodGet, "/v2/template?visibility=public", nil, &list); err != nil {
		return "", err
	}
	for _, t := range list.Templates {
		if t.Name == name {
			return t.ID, nil
		}
	}
	return "", fmt.Errorf("the cloud has no template %q", name)
}

func (s *Stage) instanceType(ctx context.Context, family, size string) (string, error) {
	var list struct {
		Types []struct{ ID, Family, Size string } `json:"instance-types"`
	}
	if err := s.cloud.Call(ctx, http.MethodGet, "/v2/instance-type", nil, &list); err != nil {
		return "", err
	}
	for _, t := range list.Types {
		if t.Family == family && t.Size == size {
			return t.ID, nil
		}
	}
	return "", fmt.Errorf("the cloud has no instance type %s.%s", family, size)
}

// kill deletes a member behind the pool's back; the pool replaces it.
func (s *Stage) kill(ctx context.Context, name string) error {
	instances := s.cloud.Instances()
	i := slices.IndexFunc(instances, func(i exoapi.InstanceInfo) bool { return i.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no member %s any more", name)
	}
	return s.cloud.Call(ctx, http.MethodDelete, "/v2/instance/"+instances[i].ID, nil, nil)
}
