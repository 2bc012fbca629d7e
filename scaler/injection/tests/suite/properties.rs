//! What holds of any template.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use scaler_api::BridgePoolSpec;
use scaler_api::spec::{Sidecar, Slots, Template};
use serde_json::{Map, Value, json};

use super::pools::{Case, good};

/// Any JSON, with the words in it that mean something here.
fn json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "",
        "jvb",
        "metrics",
        "rtp-udp",
        "rtp-udp-3",
        "UDP",
        "Always",
        "bridgetender",
        "10000",
        "four",
        "é",
        "bridgetender-sidecar",
        "bridgetender-pod",
        "/config",
        "/config/custom-jvb.conf",
        "JVB_PORT",
        "a#b,#",
        "JVB_ADVERTISE_IPS",
        "COLIBRI_REST_ENABLED",
        "true",
        "-Dvideobridge.rest.",
        "$(X)",
        "9e99999",
        "[",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![0, 80, 8080, 8090, 10_000, 10_003, 65_536]).prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let key = prop::sample::select(vec![
            "metadata",
            "annotations",
            "spec",
            "containers",
            "initContainers",
            "volumes",
            "volumeMounts",
            "name",
            "env",
            "envFrom",
            "value",
            "valueFrom",
            "ports",
            "containerPort",
            "hostPort",
            "protocol",
            "lifecycle",
            "preStop",
            "livenessProbe",
            "exec",
            "command",
            "httpGet",
            "port",
            "resources",
            "limits",
            "requests",
            "cpu",
            "mountPath",
            "readOnly",
            "hostNetwork",
            "restartPolicy",
            "terminationGracePeriodSeconds",
            "automountServiceAccountToken",
            "securityContext",
            "runAsUser",
            "other",
            "bridgetender.dev/jvb-conf",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key.prop_map(str::to_owned), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// All places in a value, as JSON pointers.
fn places(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        all.extend(
            places(value)
                .into_iter()
                .map(|place| format!("/{name}{place}")),
        );
    }
    all
}

/// A template with this put in one of its places.
fn broken(template: &Value, place: prop::sample::Index, with: Value) -> Value {
    let mut template = template.clone();
    let places = places(&template);
    let place: &String = place.get(&places);
    if let Some(there) = template.pointer_mut(place) {
        *there = with;
    }
    template
}

fn case(spec: BridgePoolSpec) -> Case {
    let slot = spec.slots.as_ref().map(|_| 3);
    Case {
        name: String::new(),
        spec,
        image: true,
        slot,
    }
}

fn of(template: &Value, slots: bool, sidecar: Sidecar) -> Case {
    let template = template.as_object().cloned().unwrap_or_default();
    case(BridgePoolSpec {
        template: Some(Template(template)),
        slots: slots.then_some(Slots {
            first_port: 10_000,
            count: 8,
        }),
        sidecar,
        ..BridgePoolSpec::default()
    })
}

/// Injects, and once more into what came of it: that changes nothing.
fn check(case: &Case) -> Result<(), TestCaseError> {
    let Ok(injected) = case.inject() else {
        return Ok(());
    };
    let mut spec = case.spec.clone();
    spec.template = injected.template.as_object().cloned().map(Template);
    let again = case.inject_into(&spec);
    let again = again.map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
    prop_assert_eq!(&again.added, &[]);
    prop_assert_eq!(&again.template, &injected.template);
    kept(case, &injected.template)
}

/// All that was written is still there, but for a port that is its slot's and a null that stands for nothing.
fn kept(case: &Case, pod: &Value) -> Result<(), TestCaseError> {
    let written = Value::Object(case.spec.template.clone().unwrap().0);
    for place in places(&written) {
        let there = written.pointer(&place).unwrap();
        let leaf = !there.is_object() && !there.is_array() && !there.is_null();
        let of_slot = case.slot.is_some() && place.contains("/ports/");
        if leaf && !of_slot {
            prop_assert_eq!(pod.pointer(&place), Some(there), "{}", place);
        }
    }
    Ok(())
}

#[test]
fn injecting_once_more_changes_nothing() {
    for case in good() {
        check(&case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

proptest! {
    #[test]
    fn no_json_makes_it_fail_and_nothing_written_is_lost(template in json(), slots: bool, native: bool) {
        let sidecar = if native { Sidecar::Native } else { Sidecar::None };
        check(&of(&template, slots, sidecar))?;
    }

    #[test]
    fn no_json_in_a_good_template_makes_it_fail_either(
        base in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        with in json(),
        whole: bool,
    ) {
        let good = good();
        let case = base.get(&good);
        let template = if whole {
            // Also what was injected may have been changed by somebody.
            case.inject().unwrap().template
        } else {
            Value::Object(case.spec.template.clone().unwrap().0)
        };
        let mut spec = case.spec.clone();
        let broken = broken(&template, place, with);
        spec.template = broken.as_object().cloned().map(Template);
        let broken = Case { name: case.name.clone(), spec, image: true, slot: case.slot };
        if broken.spec.template.is_some() {
            check(&broken)?;
        }
    }

    #[test]
    fn each_cpu_makes_the_threshold_higher(millis in 1..1_000_000_u32) {
        let rate = |millis: u32| {
            let resources = json!({ "requests": { "cpu": format!("{millis}m") } });
            let template = json!({ "spec": { "containers": [{ "name": "jvb", "resources": resources }] } });
            let pod = of(&template, false, Sidecar::Native).inject().unwrap().template;
            let conf = pod["metadata"]["annotations"]["bridgetender.dev/jvb-conf"].as_str().unwrap().to_owned();
            let rate = conf.split_once("load-threshold = ").unwrap().1.lines().next().unwrap().to_owned();
            rate.parse::<u32>().unwrap()
        };
        prop_assert_eq!(rate(millis), (millis * 25 / 2).max(1));
    }
}
