//! The one wrapper around every policy: `mode`, `on_error`, `failures` and `when`.

use std::rc::Rc;

use super::guessing::{Attempts, Guessing};
use super::{Flow, Mode, OnError, Policy};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::expr::Condition;
use crate::http::{Request, Response};

/// A route's policies, in order.
pub type Chain = Rc<[Rc<Guarded>]>;

/// A policy in a chain, with what the routes file says about how it acts.
#[derive(Clone)]
pub struct Guarded {
    /// The instance's name in the record: `api.name` for a named policy, the registry's name otherwise.
    pub id: Rc<str>,
    /// The registry's name.
    pub kind: &'static str,
    /// Whether it acts.
    pub mode: Mode,
    /// What an outage means.
    pub on_error: OnError,
    /// What failed proofs lead to; `None` where they lead to nothing.
    pub guessing: Option<Guessing>,
    /// For which requests it acts; every one where absent.
    pub when: Option<Condition>,
    /// What runs, or why it could not be built: then every request is refused (500).
    pub policy: Result<Rc<dyn Policy>, String>,
}

impl Guarded {
    /// Whether the policy is for this request, as `when` has it; where it is not, neither hook runs. It is asked once, when the
    /// policy's turn comes, and what it says holds for the response, too. At a path where the policy answers by itself, it is for
    /// every request.
    ///
    /// # Errors
    /// [`GatewayError::ConditionFailed`] where `when` says neither: leaving the policy out could open what it closes, and having it
    /// act could give what it grants. In report mode that is written, and the policy left out.
    pub fn is_for(&self, cx: &mut Exchange<'_>, request: &Request) -> Result<bool, GatewayError> {
        let Some(when) = &self.when else { return Ok(true) };
        let path = &cx.target.as_ref().unwrap_or(&request.target).path;
        if self.policy.as_ref().is_ok_and(|policy| policy.owns(path)) {
            return Ok(true);
        }
        let error = match when.holds(cx, request) {
            Ok(holds) => return Ok(holds),
            Err(error) => GatewayError::ConditionFailed { log: format!("{}: `when` cannot be told: {error}", self.id) },
        };
        if self.mode == Mode::Report {
            self.would(cx, &error);
            return Ok(false);
        }
        Err(error)
    }

    /// Whether it holds bodies to a limit in the place of the gateway's own, where it is for the request.
    pub fn limits_bodies(&self) -> bool {
        self.kind == "body_limit" && self.mode == Mode::Enforce
    }

    /// The request hook under `mode`, `on_error` and `failures`.
    ///
    /// # Errors
    /// The policy's own refusal, where the policy acts; [`GatewayError::Misconfigured`] where it could not be built.
    pub async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        if self.mode == Mode::Report {
            return Ok(self.reported_request(cx, request).await);
        }
        let policy = self.policy()?;
        cx.attempts = Attempts::under(self.guessing.clone());
        let flow = policy.on_request(cx, request).await;
        let attempts = std::mem::take(&mut cx.attempts);
        match flow {
            Err(error) => {
                if error.is_unproven() || error.is_held() {
                    attempts.failed(cx, &self.id).await;
                }
                self.outage_decides(cx, error).map(|()| Flow::Next)
            }
            Ok(Flow::Respond(response)) if attempts.is_wrong() => {
                attempts.failed(cx, &self.id).await;
                Ok(Flow::Respond(response))
            }
            flow => flow,
        }
    }

    /// The response hook under `mode` and `on_error`. A policy that could not be built has refused already.
    ///
    /// # Errors
    /// The policy's own, where the policy acts.
    pub async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        let Ok(policy) = self.policy() else { return Ok(()) };
        if self.mode == Mode::Report {
            let (headers, status, signed) = (response.headers.clone(), response.status, cx.reply_headers.len());
            cx.reports = true;
            let outcome = policy.on_response(cx, response).await;
            cx.reports = false;
            if let Err(error) = outcome {
                self.would(cx, &error);
            }
            (response.headers, response.status) = (headers, status);
            cx.reply_headers.truncate(signed);
            return Ok(());
        }
        match policy.on_response(cx, response).await {
            Err(error) => self.outage_decides(cx, error),
            done => done,
        }
    }

    /// Evaluates the policy, writes what it would have done, and puts everything back that a client or the origin could see.
    /// An identity stays established: that somebody is known changes nothing by itself.
    async fn reported_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Flow {
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(error) => {
                self.would(cx, &error);
                return Flow::Next;
            }
        };
        let (headers, target) = (request.headers.clone(), request.target.clone());
        let (request_id, signed, body_max) = (cx.request_id.clone(), cx.reply_headers.len(), cx.body_max);
        let (cache, limit) = (cx.record.cache, cx.record.limit);
        match policy.on_request(cx, request).await {
            Ok(Flow::Next) => {}
            Ok(Flow::Respond(response)) => cx.record.would(&self.id, response.status, "respond"),
            Err(error) => self.would(cx, &error),
        }
        (request.headers, request.target) = (headers, target);
        (cx.request_id, cx.body_max) = (request_id, body_max);
        (cx.record.cache, cx.record.limit) = (cache, limit);
        cx.reply_headers.truncate(signed);
        cx.cache = None;
        Flow::Next
    }

    fn outage_decides(&self, cx: &mut Exchange<'_>, error: GatewayError) -> Result<(), GatewayError> {
        if error.is_outage() && self.on_error == OnError::Allow {
            cx.record.note(format!("{} is down and let pass: {}", self.id, error.verdict().log));
            return Ok(());
        }
        Err(error)
    }

    fn would(&self, cx: &mut Exchange<'_>, error: &GatewayError) {
        let verdict = error.verdict();
        cx.record.would(&self.id, verdict.status, verdict.code);
        if !verdict.log.is_empty() {
            cx.record.note(format!("{} would have refused: {}", self.id, verdict.log));
        }
    }

    fn policy(&self) -> Result<&Rc<dyn Policy>, GatewayError> {
        self.policy.as_ref().map_err(|log| GatewayError::Misconfigured { log: format!("{}: {log}", self.id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeaderValue, StatusCode};
    use crate::memory::Scene;
    use crate::policies::prelude::async_trait;
    use futures::executor::block_on;

    /// Changes everything it can, then does as it was told.
    struct Busy(fn() -> Result<Flow, GatewayError>);

    #[async_trait(?Send)]
    impl Policy for Busy {
        async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
            request.headers.insert("x-busy", HeaderValue::from_static("1"));
            request.target.path = "/busy".to_owned();
            cx.reply_headers.push(("x-busy".parse().unwrap(), HeaderValue::from_static("1")));
            cx.body_max = Some(1);
            (cx.record.cache, cx.record.limit) = (Some("hit"), Some("refused"));
            (self.0)()
        }

        async fn on_response(&self, _: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
            response.headers.insert("x-busy", HeaderValue::from_static("1"));
            (self.0)().map(|_| ())
        }
    }

    fn guarded(mode: Mode, on_error: OnError, policy: Result<fn() -> Result<Flow, GatewayError>, &str>) -> Guarded {
        let policy = policy.map(|act| Rc::new(Busy(act)) as Rc<dyn Policy>).map_err(str::to_owned);
        Guarded { id: "a.busy".into(), kind: "busy", mode, on_error, when: None, guessing: None, policy }
    }

    const PASS: fn() -> Result<Flow, GatewayError> = || Ok(Flow::Next);
    const ANSWER: fn() -> Result<Flow, GatewayError> = || Ok(Flow::Respond(Response::empty(StatusCode::NO_CONTENT)));
    const REFUSE: fn() -> Result<Flow, GatewayError> = || Err(GatewayError::AddressDenied { log: "why".to_owned() });
    const OUTAGE: fn() -> Result<Flow, GatewayError> =
        || Err(GatewayError::PolicyUnavailable { policy: "a.busy".to_owned(), log: "store".to_owned() });

    #[test]
    fn report_mode_changes_nothing_and_tells_everything() {
        let rows = [
            (Ok(PASS), None),
            (Ok(ANSWER), Some((204, "respond"))),
            (Ok(REFUSE), Some((403, "address-denied"))),
            (Ok(OUTAGE), Some((503, "policy-unavailable"))),
            (Err("no variable"), Some((500, "misconfigured"))),
        ];
        for (policy, expect) in rows {
            let scene = Scene::of("GET", "https://api.example/a", &[]);
            let (mut cx, mut request) = (scene.exchange(), scene.request());
            let flow = block_on(guarded(Mode::Report, OnError::Deny, policy).on_request(&mut cx, &mut request));
            assert!(matches!(flow, Ok(Flow::Next)));
            assert!(request.headers.is_empty() && request.target.path == "/a" && cx.reply_headers.is_empty() && cx.body_max.is_none());
            assert_eq!((cx.record.cache, cx.record.limit), (None, None), "nothing was answered from a cache, and no limit refused");
            assert_eq!(cx.record.would.first().map(|would| (would.status, would.code.as_str())), expect);
            let mut response = Response::empty(StatusCode::OK);
            assert_eq!(block_on(guarded(Mode::Report, OnError::Deny, policy).on_response(&mut cx, &mut response)), Ok(()));
            assert!(response.headers.is_empty());
        }
    }

    #[test]
    fn an_outage_is_decided_by_on_error_and_nothing_else_is() {
        let rows = [
            (OnError::Deny, Ok(OUTAGE), Some("policy-unavailable")),
            (OnError::Allow, Ok(OUTAGE), None),
            (OnError::Allow, Ok(REFUSE), Some("address-denied")),
            (OnError::Allow, Err("no variable"), Some("misconfigured")),
        ];
        for (on_error, policy, expect) in rows {
            let scene = Scene::of("GET", "https://api.example/a", &[]);
            let (mut cx, mut request) = (scene.exchange(), scene.request());
            let flow = block_on(guarded(Mode::Enforce, on_error, policy).on_request(&mut cx, &mut request));
            assert_eq!(flow.as_ref().err().map(|error| error.verdict().code), expect);
            assert_eq!(cx.record.notes.len(), usize::from(flow.is_ok()));
            let mut response = Response::empty(StatusCode::OK);
            let done = block_on(guarded(Mode::Enforce, on_error, policy).on_response(&mut cx, &mut response));
            let expect = expect.filter(|code| *code != "misconfigured");
            assert_eq!(done.err().map(|error| error.verdict().code), expect, "a policy that was not built has refused already");
        }
    }

    #[test]
    fn when_decides_for_whom_a_policy_is_and_what_cannot_be_told_refuses() {
        let rows = [
            (None, Mode::Enforce, Ok(true), None),
            (Some("request.method == 'GET'"), Mode::Enforce, Ok(true), None),
            (Some("request.method == 'PUT'"), Mode::Enforce, Ok(false), None),
            (Some("request.header.x == 'a'"), Mode::Enforce, Err("condition-failed"), None),
            (Some("request.header.x == 'a'"), Mode::Report, Ok(false), Some("condition-failed")),
            (Some("has(request.header.x)"), Mode::Enforce, Ok(false), None),
        ];
        for (when, mode, expect, would) in rows {
            let scene = Scene::of("GET", "https://api.example/a", &[]);
            let (mut cx, request) = (scene.exchange(), scene.request());
            let policy = Guarded { when: when.map(|text| Condition::parse(text).unwrap()), ..guarded(mode, OnError::Allow, Ok(PASS)) };
            let got = policy.is_for(&mut cx, &request);
            assert_eq!(got.map_err(|error| error.verdict().code), expect, "{when:?}");
            assert_eq!(cx.record.would.first().map(|would| would.code.as_str()), would, "{when:?}");
        }
    }
}
