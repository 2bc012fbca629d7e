//! What the page says whatever was measured.

/// What is compared, and what each column means.
pub(super) const METHOD: &str = "\
## What is compared
Each day is played for all set-ups at once, in one control plane, each in a namespace of its own with its own jicofo, with the very
same people in the very same conferences. kube-apiserver and kube-controller-manager with its HPA are real, and so are jvb-adapter
and jvb-scaler; videobridges and jicofo are mocks that behave as recorded ones ([quirks.md](quirks.md)), and the pods' kubelet is
played ([laboratory.md](laboratory.md)).

| set-up | what it is |
| --- | --- |
| plain Deployment | bridges in a Deployment. When it is to be smaller Kubernetes ends pods, whoever is on them |
| with preStop drain | the same, and each pod has a preStop hook that drains its bridge and waits until nobody is on it. The grace period is as long as a drain of the pool may take; then the pod is ended, whoever is on it |
| BridgePool | jvb-scaler drains bridges while their pods live, takes them back when people return, moves the last people at the deadline, and deletes a pod only when its bridge is empty |

All three have the same HPA (average stress 0.40, 2 to 12 bridges, no scale-up window, one bridge less at a time), but for what it
scales, and that the pool's also sees the load of the bridges that drain ([cascade.md](cascade.md) shows why it must).

| column | what it means |
| --- | --- |
| people cut | people whose bridge vanished under them, once or more often |
| people moved | people who were never cut and were sent from one bridge to another on request, once or more often: a gap of about a second |
| seconds of lost media | from each loss of media until it flowed again or the person left, of all people together |
| time to serve | from the moment after lunch at which the returning people exceed what there is (more than a stress of 0.50 for each bridge that takes people, a quarter above what the HPA aims at) until enough bridges take people for good. 0: never exceeded |
| bridge-minutes | minutes that bridges' pods were there, added up, whatever they did: bridge-hours, in minutes because the day is short |
";
