// Program metrics-reader asks for metrics with the Go clients of k8s.io/metrics, set up as the HPA's are in
// kube-controller-manager: what it cannot read, no HPA can.
//
// Usage: metrics-reader KUBECONFIG. Each line of its input is a question, each line of its output the answer, both JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: metrics-reader KUBECONFIG")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(kubeconfig string, questions io.Reader, answers io.Writer) error {
	clients, err := newClients(kubeconfig)
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(questions), json.NewEncoder(answers)
	for {
		var q question
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("cannot read a question: %w", err)
		}
		if err := out.Encode(clients.answer(q)); err != nil {
			return err
		}
	}
}
