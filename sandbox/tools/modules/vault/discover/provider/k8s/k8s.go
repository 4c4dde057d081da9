// Package k8s stands for the discovery of pods, which is not in the sandbox's build.
package k8s

import (
	"log"

	"github.com/hashicorp/go-discover"
)

// Provider finds nothing.
type Provider struct{}

// Addrs refuses.
func (*Provider) Addrs(map[string]string, *log.Logger) ([]string, error) {
	return nil, discover.ErrAbsent
}

// Help says so.
func (*Provider) Help() string {
	return discover.ErrAbsent.Error()
}
