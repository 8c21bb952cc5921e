//! What holds whatever is asked and answered, in any order.

use proptest::prelude::*;

use super::{Edge, START_MS, body, header};

const CALLERS: [&str; 3] = ["", " | as: anna", " | as: ben"];
const ACCEPTS: [&str; 3] = ["", " | accept: a", " | accept: b"];
const PATHS: [&str; 3] = ["/a", "/a?x=1", "/b"];
const LIFETIMES: [u64; 3] = [1, 5, 60];
const ANY: usize = 9;

/// One request and what the origin would answer.
#[derive(Debug, Clone, Copy)]
struct Step {
    wait_s: u64,
    caller: usize,
    accept: usize,
    path: usize,
    lifetime: usize,
    varies: bool,
    changes: bool,
}

prop_compose! {
    fn step()(
        wait_s in 0u64..4,
        caller in 0..3usize,
        accept in 0..3usize,
        path in 0..3usize,
        lifetime in 0..3usize,
        varies: bool,
        changes in prop::bool::weighted(0.1),
    ) -> Step {
        Step { wait_s, caller, accept, path, lifetime, varies, changes }
    }
}

proptest! {
    /// Every body says for whom, for what and when it was made; a hit must be one that this request could have been given.
    #[test]
    fn a_hit_was_made_for_this_request_and_is_fresh(steps in prop::collection::vec(step(), 1..60)) {
        let edge = Edge::with("{}");
        let mut now_s = 0;
        let mut changed = [None; 3];
        for (index, step) in steps.iter().enumerate() {
            now_s += step.wait_s;
            edge.outside.clock.0.set(START_MS + now_s * 1_000);
            let (caller, accept, path, lifetime_s) = (CALLERS[step.caller], ACCEPTS[step.accept], PATHS[step.path], LIFETIMES[step.lifetime]);
            if step.changes {
                edge.send(&format!("PUT {path}{caller}"), "204").unwrap();
                changed[step.path] = Some((index, step.caller));
                continue;
            }
            let (variant, vary) = if step.varies { (step.accept, " | vary: accept") } else { (ANY, "") };
            let made = format!("{},{},{variant},{index},{now_s},{lifetime_s}", step.caller, step.path);
            let got = edge.send(&format!("GET {path}{accept}{caller}"), &format!("200 {made} | cache-control: max-age={lifetime_s}{vary}")).unwrap();
            if got.cache != Some("hit") {
                prop_assert_eq!(body(&got), made);
                continue;
            }
            let numbers: Vec<u64> = body(&got).split(',').map(|number| number.parse().unwrap()).collect();
            let [caller, path, variant, made_at, made_s, lifetime_s] = numbers.try_into().unwrap();
            prop_assert_eq!((caller as usize, path as usize), (step.caller, step.path), "made for another caller or URI");
            prop_assert!(variant as usize == ANY || variant as usize == step.accept, "made for another variant");
            prop_assert!(now_s - made_s < lifetime_s, "stale");
            prop_assert_eq!(header(&got, "age"), (now_s - made_s).to_string());
            // What a caller changed is not read back from before, neither by that caller nor by those who share with everybody.
            if let Some((at, by)) = changed[step.path] {
                prop_assert!(made_at as usize > at || (step.caller != by && step.caller != 0), "from before the change");
            }
        }
    }
}
