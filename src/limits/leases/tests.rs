use proptest::prelude::*;

use super::super::gcra::{Bucket, Window};
use super::*;

const START_MS: u64 = 1_800_000_000_000;
const SUBJECT: [u8; 32] = [7; 32];

fn limit(quota: u64, window_ms: u64, burst: u64) -> TakeRequest {
    TakeRequest { windows: vec![Window { quota, window_ms, burst }], cost: 1, ..TakeRequest::default() }
}

/// Some isolates before one object, with hops that take their time.
struct World {
    now_ms: u64,
    limit: TakeRequest,
    bucket: Bucket,
    isolates: Vec<Leases>,
    under_way: Vec<(usize, Ask)>,
    /// When each request passed, and how many live units all isolates held before it.
    passes: Vec<(u64, u64)>,
    hops: u64,
    charged: u64,
}

impl World {
    fn new(limit: TakeRequest, isolates: usize, most: u64) -> Self {
        let isolates = vec![Leases::new(10, most); isolates];
        let (bucket, under_way, passes) = Default::default();
        Self { now_ms: START_MS, limit, bucket, isolates, under_way, passes, hops: 0, charged: 0 }
    }

    fn held(&self) -> u64 {
        let lots = self.isolates.iter().flat_map(|leases| leases.by_subject.values()).flat_map(|holding| &holding.lots);
        lots.filter(|lot| is_live(lot.asked_ms, self.now_ms)).map(|lot| lot.units).sum()
    }

    /// One request comes to an isolate; it passes at once or its hop begins.
    fn come(&mut self, isolate: usize) {
        let held = self.held();
        if self.isolates[isolate].spend(&SUBJECT, self.now_ms).is_some() {
            self.passes.push((self.now_ms, held));
        } else {
            let ask = self.isolates[isolate].ask(&SUBJECT, self.now_ms);
            self.under_way.push((isolate, ask));
        }
    }

    /// All hops that are under way arrive; whether all of them passed.
    fn arrive(&mut self) -> bool {
        let mut all = true;
        for (isolate, ask) in mem::take(&mut self.under_way) {
            self.hops += 1;
            let held = self.held();
            let take = TakeRequest { ahead: ask.ahead, back: ask.back.clone(), ..self.limit.clone() };
            let reply = self.bucket.step(self.now_ms, &take);
            let leases = &mut self.isolates[isolate];
            if reply.allowed() {
                self.charged += 1 + reply.granted;
                leases.granted(&SUBJECT, self.now_ms, &ask, reply);
                self.passes.push((self.now_ms, held));
            } else {
                leases.refused(&SUBJECT);
                let spent = leases.spend(&SUBJECT, self.now_ms).is_some();
                all &= spent;
                if spent {
                    self.passes.push((self.now_ms, held));
                }
            }
        }
        all
    }
}

#[test]
fn small_limits_and_unusual_ones_are_never_leased() {
    for (limit, expect) in [
        (limit(1_999, 1_000, 1_999), 0),
        (limit(2_000, 1_000, 2_000), 2),
        (limit(64_000, 1_000, 64_000), 64),
        (limit(u64::MAX, 1_000, 1), 64),
        (TakeRequest { count_rejected: true, ..limit(64_000, 1_000, 64_000) }, 0),
        (TakeRequest { cost: 2, ..limit(64_000, 1_000, 64_000) }, 0),
        (TakeRequest { windows: [limit(64_000, 1, 1).windows, limit(100, 1, 1).windows].concat(), ..limit(1, 1, 1) }, 0),
        (TakeRequest::default(), 0),
    ] {
        assert_eq!(most(&limit), expect, "{limit:?}");
    }
}

/// How many hops so many requests make that come `gap_ms` apart, and what they cost beyond themselves.
fn check(gap_ms: u64, requests: usize, limit: TakeRequest, expect: (u64, u64)) {
    let most = most(&limit);
    let mut world = World::new(limit, 1, most);
    for _ in 0..requests {
        world.come(0);
        assert!(world.arrive());
        world.now_ms += gap_ms;
    }
    assert_eq!((world.hops, world.charged - requests as u64), expect, "{requests} requests {gap_ms} ms apart");
}

#[test]
fn the_busier_a_subject_the_fewer_its_hops() {
    let wide = || limit(1_000_000, 60_000, 1_000_000);
    check(0, 10_000, wide(), (211, 49));
    check(1, 10_000, wide(), (211, 49));
    check(25, 1_000, wide(), (50, 12));
    check(50, 1_000, wide(), (84, 13));
    check(80, 1_000, wide(), (130, 2));
    check(999, 100, wide(), (100, 0));
    check(1, 1_000, limit(2_000, 3_600_000, 2_000), (336, 0));
    check(1, 1_000, limit(1_999, 3_600_000, 1_999), (1_000, 0));
}

#[test]
fn one_request_asks_at_a_time_and_the_others_spend_or_go_alone() {
    let mut world = World::new(limit(64_000, 3_600_000, 64_000), 1, 64);
    for _ in 0..4 {
        world.come(0);
        world.arrive();
    }
    for _ in 0..3 {
        world.come(0);
    }
    assert_eq!(world.under_way.iter().map(|(_, ask)| ask.ahead).collect::<Vec<_>>(), [2, 0, 0]);
    world.arrive();
    assert_eq!(world.held(), 2);
    world.now_ms += LIVE_MS;
    let ask = world.isolates[0].ask(&SUBJECT, world.now_ms);
    assert_eq!(ask, Ask { asked_ms: START_MS + LIVE_MS, ahead: 0, back: vec![Unspent(2, START_MS)] });
    assert_eq!(world.isolates[0].ask(&SUBJECT, world.now_ms).back, [], "it is given back once");
}

#[test]
fn an_asking_that_never_ends_is_forgotten() {
    let mut world = World::new(limit(64_000, 3_600_000, 64_000), 1, 64);
    for _ in 0..40 {
        world.come(0);
        world.arrive();
        world.now_ms += 30;
    }
    world.isolates[0].by_subject.values_mut().for_each(|holding| holding.lots.clear());
    let aheads: Vec<u64> = [0, 500, 499, 1]
        .into_iter()
        .map(|gap_ms| {
            world.now_ms += gap_ms;
            world.come(0);
            let ahead = world.under_way[0].1.ahead;
            // The hop that asks gets no answer.
            world.under_way.retain(|(_, ask)| ask.ahead == 0);
            world.arrive();
            ahead
        })
        .collect();
    assert_eq!(aheads, [20, 0, 0, 14]);
}

#[test]
fn clients_are_told_of_leased_units_as_if_they_were_not_taken() {
    let mut world = World::new(limit(64_000, 3_600_000, 64_000), 1, 64);
    let mut before = 64_000;
    for _ in 0..500 {
        let reply = match world.isolates[0].spend(&SUBJECT, START_MS) {
            Some((reply, _)) => reply,
            None => {
                let ask = world.isolates[0].ask(&SUBJECT, START_MS);
                let reply = world.bucket.step(START_MS, &TakeRequest { ahead: ask.ahead, ..world.limit.clone() });
                world.isolates[0].granted(&SUBJECT, START_MS, &ask, reply)
            }
        };
        before -= 1;
        assert_eq!(reply.windows[0].remaining, before);
    }
}

#[test]
fn it_never_holds_more_subjects_than_its_capacity() {
    let mut leases = Leases::new(3, 64);
    for subject in 0..100u8 {
        let now_ms = START_MS + u64::from(subject) * if subject < 50 { 1 } else { LIVE_MS };
        leases.granted(&[subject; 32], now_ms, &Ask::default(), TakeReply::default());
        assert!(leases.by_subject.len() <= 3 && leases.by_subject.contains_key(&[subject; 32]));
    }
    let mut none = Leases::new(3, 0);
    none.granted(&SUBJECT, START_MS, &Ask::default(), TakeReply::default());
    assert!(none.by_subject.is_empty());
}

/// Most requests come in close runs; now and then there is a pause.
fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![8 => Just(0u64), 8 => 1u64..30, 1 => 900u64..5_000]
}

proptest! {
    #[test]
    fn no_stretch_of_time_lets_more_pass_than_its_bound_and_nobody_pays_much_more_than_passed(
        (quota, window_ms, burst, most) in (50u64..3_000, 100u64..100_000, 1u64..3_000, 2u64..64),
        isolates in 1usize..4,
        comings in prop::collection::vec((gap(), 0usize..4, any::<bool>()), 1..500),
    ) {
        let mut world = World::new(limit(quota, window_ms, burst), isolates, most);
        for (gap_ms, isolate, slow) in comings {
            if !slow || gap_ms >= 30 {
                world.arrive();
            }
            world.now_ms += gap_ms;
            world.come(isolate % isolates);
        }
        world.arrive();
        let passed = world.passes.len() as u64;
        prop_assert!(world.charged <= passed + passed / 2, "{} charged for {passed}", world.charged);
        for (first, (from, held)) in world.passes.iter().enumerate() {
            for (last, (to, _)) in world.passes.iter().enumerate().skip(first) {
                let units = (last - first + 1) as u64;
                let bound = burst + (to - from) * quota / window_ms + held;
                prop_assert!(units <= bound, "{units} in {} ms, at most {bound}", to - from);
            }
        }
    }

    #[test]
    fn at_one_instant_exactly_the_burst_passes_through_all_isolates(
        burst in 1u64..3_000, most in 2u64..64, isolates in 1usize..4, order in prop::collection::vec(0usize..4, 1..2_000),
    ) {
        let mut world = World::new(limit(1_000, 60_000, burst), isolates, most);
        for isolate in order {
            world.come(isolate % isolates);
            world.arrive();
        }
        for isolate in 0..isolates {
            loop {
                world.come(isolate);
                if !world.arrive() {
                    break;
                }
            }
        }
        prop_assert_eq!(world.passes.len() as u64, burst);
    }
}
