package main

import (
	_ "google.golang.org/grpc"
	_ "gopkg.in/yaml.v3"
	_ "sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

func main() {}
