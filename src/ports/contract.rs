//! What every implementation of a port does: one body per port, run on the ports in memory by `cargo test` and on the worker's
//! own inside workerd, in a build with the feature `contracts`.

use std::rc::Rc;

use super::{FetchError, LocalFuture, Ports};
use crate::auth::algorithm::Algorithm;
use crate::auth::keys::{Key, KeySet};
use crate::auth::pem;
use crate::auth::revocation::{Ask, Entry, Told, Version};
use crate::auth::session::{self, Access, Session};
use crate::auth::session_index;
use crate::auth::signing::SigningKey;
use crate::auth::token::Token;
use crate::http::{Body, HeaderMap, HeaderName, HeaderValue, Method, OriginRequest, Response, StatusCode};
use crate::limits::gcra::{TakeRequest, Unspent, Window};
use crate::limits::guesses::GuessRequest;

mod background;
mod consumers;

pub use consumers::consumer;

/// What a contract needs around the ports.
///
/// The environment has `CONTRACT_PLAIN` with the value `plain`. The origin `origin.contract` answers `/plain` with 203, the field
/// `x-a: 1` and the body `hello`, `/moved` with 302, `/slow` after 5 s, `/nothing` with 204, and everything else with 200 and
/// `read`. Nobody listens at `nobody.contract`. The only consumer is [`consumer`].
pub struct World {
    /// The ports that are held to their contracts.
    pub ports: Ports,
    /// Runs what goes on in the background, where nothing else does.
    pub settle: Rc<dyn Fn() -> LocalFuture>,
    /// A body of this implementation's own that comes as a stream.
    pub stream: fn(&str) -> Body,
}

type Outcome = Result<(), String>;

/// Runs every contract; the name of each port and what it did not hold to.
pub async fn run(world: &World) -> Vec<(&'static str, Outcome)> {
    vec![
        ("clock", clock(world)),
        ("entropy", entropy(world)),
        ("environment", environment(world)),
        ("background", background::background(world).await),
        ("fetch", fetch(world).await),
        ("edge_cache", edge_cache(world).await),
        ("limiter", limiter(world).await),
        ("replay", replay(world).await),
        ("revocations", revocations(world).await),
        ("guesses", guesses(world).await),
        ("sessions", sessions(world).await),
        ("timer", timer(world).await),
        ("consumers", consumers::consumers(world).await),
        ("passwords", consumers::passwords(world)),
        ("log", log(world)),
        ("signatures", signatures()),
    ]
}

fn hold(holds: bool, what: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn clock(World { ports, .. }: &World) -> Outcome {
    let first = ports.clock.now_ms();
    hold(first > 1_700_000_000_000, format!("{first} is not a time of day in milliseconds"))?;
    hold(ports.clock.now_ms() >= first, "it went backwards")
}

fn entropy(World { ports, .. }: &World) -> Outcome {
    let draw = |length: usize| {
        let mut bytes = vec![0u8; length];
        ports.entropy.fill(&mut bytes);
        bytes
    };
    hold(draw(16) != draw(16), "two draws are equal")?;
    let long = draw(5_000);
    hold(long.chunks(16).all(|part| part.iter().any(|byte| *byte != 0)), "a part of a long draw was left empty")?;
    hold(long.get(..16) != long.get(16..32), "a long draw repeats itself")?;
    hold(draw(0).is_empty(), "an empty draw is not empty")
}

fn environment(World { ports, .. }: &World) -> Outcome {
    let plain = ports.environment.get("CONTRACT_PLAIN");
    hold(plain.as_deref() == Some("plain"), format!("a variable reads {plain:?}"))?;
    for name in ["CONTRACT_ABSENT", "", "toString", "LIMITER"] {
        let value = ports.environment.get(name);
        hold(value.is_none(), format!("`{name}` is not a variable and reads {value:?}"))?;
    }
    Ok(())
}

fn request(method: &str, url: &str) -> OriginRequest {
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    OriginRequest { method, url: url.to_owned(), headers: HeaderMap::new(), body: Body::Empty, first_byte_ms: 0, total_ms: 0 }
}

async fn fetch(World { ports, stream, .. }: &World) -> Outcome {
    let send = |request| ports.fetch.fetch(request);
    let text = |error: FetchError| format!("{error:?}");

    let mut plain = send(request("GET", "http://origin.contract/plain")).await.map_err(text)?;
    let body = plain.body.read(100).await.map_err(|error| format!("{error:?}"))?;
    hold((plain.status.as_u16(), plain.header("x-a"), &*body) == (203, Some("1"), b"hello"), format!("/plain: {plain:?}"))?;
    let mut head = send(request("HEAD", "http://origin.contract/plain")).await.map_err(text)?;
    hold(head.status.as_u16() == 203 && head.body.read(100).await.is_ok_and(|body| body.is_empty()), "HEAD has a body")?;
    let mut nothing = send(request("GET", "http://origin.contract/nothing")).await.map_err(text)?;
    hold(nothing.status.as_u16() == 204 && nothing.body.read(100).await.is_ok_and(|body| body.is_empty()), "204 has a body")?;
    let moved = send(request("GET", "http://origin.contract/moved")).await.map_err(text)?;
    hold(moved.status.as_u16() == 302, format!("a redirect was followed: {moved:?}"))?;

    let slow = send(OriginRequest { first_byte_ms: 50, ..request("GET", "http://origin.contract/slow") }).await;
    hold(matches!(slow, Err(FetchError::Timeout)), format!("no first byte in time: {slow:?}"))?;
    let nobody = send(request("GET", "http://nobody.contract/")).await;
    hold(matches!(nobody, Err(FetchError::Unreachable(_))), format!("nobody listens: {nobody:?}"))?;

    for (max, fits) in [(5, true), (4, false)] {
        let mut body = stream("12345");
        body.cap(max).map_err(|error| format!("{error:?}"))?;
        let sent = send(OriginRequest { body, ..request("POST", "http://origin.contract/read") }).await;
        let holds = if fits { sent.is_ok() } else { matches!(sent, Err(FetchError::BodyTooLarge)) };
        hold(holds, format!("five bytes where {max} may pass: {sent:?}"))?;
    }
    Ok(())
}

fn response(status: StatusCode, cache_control: &'static str, fields: &[(HeaderName, &'static str)]) -> Response {
    let mut response = Response::full(status, "text/plain", "kept");
    response.headers.insert("cache-control", HeaderValue::from_static(cache_control));
    for (name, value) in fields {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn edge_cache(World { ports, stream, .. }: &World) -> Outcome {
    let cache = &ports.edge_cache;
    let text = |error: super::PortError| error.to_string();
    let key = "https://cache.contract/a?b=c";
    hold(cache.get(key).await.map_err(text)?.is_none(), "an empty cache answers")?;
    hold(!cache.delete(key).await.map_err(text)?, "what was never there was deleted")?;

    cache.put(key, response(StatusCode::OK, "max-age=60", &[("x-a".parse().map_err(|_| "x-a")?, "1")])).await.map_err(text)?;
    for _ in 0..2 {
        let mut kept = cache.get(key).await.map_err(text)?.ok_or("what was put is not there")?;
        let body = kept.body.read(100).await.map_err(|error| format!("{error:?}"))?;
        hold((kept.status, kept.header("x-a"), &*body) == (StatusCode::OK, Some("1"), b"kept"), format!("{kept:?}"))?;
    }
    hold(cache.get("https://cache.contract/a?b=d").await.map_err(text)?.is_none(), "another query is another key")?;
    cache.put(key, Response { body: stream("streamed"), ..response(StatusCode::NOT_FOUND, "s-maxage=60", &[]) }).await.map_err(text)?;
    let mut kept = cache.get(key).await.map_err(text)?.ok_or("a stream was not kept")?;
    let body = kept.body.read(100).await.map_err(|error| format!("{error:?}"))?;
    hold((kept.status, &*body) == (StatusCode::NOT_FOUND, b"streamed"), format!("a second put did not replace the first: {kept:?}"))?;
    hold(cache.delete(key).await.map_err(text)?, "what was there was not deleted")?;
    hold(cache.get(key).await.map_err(text)?.is_none(), "what was deleted is still there")?;

    let vary = [(crate::http::header::VARY, "*")];
    for (name, refused) in [
        ("a part", response(StatusCode::PARTIAL_CONTENT, "max-age=60", &[])),
        ("what varies by everything", response(StatusCode::OK, "max-age=60", &vary)),
        ("no-store", response(StatusCode::OK, "no-store", &[])),
    ] {
        let _ = cache.put(key, refused).await;
        hold(cache.get(key).await.map_err(text)?.is_none(), format!("{name} was kept"))?;
    }
    let mut long = stream("12345");
    long.cap(4).map_err(|error| format!("{error:?}"))?;
    let put = cache.put(key, Response { body: long, ..response(StatusCode::OK, "max-age=60", &[]) }).await;
    hold(put.is_err(), "a body past its cap was taken")?;
    hold(cache.get(key).await.map_err(text)?.is_none(), "a body past its cap was kept")
}

async fn limiter(World { ports, .. }: &World) -> Outcome {
    let window = |quota, window_ms| Window { quota, window_ms, burst: quota };
    let take = |subject: &'static str, windows: Vec<Window>, cost| async move {
        let request = TakeRequest { windows, cost, ..TakeRequest::default() };
        ports.limiter.take(subject, &request).await.map_err(|error| error.to_string())
    };
    let both = || vec![window(3, 3_600_000), window(10, 86_400_000)];
    let first = take("one", both(), 2).await?;
    let left: Vec<u64> = first.windows.iter().map(|window| window.remaining).collect();
    hold(first.allowed() && left == [1, 8], format!("two of three: {first:?}"))?;
    let second = take("one", both(), 2).await?;
    let left: Vec<u64> = second.windows.iter().map(|window| window.remaining).collect();
    hold(!second.allowed() && left == [1, 8] && second.refused_for_ms() > 0, format!("a refused request was charged: {second:?}"))?;
    hold(take("one", both(), 1).await?.allowed(), "the rest was refused")?;
    hold(take("another", both(), 3).await?.allowed(), "two subjects share their room")?;

    let ahead = TakeRequest { windows: vec![window(100, 86_400_000)], cost: 1, ahead: 4, ..TakeRequest::default() };
    let leased = ports.limiter.take("ahead", &ahead).await.map_err(|error| error.to_string())?;
    let left: Vec<u64> = leased.windows.iter().map(|window| window.remaining).collect();
    hold(leased.granted == 4 && left == [95], format!("four ahead of a hundred: {leased:?}"))?;
    let back = TakeRequest { ahead: 0, back: vec![Unspent(leased.granted, leased.taken_ms)], ..ahead };
    let returned = ports.limiter.take("ahead", &back).await.map_err(|error| error.to_string())?;
    let left: Vec<u64> = returned.windows.iter().map(|window| window.remaining).collect();
    hold(returned.granted == 0 && left == [98], format!("four came back: {returned:?}"))
}

async fn revocations(World { ports, .. }: &World) -> Outcome {
    let ask = |list: &'static str, ask: Ask| async move { ports.revocations.ask(list, &ask).await.map_err(|error| error.to_string()) };
    let until = ports.clock.now_ms() / 1000 + 3_600;
    let add = |jti: &str| Ask::Add(Entry { jti: Some(jti.to_owned()), until, ..Entry::default() });
    let Told::Added(first) = ask("contract", add("one")).await? else { return Err("an entry was not added".to_owned()) };
    let Told::Added(second) = ask("contract", add("two")).await? else { return Err("a second entry was not added".to_owned()) };
    hold(first.number < second.number && second.jti.as_deref() == Some("two"), format!("{first:?} {second:?}"))?;
    let Told::Changes { version, whole, entries } = ask("contract", Ask::Since(Version::default())).await? else {
        return Err("it does not say what has changed".to_owned());
    };
    hold(whole && entries == [first.clone(), second.clone()], format!("the whole list: {entries:?}"))?;
    let unchanged = Told::Changes { version, whole: false, entries: Vec::new() };
    hold(ask("contract", Ask::Since(version)).await? == unchanged, "nothing has changed since")?;
    hold(ask("contract", Ask::Remove(first.number)).await? == Told::Removed(true), "an entry was not taken out")?;
    hold(ask("contract", Ask::Remove(first.number)).await? == Told::Removed(false), "an entry was taken out twice")?;
    let rest = Told::Entries { entries: vec![second], more: false };
    hold(ask("contract", Ask::Entries { after: 0, most: 10 }).await? == rest, "something else than the rest is left")?;
    let none = Told::Entries { entries: Vec::new(), more: false };
    hold(ask("another", Ask::Entries { after: 0, most: 10 }).await? == none, "two lists share their entries")
}

async fn replay(World { ports, .. }: &World) -> Outcome {
    let now_ms = ports.clock.now_ms();
    let spend = |space: &'static str, id: &'static str, until_ms| async move {
        ports.replay.first_time(space, id, until_ms).await.map_err(|error| error.to_string())
    };
    hold(spend("one", "a", now_ms + 60_000).await?, "an id that nobody has used was used")?;
    for until_ms in [now_ms + 60_000, now_ms + 120_000, now_ms.saturating_sub(60_000)] {
        hold(!spend("one", "a", until_ms).await?, "an id passed twice")?;
    }
    hold(spend("one", "b", now_ms + 60_000).await?, "another id was used")?;
    hold(spend("another", "a", now_ms + 60_000).await?, "two spaces share their ids")?;
    hold(spend("one", "", now_ms).await? && !spend("one", "", now_ms).await?, "an id whose time is now passed twice")?;
    hold(spend("one", "c", now_ms + 86_400_000 + 60_000).await.is_err(), "an id was remembered for more than a day")
}

async fn guesses(World { ports, .. }: &World) -> Outcome {
    let window = Window { quota: 2, window_ms: 60_000, burst: 2 };
    let tell = |subject: &'static str, failed| async move {
        let reply = ports.guesses.tell(subject, &GuessRequest { window, failed }).await;
        reply.map(|reply| reply.held_ms).map_err(|error| error.to_string())
    };
    hold(tell("one", false).await? == 0, "who never failed is held")?;
    hold(tell("one", true).await? == 0, "one of two failures is one too many")?;
    hold(tell("one", true).await? > 0, "the second of two failures begins no hold")?;
    let held_ms = tell("one", false).await?;
    hold((1..=60_000).contains(&held_ms), format!("the first hold is as long as the window, not {held_ms} ms"))?;
    hold(tell("one", true).await? <= held_ms, "a failure during a hold makes it longer")?;
    hold(tell("another", false).await? == 0, "two subjects share their failures")
}

async fn sessions(World { ports, .. }: &World) -> Outcome {
    use session::{Answer, Ask};
    let ask = |name: &'static str, ask: Ask| async move { ports.sessions.session(name, &ask).await.map_err(|error| error.to_string()) };
    let index = |name: &'static str, ask: session_index::Ask| async move {
        ports.sessions.index(name, &ask).await.map_err(|error| error.to_string())
    };
    let now_ms = ports.clock.now_ms();
    let access = Access { token: "a".to_owned(), until_ms: None, renew_ms: Some(now_ms), refresh_token: Some("r".to_owned()) };
    let session = Session {
        issuer: "i".to_owned(),
        subject: "ann".to_owned(),
        claims: serde_json::Map::new(),
        scopes: Vec::new(),
        id_token: "id".to_owned(),
        access,
        until_ms: now_ms + 3_600_000,
        idle_ms: 600_000,
    };
    let nothing = ask("one", Ask::Look).await?;
    hold(nothing == Answer::Nothing, format!("a session was there before it began: {nothing:?}"))?;
    let opened = ask("one", Ask::Open(Box::new(session.clone()))).await?;
    hold(opened == Answer::Opened, format!("it did not begin: {opened:?}"))?;
    let again = ask("one", Ask::Open(Box::new(session))).await?;
    hold(again == Answer::Nothing, format!("it began twice: {again:?}"))?;
    for (look, duty) in [(1, true), (2, false)] {
        let seen = ask("one", Ask::Look).await?;
        let holds = matches!(&seen, Answer::Is(view, given) if view.subject == "ann" && given.is_some() == duty);
        hold(holds, format!("look {look}: {seen:?}"))?;
    }
    let other = ask("other", Ask::Look).await?;
    hold(other == Answer::Nothing, format!("two names share a session: {other:?}"))?;
    let ended = ask("one", Ask::End).await?;
    hold(ended == Answer::Ended("id".to_owned()), format!("the end: {ended:?}"))?;
    let gone = ask("one", Ask::Look).await?;
    hold(gone == Answer::Nothing, format!("it is there after its end: {gone:?}"))?;

    index("sub", session_index::Ask::Add("one".to_owned(), now_ms + 3_600_000)).await?;
    for expect in [vec!["one".to_owned()], Vec::new()] {
        let names = index("sub", session_index::Ask::Take).await?;
        hold(names == session_index::Answer::Names(expect.clone()), format!("an index: {names:?} and not {expect:?}"))?;
    }
    Ok(())
}

async fn timer(World { ports, .. }: &World) -> Outcome {
    let before_ms = ports.clock.now_ms();
    ports.timer.wait(20).await;
    let waited_ms = ports.clock.now_ms().saturating_sub(before_ms);
    hold(waited_ms >= 19, format!("a wait of 20 ms took {waited_ms}"))
}

fn log(World { ports, .. }: &World) -> Outcome {
    ports.log.line(r#"{"contract":"a line"}"#);
    Ok(())
}

/// The crypto provider is no port, but it is another one in the worker: whatever signs here is verified here.
fn signatures() -> Outcome {
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    macro_rules! pair {
        ($name:literal) => {
            (
                include_str!(concat!("../../tests/tokens/keys/", $name, ".pem")),
                include_str!(concat!("../../tests/tokens/keys/", $name, ".pub.pem")),
            )
        };
    }
    let (p256, p384, ed25519, rsa) = (pair!("p256"), pair!("p384"), pair!("ed25519"), pair!("rsa"));
    let by_pair = [(ES256, p256), (ES384, p384), (EdDSA, ed25519)];
    let by_rsa = [RS256, RS384, RS512, PS256, PS384, PS512].map(|algorithm| (algorithm, rsa));
    let verified = |algorithm: Algorithm, key: SigningKey, set: &KeySet| {
        // Each signature of ECDSA has other numbers, now and then shorter ones.
        for round in 0..if algorithm == ES256 { 40 } else { 2 } {
            let claims = serde_json::Map::from_iter([("round".to_owned(), round.into())]);
            let text = key.sign("JWT", None, &claims)?;
            let token = Token::parse(&text).map_err(|refusal| refusal.to_string())?;
            set.verify(&token).map_err(|refusal| format!("{}: {refusal}", algorithm.name()))?;
        }
        Ok::<(), String>(())
    };
    for (algorithm, (private, public)) in by_pair.into_iter().chain(by_rsa) {
        verified(algorithm, SigningKey::from_pem(private, Some(algorithm))?, &pem::parse(public)?)?;
    }
    for algorithm in [HS256, HS384, HS512] {
        let set = KeySet { keys: vec![Key::secret(&[7; 64], &[algorithm])?], skipped: Vec::new() };
        verified(algorithm, SigningKey::secret(&[7; 64], algorithm)?, &set)?;
    }
    hold(SigningKey::from_pem(p256.0, Some(ES384)).is_err(), "a key signs with another's algorithm")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Act, ChunkedBody, Outside, Reply, ScriptedOrigin};
    use futures::executor::block_on;

    fn outside() -> Outside {
        let outside = Outside::at(1_795_392_000_000);
        outside.environment.0.borrow_mut().insert("CONTRACT_PLAIN".to_owned(), "plain".to_owned());
        let origin = |path: Option<&str>, reply: Reply| ScriptedOrigin {
            authority: "origin.contract".to_owned(),
            path: path.map(str::to_owned),
            acts: [Act::Answer(reply)].into(),
        };
        let plain = Reply { status: 203, headers: vec![("x-a".to_owned(), "1".to_owned())], body: "hello".to_owned(), after_ms: 0 };
        outside.fetch.origins.borrow_mut().extend([
            origin(Some("/plain"), plain),
            origin(Some("/moved"), Reply { status: 302, headers: vec![("location".to_owned(), "/plain".to_owned())], ..Reply::default() }),
            origin(Some("/slow"), Reply { after_ms: 5_000, ..Reply::default() }),
            origin(Some("/nothing"), Reply { status: 204, ..Reply::default() }),
            origin(None, Reply { body: "read".to_owned(), ..Reply::default() }),
        ]);
        outside
    }

    #[test]
    fn the_ports_in_memory_hold() {
        let outside = outside();
        let background = outside.background.clone();
        let settle = move || -> LocalFuture {
            let background = background.clone();
            Box::pin(async move { background.run().await })
        };
        outside.consumers.set(vec![consumer()]);
        let world = World { ports: outside.ports(), settle: Rc::new(settle), stream: |text| ChunkedBody::body(&[text]) };
        for (port, outcome) in block_on(run(&world)) {
            assert_eq!(outcome, Ok(()), "{port}");
        }
    }
}
