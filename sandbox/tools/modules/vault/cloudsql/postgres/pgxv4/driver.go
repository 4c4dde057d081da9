// Package pgxv4 stands for a driver of Google's Cloud SQL, which is not in the sandbox's build.
package pgxv4

import "cloud.google.com/go/cloudsqlconn"

// RegisterDriver refuses.
func RegisterDriver(string, ...cloudsqlconn.Option) (func() error, error) {
	return nil, cloudsqlconn.ErrAbsent
}
