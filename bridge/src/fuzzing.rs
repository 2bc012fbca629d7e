//! What must hold of every body, whatever is in it: shared by the fuzz targets and the tests.

pub mod replies;

use crate::source::Source;
use crate::stats::{Nonsense, Stats};

/// Reads a body in a form, and what is left of it when it is cut in its middle.
///
/// # Panics
/// When the reader panics, gives a number that is negative or not finite, or reads other numbers out of the shortened body.
pub fn check(source: Source, body: &[u8]) {
    let extra = [
        "thread_count".to_owned(),
        "jitsi_jvb_stress".to_owned(),
        "conferences_by_size".to_owned(),
    ];
    let whole = source.read(body, &extra);
    let cut = source.read(&body[..body.len() / 2], &extra);
    match (whole, cut) {
        (Ok(whole), Ok(cut)) => {
            assert_sane(&whole);
            assert!(
                agrees(&cut, &whole),
                "{source}: cut in its middle it reads {cut:?} instead of {whole:?}"
            );
        }
        (Ok(stats), Err(_)) | (Err(_), Ok(stats)) => assert_sane(&stats),
        (Err(_), Err(_)) => {}
    }
}

/// Checks that every number that was read can be true.
///
/// # Panics
/// When one cannot.
pub fn assert_sane(stats: &Stats) {
    let Stats {
        stress,
        incoming_bit_rate,
        outgoing_bit_rate,
        incoming_packet_rate,
        outgoing_packet_rate,
        ..
    } = stats;
    let rates = [
        stress,
        incoming_bit_rate,
        outgoing_bit_rate,
        incoming_packet_rate,
        outgoing_packet_rate,
    ];
    let extra = stats.extra.iter().map(|(_, value)| *value);
    for number in rates.into_iter().flatten().copied().chain(extra) {
        assert!(
            number.is_finite() && number.is_sign_positive(),
            "{number} cannot be true: {stats:?}"
        );
    }
    if let Some(startup_time) = stats.startup_time {
        assert!(
            startup_time.0.as_millis() >= 0,
            "{startup_time:?} lies before 1970"
        );
    }
    for Nonsense { key, .. } in &stats.nonsense {
        assert!(!key.is_empty(), "nonsense without a key: {stats:?}");
    }
}

/// Whether everything that `part` tells is what `whole` tells.
pub fn agrees(part: &Stats, whole: &Stats) -> bool {
    fn same<T: PartialEq>(part: Option<&T>, whole: Option<&T>) -> bool {
        part.is_none() || part == whole
    }
    // A field that is added to the statistics must be compared here too.
    let Stats {
        stress,
        local_endpoints,
        relayed_endpoints,
        all_endpoints,
        conferences,
        largest_conference,
        incoming_bit_rate,
        outgoing_bit_rate,
        incoming_packet_rate,
        outgoing_packet_rate,
        flags,
        healthy,
        mucs_joined,
        startup_time,
        version,
        region,
        relay_id,
        extra,
        nonsense,
    } = part;
    same(stress.as_ref(), whole.stress.as_ref())
        && same(local_endpoints.as_ref(), whole.local_endpoints.as_ref())
        && same(relayed_endpoints.as_ref(), whole.relayed_endpoints.as_ref())
        && same(all_endpoints.as_ref(), whole.all_endpoints.as_ref())
        && same(conferences.as_ref(), whole.conferences.as_ref())
        && same(
            largest_conference.as_ref(),
            whole.largest_conference.as_ref(),
        )
        && same(incoming_bit_rate.as_ref(), whole.incoming_bit_rate.as_ref())
        && same(outgoing_bit_rate.as_ref(), whole.outgoing_bit_rate.as_ref())
        && same(
            incoming_packet_rate.as_ref(),
            whole.incoming_packet_rate.as_ref(),
        )
        && same(
            outgoing_packet_rate.as_ref(),
            whole.outgoing_packet_rate.as_ref(),
        )
        && *flags == whole.flags
        && same(healthy.as_ref(), whole.healthy.as_ref())
        && same(mucs_joined.as_ref(), whole.mucs_joined.as_ref())
        && same(startup_time.as_ref(), whole.startup_time.as_ref())
        && same(version.as_ref(), whole.version.as_ref())
        && same(region.as_ref(), whole.region.as_ref())
        && same(relay_id.as_ref(), whole.relay_id.as_ref())
        && extra.iter().all(|told| whole.extra.contains(told))
        && nonsense.iter().all(|told| whole.nonsense.contains(told))
}
