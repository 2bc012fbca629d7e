//! `watch`.

use bridgepool::changes::changes;
use bridgepool::show;
use bridgepool::view::View;
use serde_json::json;

use super::pools;
use super::stage::{Actor, pen, pool, seen};

#[test]
fn what_is_other_is_told_once() {
    let busy = View::new(&pools::busy());
    assert!(changes(Some(&busy), &busy).is_empty());
}

#[test]
fn a_life_is_told_line_by_line() {
    let spec = |replicas: u32| json!({ "spec": { "replicas": replicas } });
    let name = "jvb-lm3cc";
    let drained =
        || Actor::new(name).drained("ScaleDown", "2026-03-02T14:05:00Z", "2026-03-02T15:05:00Z");
    let moments = vec![
        seen(pool(&spec(1)), vec![Actor::new(name).pending()]),
        seen(pool(&spec(1)), vec![Actor::new(name).with(12, 0.2)]),
        seen(
            pool(&spec(1)),
            vec![
                Actor::new(name)
                    .with(12, 0.2)
                    .annotated("pinned", Some("true")),
            ],
        ),
        seen(pool(&spec(1)), vec![Actor::new(name).with(12, 0.2)]),
        seen(
            pool(&spec(0)),
            vec![drained().annotated("drain-acked", None).with(12, 0.2)],
        ),
        seen(pool(&spec(0)), vec![drained().with(12, 0.2)]),
        seen(
            pool(&spec(0)),
            vec![
                drained()
                    .with(0, 0.0)
                    .annotated("zero-since", Some("2026-03-02T14:05:00Z")),
            ],
        ),
        seen(
            pool(&spec(0)),
            vec![
                drained()
                    .with(0, 0.0)
                    .annotated("intent", Some("remove"))
                    .annotated("intent-reason", Some("Empty")),
            ],
        ),
        seen(
            pool(&spec(0)),
            vec![
                drained()
                    .with(0, 0.0)
                    .annotated("intent", Some("remove"))
                    .deleted(),
            ],
        ),
        seen(pool(&spec(0)), vec![]),
        pools::busy(),
    ];
    let mut before: Option<View> = None;
    let (mut text, mut json) = (String::new(), String::new());
    for seen in &moments {
        let view = View::new(seen);
        let news = changes(before.as_ref(), &view);
        text += &show::changes(&news, &pen());
        for change in news {
            json += &serde_json::to_string(&change).unwrap();
            json.push('\n');
        }
        before = Some(view);
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    insta::assert_snapshot!(text);
    insta::assert_snapshot!("a_life_as_json", json);
}
