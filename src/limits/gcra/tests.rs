use super::*;
use proptest::prelude::*;

const START_MS: u64 = 1_800_000_000_000;

fn window(quota: u64, window_ms: u64, burst: u64) -> Window {
    Window { quota, window_ms, burst }
}

fn one(window: Window) -> TakeRequest {
    TakeRequest { windows: vec![window], cost: 1, ..TakeRequest::default() }
}

/// Takes at each offset from [`START_MS`] and compares the verdicts, `+` allowed and `-` refused.
fn check(request: &TakeRequest, offsets_ms: &[u64], expect: &str) {
    let mut bucket = Bucket::default();
    let got: String = offsets_ms.iter().map(|ms| if bucket.step(START_MS + ms, request).allowed() { '+' } else { '-' }).collect();
    assert_eq!(got, expect, "{request:?} at {offsets_ms:?}");
}

#[test]
fn verdicts() {
    check(&one(window(1, 1_000, 1)), &[0, 0, 999, 1_000, 1_999, 2_000], "+--+-+");
    check(&one(window(2, 1_000, 2)), &[0, 0, 0, 499, 500, 501, 1_000], "++--+-+");
    // A third of a second is not whole milliseconds, and yet nothing is lost over a whole second.
    check(&one(window(3, 1_000, 3)), &[0, 0, 0, 333, 334, 666, 667, 999, 1_000], "+++-+-+-+");
    // A burst over the quota is spent once and restored at the rate.
    check(&one(window(1, 1_000, 3)), &[0, 0, 0, 0, 1_000, 1_000, 2_999, 3_000], "+++-+-++");
    let both = TakeRequest { windows: vec![window(2, 1_000, 2), window(3, 60_000, 3)], cost: 1, ..TakeRequest::default() };
    check(&both, &[0, 0, 0, 1_000, 1_000, 19_999, 20_000], "++-+--+");
    check(&TakeRequest { cost: 2, ..one(window(5, 1_000, 5)) }, &[0, 0, 0, 199, 200], "++--+");
    check(&TakeRequest { cost: 6, ..one(window(5, 1_000, 5)) }, &[0, 10_000], "--");
    // Hammering keeps a counting limit shut, but only as long as it goes on.
    check(&TakeRequest { count_rejected: true, ..one(window(1, 1_000, 1)) }, &[0, 900, 1_800, 2_700, 3_700], "+---+");
}

#[test]
fn a_reply_tells_what_is_left_and_when() {
    let mut bucket = Bucket::default();
    let request = one(window(3, 1_000, 3));
    let replies: Vec<_> = (0..4).map(|_| bucket.step(START_MS, &request).windows.remove(0)).collect();
    let told: Vec<_> = replies.iter().map(|r| (r.allowed, r.remaining, r.reset_ms, r.retry_after_ms)).collect();
    assert_eq!(told, [(true, 2, 334, 0), (true, 1, 667, 0), (true, 0, 1_000, 334), (false, 0, 1_000, 334)]);
}

#[test]
fn a_clock_that_goes_backwards_shuts_for_no_longer_than_the_window() {
    let mut bucket = Bucket::default();
    let request = one(window(10, 1_000, 10));
    bucket.step(START_MS, &request);
    let reply = bucket.step(START_MS - 86_400_000, &request);
    assert_eq!(reply.windows.iter().map(|w| (w.allowed, w.reset_ms)).collect::<Vec<_>>(), [(false, 1_000)]);
    assert!(bucket.step(START_MS - 86_400_000 + 100, &request).allowed());
}

#[test]
fn a_changed_limit_begins_afresh_and_the_old_one_is_dropped_when_whole() {
    let mut bucket = Bucket::default();
    for _ in 0..5 {
        bucket.step(START_MS, &one(window(5, 60_000, 5)));
    }
    assert!(bucket.step(START_MS, &one(window(6, 60_000, 6))).allowed());
    assert!(!bucket.step(START_MS, &one(window(5, 60_000, 5))).allowed());
    bucket.step(START_MS + 60_000, &one(window(6, 60_000, 6)));
    assert_eq!(serde_json::to_value(&bucket).unwrap().as_array().map(Vec::len), Some(1));
}

#[test]
fn extreme_numbers_do_not_overflow() {
    let mut bucket = Bucket::default();
    let most = window(u64::MAX, u64::MAX, u64::MAX);
    let request = TakeRequest {
        windows: vec![most, window(0, 0, 0)],
        cost: u64::MAX,
        count_rejected: true,
        ahead: u64::MAX,
        back: vec![Unspent(u64::MAX, 0)],
    };
    for now_ms in [0, START_MS, u64::MAX] {
        assert!(bucket.step(now_ms, &request).windows.iter().all(|w| w.retry_after_ms <= w.reset_ms));
    }
    assert!(bucket.whole_at_ms() > 0);
}

#[test]
fn ahead_is_a_share_of_what_remains_and_only_with_a_request_that_passes() {
    for (quota, burst, ahead, expect) in [(100, 100, 50, (true, 6, 93)), (100, 100, 5, (true, 5, 94)), (100, 16, 50, (true, 0, 15))] {
        let reply = Bucket::default().step(START_MS, &TakeRequest { ahead, ..one(window(quota, 1_000, burst)) });
        let got = (reply.allowed(), reply.granted, reply.windows[0].remaining);
        assert_eq!(got, expect, "{ahead} ahead of {burst}");
        assert_eq!(reply.taken_ms, if expect.1 > 0 { START_MS } else { 0 });
    }
    let both = TakeRequest { windows: vec![window(100, 1_000, 100), window(40, 60_000, 40)], ahead: 50, ..one(window(1, 1, 1)) };
    assert_eq!(Bucket::default().step(START_MS, &both).granted, 2, "the window with the least room decides");
    let mut counting = Bucket::default();
    let greedy = TakeRequest { ahead: 50, count_rejected: true, ..one(window(1, 1_000, 1)) };
    assert_eq!([0, 0].map(|_| counting.step(START_MS, &greedy).granted), [0, 0]);
}

#[test]
fn units_come_back_at_what_time_has_not_restored() {
    let hour = one(window(3_600, 3_600_000, 3_600));
    for (later_ms, units, expect) in [(0, 100, 3_598), (1_000, 100, 3_598), (50_000, 100, 3_598), (100_000, 100, 3_598), (0, 0, 3_498)] {
        let mut bucket = Bucket::default();
        let taken = bucket.step(START_MS, &TakeRequest { ahead: 100, ..hour.clone() });
        assert_eq!(taken.granted, 100);
        let back = vec![Unspent(units, taken.taken_ms)];
        let reply = bucket.step(START_MS + later_ms, &TakeRequest { back: back.clone(), ..hour.clone() });
        assert_eq!(reply.windows[0].remaining, expect, "{units} back after {later_ms} ms");
        let early = bucket.step(START_MS - 1, &TakeRequest { back, ..hour.clone() });
        assert!(early.windows[0].remaining < expect, "nothing comes back to a clock that went backwards");
    }
}

#[test]
fn a_bucket_that_is_whole_by_what_came_back_is_forgotten() {
    let mut bucket = Bucket::default();
    let limit = one(window(1_000, 3_600_000, 1_000));
    let taken = bucket.step(START_MS, &TakeRequest { ahead: 9, ..limit.clone() });
    let back = vec![Unspent(taken.granted + 1, START_MS)];
    bucket.step(START_MS, &TakeRequest { cost: 0, back, ..limit });
    assert_eq!(bucket, Bucket::default());
}

#[test]
fn the_wire_is_short_and_reads_the_same_on_both_sides() {
    let plain = one(window(5, 1_000, 4));
    let full = TakeRequest { count_rejected: true, ahead: 3, back: vec![Unspent(2, 9)], ..plain.clone() };
    for (request, expect) in [(plain, r#"{"w":[[5,1000,4]],"c":1}"#), (full, r#"{"w":[[5,1000,4]],"c":1,"r":true,"a":3,"b":[[2,9]]}"#)] {
        assert_eq!(serde_json::to_string(&request).unwrap(), expect);
        assert_eq!(serde_json::from_str::<TakeRequest>(expect).unwrap(), request);
    }
    let windows = vec![WindowReply { allowed: true, remaining: 3, reset_ms: 200, retry_after_ms: 0 }];
    let plain = TakeReply { windows, ..TakeReply::default() };
    let leased = TakeReply { granted: 2, taken_ms: 9, ..plain.clone() };
    for (reply, expect) in [(plain, r#"{"w":[[true,3,200,0]]}"#), (leased, r#"{"w":[[true,3,200,0]],"g":2,"t":9}"#)] {
        assert_eq!(serde_json::to_string(&reply).unwrap(), expect);
        assert_eq!(serde_json::from_str::<TakeReply>(expect).unwrap(), reply);
    }
}

prop_compose! {
    fn windows()(list in prop::collection::vec((1u64..200, 1u64..100_000, 1u64..200), 1..4)) -> Vec<Window> {
        list.into_iter().map(|(quota, window_ms, burst)| window(quota, window_ms, burst)).collect()
    }
}

proptest! {
    #[test]
    fn no_stretch_of_time_lets_more_through_than_its_bound(
        windows in windows(), cost in 1u64..4, count_rejected: bool, gaps in prop::collection::vec(0u64..3_000, 1..120),
    ) {
        let request = TakeRequest { windows: windows.clone(), cost, count_rejected, ..TakeRequest::default() };
        let mut bucket = Bucket::default();
        let mut now_ms = START_MS;
        let mut passed = Vec::new();
        for gap in gaps {
            now_ms += gap;
            if bucket.step(now_ms, &request).allowed() {
                passed.push(now_ms);
            }
        }
        for (first, from) in passed.iter().enumerate() {
            for (last, to) in passed.iter().enumerate().skip(first) {
                let units = (last - first + 1) as u64 * cost;
                for w in &windows {
                    prop_assert!(units <= w.burst + (to - from) * w.quota / w.window_ms, "{} units in {} ms of {:?}", units, to - from, w);
                }
            }
        }
    }

    #[test]
    fn exactly_the_burst_passes_at_one_instant(w in windows(), now_ms in 0u64..1 << 45) {
        let request = TakeRequest { windows: w.clone(), cost: 1, ..TakeRequest::default() };
        let mut bucket = Bucket::default();
        let passed = (0..250).filter(|_| bucket.step(now_ms, &request).allowed()).count() as u64;
        prop_assert_eq!(Some(passed), w.iter().map(|w| w.burst).min());
    }

    #[test]
    fn retry_after_is_the_first_millisecond_that_passes(w in windows(), cost in 1u64..4, taken in 0usize..250) {
        let request = TakeRequest { windows: w, cost, ..TakeRequest::default() };
        prop_assume!(request.windows.iter().all(|w| w.burst >= cost));
        let mut bucket = Bucket::default();
        for _ in 0..taken {
            bucket.step(START_MS, &request);
        }
        let reply = bucket.step(START_MS, &request);
        let wait = reply.windows.iter().map(|w| w.retry_after_ms).max().unwrap_or(0);
        prop_assert!(bucket.clone().step(START_MS + wait, &request).allowed());
        if wait > 0 {
            prop_assert!(!bucket.clone().step(START_MS + wait - 1, &request).allowed());
        }
        if !reply.allowed() {
            prop_assert_eq!(wait, reply.refused_for_ms());
        }
    }

    #[test]
    fn a_refusal_charges_nothing(w in windows(), taken in 1usize..250, later in 0u64..5_000) {
        let request = TakeRequest { windows: w, cost: 1, ..TakeRequest::default() };
        let mut bucket = Bucket::default();
        for _ in 0..taken {
            bucket.step(START_MS, &request);
        }
        let mut hammered = bucket.clone();
        while hammered.clone().step(START_MS, &request).allowed() {
            hammered.step(START_MS, &request);
            bucket.step(START_MS, &request);
        }
        for _ in 0..20 {
            hammered.step(START_MS, &request);
        }
        prop_assert_eq!(hammered.step(START_MS + later, &request), bucket.step(START_MS + later, &request));
    }

    #[test]
    fn what_remains_only_grows_while_nothing_is_taken(w in windows(), taken in 1usize..250, waits in prop::collection::vec(0u64..5_000, 1..20)) {
        let peek = TakeRequest { windows: w.clone(), cost: 0, ..TakeRequest::default() };
        let mut bucket = Bucket::default();
        for _ in 0..taken {
            bucket.step(START_MS, &TakeRequest { cost: 1, ..peek.clone() });
        }
        let mut now_ms = START_MS;
        let mut before = bucket.step(now_ms, &peek);
        for wait in waits {
            now_ms += wait;
            let after = bucket.step(now_ms, &peek);
            for (a, b) in after.windows.iter().zip(&before.windows) {
                prop_assert!(a.remaining >= b.remaining && a.reset_ms <= b.reset_ms);
            }
            before = after;
        }
        let whole_at_ms = bucket.whole_at_ms().max(now_ms);
        let whole = bucket.step(whole_at_ms, &peek);
        prop_assert!(whole.windows.iter().zip(&w).all(|(reply, w)| reply.remaining == w.burst && reply.reset_ms == 0));
    }

    #[test]
    fn state_survives_being_written(w in windows(), gaps in prop::collection::vec(0u64..3_000, 0..40)) {
        let request = TakeRequest { windows: w, cost: 1, ..TakeRequest::default() };
        let mut bucket = Bucket::default();
        let mut now_ms = START_MS;
        for gap in gaps {
            now_ms += gap;
            bucket.step(now_ms, &request);
            let written = serde_json::to_string(&bucket).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Bucket>(&written).unwrap(), &bucket);
        }
    }

    #[test]
    fn what_comes_back_never_leaves_more_than_if_it_had_not_been_taken(
        w in windows(), steps in prop::collection::vec((0u64..3_000, 0u64..30, any::<bool>()), 1..120),
    ) {
        let plain = TakeRequest { windows: w, cost: 1, ..TakeRequest::default() };
        let (mut leasing, mut frugal) = (Bucket::default(), Bucket::default());
        let (mut now_ms, mut unspent) = (START_MS, Vec::new());
        for (gap, ahead, returns) in steps {
            now_ms += gap;
            let back = if returns { std::mem::take(&mut unspent) } else { Vec::new() };
            let reply = leasing.step(now_ms, &TakeRequest { ahead, back, ..plain.clone() });
            unspent.extend((reply.granted > 0).then_some(Unspent(reply.granted, now_ms)));
            if reply.allowed() {
                let other = frugal.step(now_ms, &plain);
                prop_assert!(other.allowed());
                prop_assert!(reply.windows.iter().zip(&other.windows).all(|(a, b)| a.remaining <= b.remaining && a.reset_ms >= b.reset_ms));
            }
        }
    }
}
