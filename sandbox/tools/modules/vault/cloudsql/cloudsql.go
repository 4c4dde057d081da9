// Package cloudsqlconn stands for the connector of Google's Cloud SQL, which is not in the sandbox's build.
package cloudsqlconn

import "errors"

// ErrAbsent is what the drivers answer.
var ErrAbsent = errors.New("connections to Google's Cloud SQL: not in the sandbox's build of Vault")

// Option is ignored.
type Option struct{}

// DialOption is ignored.
type DialOption struct{}

// WithIAMAuthN is ignored.
func WithIAMAuthN() Option { return Option{} }

// WithCredentialsJSON is ignored.
func WithCredentialsJSON([]byte) Option { return Option{} }

// WithDefaultDialOptions is ignored.
func WithDefaultDialOptions(...DialOption) Option { return Option{} }

// WithPrivateIP is ignored.
func WithPrivateIP() DialOption { return DialOption{} }

// WithPSC is ignored.
func WithPSC() DialOption { return DialOption{} }
