//! The names that a cluster has, for a command line that is being typed.

use clap::Parser as _;

use super::Place;
use crate::args::CommandLine;
use crate::cluster::{Cluster, Which};

/// The names for a place. A cluster that does not answer has none.
pub(super) fn names(place: Place, typed: &[String]) -> Vec<String> {
    let Some((_, before)) = typed.split_last() else {
        return Vec::new();
    };
    // What was typed may not be a whole command yet: the flags that say which cluster are what counts.
    let flags = flags(before);
    let words = ["kubectl-bridgepool".to_owned()].into_iter().chain(flags);
    let status = ["status".to_owned()];
    let Ok(line) = CommandLine::try_parse_from(words.chain(status)) else {
        return Vec::new();
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Vec::new();
    };
    runtime.block_on(async {
        let Ok(cluster) = Cluster::of(&line.common).await else {
            return Vec::new();
        };
        match place {
            Place::Bridge => cluster.bridge_names().await.unwrap_or_default(),
            Place::Pool => {
                let which = Which::Of(cluster.namespace().to_owned());
                let pools = cluster.pools(&which).await.unwrap_or_default();
                pools.into_iter().map(|pool| pool.name).collect()
            }
        }
    })
}

/// The flags among these words that say which cluster, with their values.
fn flags(words: &[String]) -> Vec<String> {
    const VALUED: [&str; 4] = ["-n", "--namespace", "--context", "--kubeconfig"];
    let mut flags = vec!["--request-timeout=2s".to_owned()];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if VALUED.contains(&word.as_str()) {
            flags.push(word.clone());
            flags.extend(words.next().cloned());
        } else if VALUED.iter().any(|flag| {
            word.strip_prefix(flag)
                .is_some_and(|rest| rest.starts_with('=') || *flag == "-n")
        }) {
            flags.push(word.clone());
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_the_one_that_was_typed() {
        let typed = "drain -n jitsi --context=prod jvb-1 --dry-run".split(' ');
        let typed: Vec<String> = typed.map(str::to_owned).collect();
        let flags = flags(&typed);
        assert_eq!(
            flags,
            ["--request-timeout=2s", "-n", "jitsi", "--context=prod"]
        );
    }
}
