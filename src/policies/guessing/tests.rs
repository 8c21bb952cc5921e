use std::rc::Rc;

use futures::executor::block_on;

use super::*;
use crate::memory::{Fault, Scene};
use crate::policies::Mode;
use crate::policies::guard::Guarded;
use crate::policies::prelude::*;

/// A proof by the header fields `who` and `proof`; right where both say the same.
struct Same(Cost);

#[async_trait(?Send)]
impl Policy for Same {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let unproven = || GatewayError::Unauthenticated { challenges: Vec::new(), log: String::new() };
        let (Some(who), Some(proof)) = (request.header("who"), request.header("proof")) else { return Err(unproven()) };
        attempt(cx, "a.same", "same", Some(who), self.0).await?;
        match proof {
            "late" => {
                cx.attempts.excuse();
                Err(unproven())
            }
            "unclear" => Err(GatewayError::bad_request("unclear")),
            proof if proof == who => Ok(Flow::Next),
            _ => Err(unproven()),
        }
    }
}

struct World {
    scene: Scene,
    guarded: Guarded,
}

impl World {
    fn of(cost: Cost, mode: Mode) -> Self {
        let guarded = Guarded {
            id: "a.same".into(),
            kind: "same",
            mode,
            on_error: OnError::Deny,
            when: None,
            guessing: Some(Guessing::new("3/min".parse().unwrap(), &SharedTallies::default())),
            policy: Ok(Rc::new(Same(cost))),
        };
        Self { scene: Scene::of("GET", "https://api.example/", &[]), guarded }
    }

    /// The same objects, seen by an isolate that remembers nothing.
    fn elsewhere(&self) -> Guarded {
        let guessing = Some(Guessing::new("3/min".parse().unwrap(), &SharedTallies::default()));
        Guarded { guessing, ..self.guarded.clone() }
    }

    fn try_at(&self, guarded: &Guarded, address: &str, who: &str, proof: &str) -> u16 {
        let mut cx = self.scene.exchange();
        cx.client.address = Some(address.parse().unwrap());
        let mut request = self.scene.request();
        for (name, value) in [("who", who), ("proof", proof)] {
            if !value.is_empty() {
                request.headers.insert(name, value.parse().unwrap());
            }
        }
        match block_on(guarded.on_request(&mut cx, &mut request)) {
            Ok(_) => 200,
            Err(error) => error.verdict().status.as_u16(),
        }
    }

    fn try_from(&self, address: &str, who: &str, proof: &str) -> u16 {
        self.try_at(&self.guarded, address, who, proof)
    }
}

#[test]
fn an_address_is_held_whatever_the_account_and_an_account_from_every_address() {
    let world = World::of(Cost::Little, Mode::Enforce);
    for who in ["ann", "bob", "eve"] {
        assert_eq!(world.try_from("192.0.2.1", who, "wrong"), 401);
    }
    assert_eq!(world.try_from("192.0.2.1", "dan", "dan"), 429, "the address, although this proof is right");
    assert_eq!(world.try_from("192.0.2.2", "ann", "ann"), 200, "the account has failed once only");
    for address in ["192.0.2.3", "192.0.2.4", "192.0.2.5"] {
        assert_eq!(world.try_from(address, "carl", "wrong"), 401);
    }
    assert_eq!(world.try_from("192.0.2.6", "carl", "carl"), 429, "the account, from a new address");
    world.scene.outside.clock.advance(60_000);
    assert_eq!(world.try_from("192.0.2.6", "carl", "carl"), 200, "the hold has ended");
}

#[test]
fn an_ipv6_address_counts_by_its_network() {
    let world = World::of(Cost::Little, Mode::Enforce);
    for (address, who) in [("2001:db8::1", "a"), ("2001:db8::2", "b"), ("2001:db8:0:0:ffff::3", "c")] {
        assert_eq!(world.try_from(address, who, "wrong"), 401);
    }
    assert_eq!(world.try_from("2001:db8::9", "d", "d"), 429);
    assert_eq!(world.try_from("2001:db8:0:1::1", "d", "d"), 200);
}

#[test]
fn both_refusals_read_the_same() {
    let refusal = |world: &World, address: &str, who: &str| {
        let mut cx = world.scene.exchange();
        cx.client.address = Some(address.parse().unwrap());
        let mut request = world.scene.request();
        request.headers.insert("who", who.parse().unwrap());
        request.headers.insert("proof", "wrong".parse().unwrap());
        let verdict = block_on(world.guarded.on_request(&mut cx, &mut request)).unwrap_err().verdict();
        (verdict.status, verdict.code, verdict.title, verdict.detail, verdict.headers)
    };
    let world = World::of(Cost::Little, Mode::Enforce);
    for number in 0..3 {
        world.try_from("192.0.2.1", &format!("user-{number}"), "wrong");
        world.try_from(&format!("198.51.100.{number}"), "ann", "wrong");
    }
    let (by_address, by_account) = (refusal(&world, "192.0.2.1", "new"), refusal(&world, "203.0.113.1", "ann"));
    assert_eq!(by_address, by_account);
    assert_eq!(by_address.4, [(http::header::RETRY_AFTER, HeaderValue::from_static("60"))]);
}

#[test]
fn what_is_no_failed_proof_is_not_counted() {
    let world = World::of(Cost::Little, Mode::Enforce);
    for _ in 0..10 {
        assert_eq!(world.try_from("192.0.2.1", "", ""), 401, "no credential at all");
        assert_eq!(world.try_from("192.0.2.1", "ann", "late"), 401, "a right one, too late");
        assert_eq!(world.try_from("192.0.2.1", "ann", "unclear"), 400, "not 401");
        assert_eq!(world.try_from("192.0.2.1", "ann", "ann"), 200, "a right one");
    }
    assert_eq!(world.scene.outside.guesses.calls.get(), 0);
    let watched = World::of(Cost::Little, Mode::Report);
    for _ in 0..10 {
        assert_eq!(watched.try_from("192.0.2.1", "ann", "wrong"), 200, "in report mode");
    }
    assert_eq!(watched.scene.outside.guesses.calls.get(), 0);
}

#[test]
fn a_hold_is_remembered_here_and_known_elsewhere() {
    for (cost, elsewhere) in [(Cost::Much, 429), (Cost::Little, 401)] {
        let world = World::of(cost, Mode::Enforce);
        for _ in 0..3 {
            world.try_from("192.0.2.1", "ann", "wrong");
        }
        let calls = world.scene.outside.guesses.calls.get();
        assert_eq!(world.try_from("192.0.2.1", "ann", "wrong"), 429);
        assert_eq!(world.scene.outside.guesses.calls.get(), calls, "a held caller costs no hop");
        let other = world.elsewhere();
        assert_eq!(world.try_at(&other, "192.0.2.1", "ann", "wrong"), elsewhere, "{cost:?}");
        assert_eq!(world.try_at(&other, "192.0.2.1", "ann", "wrong"), 429, "{cost:?}: it has learnt of the hold");
    }
}

#[test]
fn who_is_held_for_an_account_uses_up_the_address() {
    let world = World::of(Cost::Little, Mode::Enforce);
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        world.try_from(address, "ann", "wrong");
    }
    for _ in 0..3 {
        assert_eq!(world.try_from("192.0.2.9", "ann", "ann"), 429);
    }
    assert_eq!(world.try_from("192.0.2.9", "bob", "bob"), 429, "the address itself is held now");
    assert_eq!(world.try_from("192.0.2.8", "bob", "bob"), 200);
}

#[test]
fn failures_of_several_isolates_are_counted_together() {
    let world = World::of(Cost::Little, Mode::Enforce);
    for _ in 0..3 {
        assert_eq!(world.try_at(&world.elsewhere(), "192.0.2.1", "ann", "wrong"), 401);
    }
    let last = world.elsewhere();
    assert_eq!(world.try_at(&last, "192.0.2.1", "ann", "wrong"), 401);
    assert_eq!(world.try_at(&last, "192.0.2.1", "ann", "ann"), 429);
}

#[test]
fn an_object_that_is_down_refuses_what_is_dear_and_the_isolate_counts_alone() {
    for (cost, first) in [(Cost::Much, 503), (Cost::Little, 401)] {
        for fault in [Fault::Before, Fault::After] {
            let world = World::of(cost, Mode::Enforce);
            world.scene.outside.guesses.fault.set(fault);
            for _ in 0..3 {
                assert_eq!(world.try_from("192.0.2.1", "ann", "wrong"), first, "{cost:?}");
            }
            let expect = if cost == Cost::Little { 429 } else { 503 };
            assert_eq!(world.try_from("192.0.2.1", "ann", "ann"), expect, "{cost:?}");
        }
    }
}

#[test]
fn no_account_and_no_address_stand_in_the_names_of_objects() {
    let world = World::of(Cost::Little, Mode::Enforce);
    world.try_from("192.0.2.1", "ann", "wrong");
    let subjects = world.scene.outside.guesses.subjects();
    assert_eq!(subjects.len(), 2);
    assert!(subjects.iter().all(|name| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())), "{subjects:?}");
}
