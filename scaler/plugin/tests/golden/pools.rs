//! Pools that are told of.

use bridgepool::view::{Seen, Silence, Why};
use serde_json::json;

use super::stage::{Actor, condition, pool, seen, silent};

/// An afternoon on which nothing happens.
pub(crate) fn calm() -> Seen {
    let bridges = vec![
        Actor::new("jvb-4kx2p").with(34, 0.41),
        Actor::new("jvb-7qzz9")
            .with(12, 0.16)
            .annotated("pinned", Some("true")),
        Actor::new("jvb-m8d5w").with(9, 0.11),
    ];
    seen(pool(&json!({ "spec": { "replicas": 3 } })), bridges)
}

/// Everything at once.
pub(crate) fn busy() -> Seen {
    let spec = json!({
        "replicas": 9, "maxReplicas": 5, "warm": { "min": 1, "max": 1 }, "drain": { "maxConcurrent": 4 },
    });
    let status = json!({
        "lastDecision": {"time": "2026-03-02T14:03:10Z", "reason": "ScaleDown", "message": "Drain: jvb-lm3cc, Active to DrainRequested; 4 counted, 5 wanted"},
        "conditions": [
            condition("Available", "True", "MinActiveMet", "4 bridges take conferences"),
            condition("ScalingLimited", "True", "MaxReplicas", "9 replicas are asked for and maxReplicas allows 5: raise spec.maxReplicas, or lower the HorizontalPodAutoscaler's"),
            condition("BridgesUnknown", "True", "Unreachable", "do not answer, and count as busy: jvb-hush1"),
            condition("Draining", "True", "ScaleDown", "3 bridges are being emptied"),
            condition("MassEmpty", "False", "AsExpected", ""),
        ],
    });
    let bridges = vec![
        Actor::new("jvb-4kx2p").with(34, 0.41),
        Actor::new("jvb-7qzz9").with(61, 0.83),
        Actor::new("jvb-hush1")
            .with(20, 0.3)
            .heard("2026-03-02T14:01:00Z"),
        Actor::new("jvb-old01")
            .with(7, 0.1)
            .labelled("revision", Some("0011223344")),
        Actor::new("jvb-new01").pending(),
        Actor::new("jvb-lm3cc")
            .drained("ScaleDown", "2026-03-02T14:03:10Z", "2026-03-02T15:03:10Z")
            .with(4, 0.05),
        Actor::new("jvb-empty")
            .drained("Operator", "2026-03-02T13:00:00Z", "2026-03-03T02:00:00Z")
            .annotated("drain-requested", Some("true"))
            .with(0, 0.01),
        Actor::new("jvb-late1")
            .drained(
                "NodeLeaving",
                "2026-03-02T13:50:00Z",
                "2026-03-02T14:00:00Z",
            )
            .with(2, 0.03),
        Actor::new("jvb-warm1")
            .drained("Spare", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z")
            .annotated("intent", Some("warm"))
            .annotated("deadline", None)
            .labelled("protected", None)
            .with(0, 0.0),
        Actor::new("jvb-torn1").with(3, 0.04).deleted(),
        Actor::new("jvb-odd01").annotated("deadline", Some("soon")),
    ];
    seen(pool(&json!({ "spec": spec, "status": status })), bridges)
}

/// Nobody tells how it is.
pub(crate) fn mute() -> Seen {
    let bridges = vec![
        Actor::new("jvb-4kx2p"),
        Actor::new("jvb-lm3cc").drained(
            "ScaleDown",
            "2026-03-02T14:03:10Z",
            "2026-03-02T15:03:10Z",
        ),
    ];
    let silence = Silence {
        why: Why::Unanswered {
            whom: "bridgetender/jvb-scaler-0:8081".to_owned(),
            why: "error trying to reach service: dial tcp 10.1.2.9:8081: connect: no route to host"
                .to_owned(),
        },
        leaderless: Some(
            "the Lease bridgetender/jvb-scaler was renewed 5m 3s ago for the last time".to_owned(),
        ),
    };
    let status = json!({ "replicas": 1, "active": 1, "draining": 1 });
    silent(
        pool(&json!({ "spec": { "replicas": 1 }, "status": status })),
        bridges,
        silence,
    )
}

/// One that was just made, and that nobody looks after.
pub(crate) fn unseen() -> Seen {
    let silence = Silence {
        why: Why::NeverSeen,
        leaderless: None,
    };
    let mut seen = silent(
        pool(&json!({ "spec": { "replicas": 2 } })),
        Vec::new(),
        silence,
    );
    seen.pool.status = scaler_api::BridgePoolStatus::default();
    seen
}

/// One that goes when its bridges are empty, and is paused.
pub(crate) fn leaving() -> Seen {
    let status = json!({ "conditions": [
        condition("Paused", "True", "PoolPaused", "nothing is started, drained, taken back or removed: set spec.paused to false to go on"),
        condition("Available", "False", "BelowMinActive", ""),
    ]});
    let metadata = json!({ "deletionTimestamp": "2026-03-02T14:00:00Z", "finalizers": ["bridgetender.dev/drain"] });
    let bridges = vec![
        Actor::new("jvb-4kx2p")
            .drained(
                "PoolDeleted",
                "2026-03-02T14:00:00Z",
                "2026-03-02T15:00:00Z",
            )
            .with(34, 0.41),
        Actor::new("jvb-7qzz9")
            .drained(
                "PoolDeleted",
                "2026-03-02T14:00:00Z",
                "2026-03-02T15:00:00Z",
            )
            .with(1, 0.02),
    ];
    let spec = json!({ "replicas": 2, "paused": true, "deletionPolicy": "Drain" });
    seen(
        pool(&json!({ "spec": spec, "status": status, "metadata": metadata })),
        bridges,
    )
}
