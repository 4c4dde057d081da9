// Package discover stands for the discovery of nodes in clouds, which is not in the sandbox's build.
package discover

import (
	"errors"
	"log"
)

// ErrAbsent is what everything here answers.
var ErrAbsent = errors.New("discovery of nodes (auto_join): not in the sandbox's build of Vault")

// Provider finds nodes.
type Provider interface {
	Addrs(args map[string]string, l *log.Logger) ([]string, error)
	Help() string
}

// Providers is empty.
var Providers = map[string]Provider{}

// Discover finds nothing.
type Discover struct{}

// Option is ignored.
type Option func(*Discover) error

// New makes one that finds nothing.
func New(...Option) (*Discover, error) {
	return &Discover{}, nil
}

// WithProviders is ignored.
func WithProviders(map[string]Provider) Option {
	return nil
}

// Addrs refuses.
func (*Discover) Addrs(string, *log.Logger) ([]string, error) {
	return nil, ErrAbsent
}

// Config is a configuration that was parsed.
type Config map[string]string

// Parse refuses.
func Parse(string) (Config, error) {
	return nil, ErrAbsent
}

func (Config) String() string {
	return ""
}
