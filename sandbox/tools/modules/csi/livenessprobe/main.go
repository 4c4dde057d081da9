// Command livenessprobe answers the kubelet's probe with the health of a CSI driver, as the sidecar of that name does.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func main() {
	driver := flag.String("csi-address", "/run/csi/socket", "the driver's socket")
	endpoint := flag.String("http-endpoint", "0.0.0.0:9808", "where to answer")
	timeout := flag.Duration("probe-timeout", time.Second, "how long the driver may take")
	flag.Int("v", 0, "taken and not used")
	flag.Parse()

	connection, err := grpc.NewClient("unix://"+*driver, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	identity := csi.NewIdentityClient(connection)
	http.HandleFunc("/healthz", func(response http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), *timeout)
		defer cancel()
		if _, err := identity.Probe(ctx, &csi.ProbeRequest{}); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
		}
	})
	server := http.Server{Addr: *endpoint, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
