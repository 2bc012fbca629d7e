//! Which request carries out which decision.

use scaler_policy::world::Uid;
use scaler_policy::{Action, Call, Decision, Request};

/// For each decision the place of the request that carries it out, where there is one. Requests come in the order of the decisions;
/// what carries out none, as the write of a status, comes after them.
pub(crate) fn pairs(decisions: &[Decision], requests: &[Request]) -> Vec<Option<usize>> {
    let mut next = 0;
    let pair = |decision| {
        let request = requests.get(next)?;
        let place = carries_out(&request.call, decision).then_some(next)?;
        next += 1;
        Some(place)
    };
    decisions.iter().map(pair).collect()
}

fn carries_out(call: &Call, decision: &Decision) -> bool {
    let is_of = |uid: &Uid| decision.pod.as_ref().is_some_and(|pod| pod.uid == *uid);
    match (&decision.action, call) {
        (Action::Create(mark), Call::CreatePod { creation, .. }) => {
            mark.after.creation.as_ref() == Some(creation)
        }
        (Action::Mark(_) | Action::Own(_), Call::PatchPod { uid, .. })
        | (Action::Delete { .. }, Call::DeletePod { uid, .. })
        | (Action::Read, Call::ReadPod { uid, .. }) => is_of(uid),
        (Action::Tell(told), Call::Bridge { uid, command, .. }) => is_of(uid) && told == command,
        (Action::Move { room, .. }, Call::MoveRoom { uid, room: of, .. }) => {
            is_of(uid) && room == of
        }
        (Action::AskRooms, Call::AskRooms)
        | (Action::List, Call::ListPods)
        | (Action::Hold(_), Call::PatchPool { .. }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bridge::Time;
    use scaler_api::state::IntentReason;
    use scaler_api::{BridgePoolStatus, State};
    use scaler_policy::world::{Command, Marks};
    use scaler_policy::{Evidence, Mark, PodRef, Transition};
    use serde_json::Value;

    use super::*;

    const NOW: Time = Time::from_millis(0);

    fn decision(pod: &str, action: Action) -> Decision {
        Decision {
            transition: Transition::Inquire,
            pod: (!pod.is_empty()).then(|| PodRef {
                uid: Uid(pod.to_owned()),
                name: pod.to_owned(),
                revision: String::new(),
            }),
            from: State::Active,
            to: State::Active,
            why: IntentReason::ScaleUp,
            evidence: Evidence::default(),
            action,
        }
    }

    fn mark(creation: &str) -> Box<Mark> {
        let mut after = Marks::new("r", IntentReason::ScaleUp, NOW);
        after.creation = Some(creation.to_owned());
        Box::new(Mark {
            resource_version: String::new(),
            after,
        })
    }

    fn request(call: Call) -> Request {
        Request {
            call,
            at: NOW,
            not_after: NOW,
        }
    }

    fn create(creation: &str) -> Call {
        Call::CreatePod {
            creation: creation.to_owned(),
            generate_name: String::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            slot: None,
            owner: None,
        }
    }

    fn patch(uid: &str) -> Call {
        Call::PatchPod {
            name: String::new(),
            uid: Uid(uid.to_owned()),
            body: Value::Null,
            owner: None,
        }
    }

    fn tell(uid: &str, command: Command) -> Call {
        Call::Bridge {
            uid: Uid(uid.to_owned()),
            authority: String::new(),
            command,
        }
    }

    fn room(uid: &str, room: &str) -> Call {
        Call::MoveRoom {
            uid: Uid(uid.to_owned()),
            bridge: String::new(),
            room: room.to_owned(),
            endpoints: 1,
        }
    }

    fn status() -> Call {
        Call::PatchStatus {
            body: Value::Null,
            status: Box::new(BridgePoolStatus::default()),
        }
    }

    /// Each kind of decision with the request that carries it out.
    fn each() -> Vec<(Decision, Call)> {
        let (uid, name) = (Uid("a".to_owned()), String::new());
        let moves = Action::Move {
            room: "r".to_owned(),
            endpoints: 1,
        };
        let delete = Action::Delete {
            resource_version: String::new(),
            not_after: None,
        };
        vec![
            (decision("", Action::Create(mark("x"))), create("x")),
            (decision("a", Action::Mark(mark(""))), patch("a")),
            (decision("a", Action::Own(true)), patch("a")),
            (
                decision("a", delete),
                Call::DeletePod {
                    name: name.clone(),
                    uid: uid.clone(),
                    resource_version: None,
                },
            ),
            (
                decision("a", Action::Tell(Command::Drain)),
                tell("a", Command::Drain),
            ),
            (decision("a", moves), room("a", "r")),
            (decision("a", Action::AskRooms), Call::AskRooms),
            (decision("a", Action::Read), Call::ReadPod { name, uid }),
            (decision("", Action::List), Call::ListPods),
            (
                decision("", Action::Hold(true)),
                Call::PatchPool {
                    body: Value::Null,
                    finalizers: Vec::new(),
                },
            ),
        ]
    }

    #[test]
    fn each_kind_of_decision_is_carried_out_by_its_own_kind_of_request_and_by_no_other() {
        for (n, (decision, _)) in each().iter().enumerate() {
            for (m, (_, call)) in each().iter().enumerate() {
                // What a pod is marked as, and whose it is, are patches of it.
                let same = n == m || [n, m].iter().all(|one| [1, 2].contains(one));
                assert_eq!(carries_out(call, decision), same, "{decision:?} {call:?}");
            }
            assert!(!carries_out(&status(), decision), "{decision:?}");
        }
    }

    #[test]
    fn what_is_about_another_pod_creation_command_or_conference_carries_out_nothing() {
        for (action, call) in [
            (Action::Mark(mark("")), patch("b")),
            (Action::Tell(Command::Drain), tell("b", Command::Drain)),
            (Action::Tell(Command::Drain), tell("a", Command::Undrain)),
            (Action::Create(mark("x")), create("y")),
            (
                Action::Move {
                    room: "r".to_owned(),
                    endpoints: 1,
                },
                room("a", "s"),
            ),
        ] {
            let decision = decision("a", action);
            assert!(!carries_out(&call, &decision), "{decision:?} {call:?}");
        }
    }

    #[test]
    fn requests_are_paired_in_their_order_and_a_decision_that_came_to_none_has_none() {
        let (decisions, calls): (Vec<Decision>, Vec<Call>) = each().into_iter().unzip();
        let all = || calls.iter().cloned().chain([status()]).map(request);
        let requests: Vec<Request> = all().collect();
        let paired: Vec<Option<usize>> = (0..calls.len()).map(Some).collect();
        assert_eq!(pairs(&decisions, &requests), paired);
        // Whichever is left out, the others have their own.
        for left_out in 0..calls.len() {
            let mut requests: Vec<Request> = all().collect();
            requests.remove(left_out);
            let found = pairs(&decisions, &requests);
            for (n, (decision, found)) in decisions.iter().zip(&found).enumerate() {
                let Some(place) = found else {
                    continue;
                };
                assert!(carries_out(&requests[*place].call, decision), "{n}");
            }
            let places: Vec<usize> = found.into_iter().flatten().collect();
            let in_order: Vec<usize> = (0..calls.len() - 1).collect();
            assert_eq!(places, in_order, "without the request of {left_out}");
        }
        // Two of a kind about two pods.
        let two = ["a", "b"].map(|pod| decision(pod, Action::Mark(mark(""))));
        assert_eq!(pairs(&two, &[request(patch("b"))]), [None, Some(0)]);
    }
}
