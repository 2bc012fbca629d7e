//! The table.

use super::*;

#[test]
fn participants_are_the_people_on_this_bridge_alone() {
    let metrics = Metrics::new(&[]).unwrap();
    let stats = Stats {
        local_endpoints: Some(2),
        relayed_endpoints: Some(5),
        all_endpoints: Some(7),
        ..Stats::default()
    };
    let of = |name| metrics.get(metrics.on_pods(name).unwrap()).of(&stats);
    assert_eq!(of("participants"), Some(2.0));
    assert_eq!(of("relayed_participants"), Some(5.0));
    assert_eq!(of("stress_level"), None, "what is not said is not zero");
}

#[test]
fn a_negative_stress_is_no_stress_even_when_the_reader_lets_it_through() {
    let metrics = Metrics::new(&[]).unwrap();
    for stress in [-1.0 / 0.9, f64::NAN, f64::INFINITY] {
        let stats = Stats {
            stress: Some(stress),
            ..Stats::default()
        };
        assert_eq!(metrics.get(MetricId::STRESS).of(&stats), None, "{stress}");
    }
}

#[test]
fn a_further_metric_is_read_by_the_bridges_own_key() {
    let extra: ExtraMetric = "loss=incoming_loss_fraction".parse().unwrap();
    let metrics = Metrics::new(&[extra]).unwrap();
    let stats = Stats {
        extra: vec![("incoming_loss_fraction".to_owned(), 0.25)],
        ..Stats::default()
    };
    let id = metrics.on_pods("loss").unwrap();
    assert_eq!(metrics.get(id).of(&stats), Some(0.25));
    assert_eq!(metrics.on_objects("loss_max"), Some((id, Aggregate::Max)));
    assert_eq!(metrics.keys(), ["incoming_loss_fraction"]);
}

#[test]
fn no_two_metrics_share_a_name() {
    for name in [
        "stress_level",
        "participants_mean",
        "free_capacity",
        "committed_stress",
        "committed_stress_total",
    ] {
        let extra = ExtraMetric {
            name: name.to_owned(),
            key: "key".to_owned(),
        };
        assert_eq!(Metrics::new(&[extra]).unwrap_err(), name);
    }
}

#[test]
fn a_name_that_cannot_stand_in_a_path_is_refused() {
    for text in [
        "", "name", "name=", "=key", "a/b=key", "Name=key", "a b=key",
    ] {
        assert!(text.parse::<ExtraMetric>().is_err(), "{text}");
    }
}

#[test]
fn committed_stress_is_of_pools_and_their_pods_alone() {
    let metrics = Metrics::new(&[]).unwrap();
    for resource in Resource::ALL {
        let names = metrics.names_of(resource);
        let has = |name| names.contains(&name);
        let pool = resource == Resource::BridgePools;
        assert_eq!(has("committed_stress_total"), pool, "{resource:?}");
        let pods = resource == Resource::Pods;
        assert_eq!(has("committed_stress"), pods, "{resource:?}");
    }
}
