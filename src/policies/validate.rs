//! Holds requests, and responses on demand, to JSON Schemas or to the operations of the API's OpenAPI document.
//!
//! Parameters that break a rule are refused with 400, a body of the wrong type with 415, a body that alone breaks a rule with 422 (RFC
//! 9110 section 15.5.21); `violations` names every place and rule and no value. A body with a member name twice, or not in UTF-8,
//! is not read. The native command has resolved and compiled all schemas; an isolate makes them ready when the first request needs them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::Value;

use super::prelude::*;
use super::reading::whole_body;
use crate::auth::json;
use crate::http::{Body, Media, Violation, header, media, query};
use crate::schema::parameters::Part;
use crate::schema::plan::{Content, Operation, Ready, Typed};

pub mod written;

use written::Act;
pub use written::Config;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { shields: Some(Shields::Requests), ..Facts::of("validate") };

const NOT_TAKEN: &str = "The body's type is not one that this path takes.";

/// The compiled policy.
pub struct Validate {
    id: String,
    config: Config,
    plan: Option<Rc<str>>,
    ready: OnceCell<Result<Ready, String>>,
}

impl Validate {
    /// # Errors
    /// Where schemas and `operation` are both given, or a limit would let nothing pass.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        if config.operation.is_some() && config.schemas().next().is_some() {
            return Err(ConfigError::at("operation", "an operation has schemas of its own: take one of the two away"));
        }
        if config.types.is_some() && config.body.is_none() {
            return Err(ConfigError::at("types", "`types` are those of `body`, which is not there"));
        }
        if config.max_body.bytes() == 0 || config.depth == 0 {
            return Err(ConfigError::at(if config.depth == 0 { "depth" } else { "max_body" }, "a limit of 0 lets nothing pass"));
        }
        Ok(Self { id: compiler.id.to_owned(), config, plan: compiler.compiled.map(Rc::from), ready: OnceCell::new() })
    }

    fn ready(&self) -> Result<&Ready, GatewayError> {
        let read = || self.plan.as_deref().ok_or_else(|| "the routes were not compiled".to_owned()).and_then(Ready::read);
        self.ready.get_or_init(read).as_ref().map_err(|error| GatewayError::Misconfigured { log: format!("{}: {error}", self.id) })
    }

    /// The rules for this request; `None` where there are none.
    fn operation<'r>(&self, ready: &'r Ready, cx: &Exchange<'_>) -> Result<Option<&'r Operation>, GatewayError> {
        let route = cx.route.as_ref().map(|route| route.id.clone()).unwrap_or_default();
        ready.operation(&route, cx.method.as_str()).map_err(|methods| {
            let allow = methods.iter().filter_map(|method| Method::from_bytes(method.as_bytes()).ok()).collect();
            GatewayError::MethodNotAllowed { allow }
        })
    }

    fn parameters(
        &self,
        ready: &Ready,
        operation: &Operation,
        cx: &Exchange<'_>,
        request: &Request,
        act: impl Fn(Part) -> Act,
        wanted: Act,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        for part in [Part::Path, Part::Query, Part::Header, Part::Cookie] {
            let asked = operation.groups.iter().any(|group| group.part == part) || operation.names(part).next().is_some();
            if asked && act(part) == wanted {
                found.extend(ready.parameters(operation, part, &pairs(operation, part, cx, request)));
            }
        }
        found
    }

    /// What is wrong with the body.
    async fn body(
        &self,
        ready: &Ready,
        content: &Content,
        cx: &Exchange<'_>,
        request: &mut Request,
    ) -> Result<Vec<Violation>, GatewayError> {
        let media = Media::of(&request.headers);
        let typed = media.as_ref().and_then(|media| content.typed(media));
        // What has no rules of its own is not read.
        if let Some(Typed { node: None, .. }) = typed
            && media.as_ref().is_none_or(|media| !media.essence.starts_with("multipart/") || media.boundary)
            && !is_empty(&request.body)
        {
            return Ok(Vec::new());
        }
        let bytes = whole_body(cx, request, self.config.max_body.bytes()).await?;
        if bytes.is_empty() {
            let missing = Violation::new("body", "", "required", "must be there");
            let meant = self.config.body.is_none() || matches!(cx.method, Method::POST | Method::PUT | Method::PATCH);
            let needed = content.required && meant;
            return Ok(if needed { vec![missing] } else { Vec::new() });
        }
        let (Some(media), Some(typed)) = (media, typed) else {
            return Err(GatewayError::UnsupportedMedia { accept: content.accept(), detail: NOT_TAKEN });
        };
        let Some(node) = typed.node else {
            return Err(GatewayError::UnsupportedMedia { accept: content.accept(), detail: "The body's type has no boundary." });
        };
        if media.is_json() {
            let value = json::value(&bytes, usize::from(self.config.depth)).map_err(|reason| {
                let violation = Violation::new("body", "", "format", format!("The body {reason}."));
                GatewayError::BodyMalformed { violation: Box::new(violation) }
            })?;
            return Ok(ready.value(node, &value));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let violation = Violation::new("body", "", "format", "The body is not UTF-8.");
            GatewayError::BodyMalformed { violation: Box::new(violation) }
        })?;
        if media.is_form() {
            let (value, repeated) = typed.shape.object(&owned(text));
            let mut found: Vec<Violation> =
                repeated.iter().map(|name| Violation::new("body", format!("/{name}"), "repeated", "must be there once")).collect();
            found.extend(ready.value(node, &value));
            return Ok(found);
        }
        // Text is held to a schema of text; what is neither is only known by its type.
        Ok(if media.essence.starts_with("text/") { ready.value(node, &Value::from(text)) } else { Vec::new() })
    }

    /// Tells what is wrong in the record, where that is all that is to be done.
    fn report(&self, cx: &mut Exchange<'_>, error: &GatewayError) {
        let verdict = error.verdict();
        cx.record.would(&self.id, verdict.status, verdict.code);
        cx.record.note(format!("{} would have refused: {}", self.id, verdict.log));
    }

    fn act(&self, part: Part) -> Act {
        match part {
            Part::Path => self.config.parts.path,
            Part::Query => self.config.parts.query,
            Part::Header | Part::Cookie => self.config.parts.headers,
        }
    }

    /// Why a response is not what it should be.
    async fn response(&self, ready: &Ready, operation: &Operation, response: &mut Response) -> Option<String> {
        let Some(answer) = operation.answer(response.status) else {
            return (!operation.answers.is_empty() && self.config.response.is_none())
                .then(|| format!("status {}: the API does not have it", response.status.as_u16()));
        };
        let media = Media::of(&response.headers)?;
        let Some(typed) = answer.typed(&media) else {
            return (!answer.types.is_empty()).then(|| format!("type {}: the API does not have it", media.essence));
        };
        let node = typed.node.filter(|_| media.is_json())?;
        if media::is_coded(&response.headers) {
            return Some("the body is coded and cannot be looked into".to_owned());
        }
        let max = self.config.max_body.bytes();
        match response.body.peek(max).await {
            Ok(peeked) if !peeked.whole => Some(format!("the body has more than {max} bytes")),
            Ok(peeked) => match json::value(&peeked.bytes, usize::from(self.config.depth)) {
                Ok(value) => {
                    let found = ready.value(node, &value);
                    (!found.is_empty()).then(|| found.iter().map(Violation::line).collect::<Vec<_>>().join("; "))
                }
                Err(reason) => Some(format!("the body {reason}")),
            },
            Err(error) => Some(format!("the body cannot be read: {error:?}")),
        }
    }
}

#[async_trait(?Send)]
impl Policy for Validate {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let ready = self.ready()?;
        let Some(operation) = self.operation(ready, cx)? else { return Ok(Flow::Next) };
        let reported = self.parameters(ready, operation, cx, request, |part| self.act(part), Act::Report);
        if !reported.is_empty() {
            self.report(cx, &GatewayError::RequestInvalid { violations: reported });
        }
        let mut violations = self.parameters(ready, operation, cx, request, |part| self.act(part), Act::Block);
        let parameters_are_right = violations.is_empty();
        if let Some(content) = operation.body.as_ref().filter(|_| self.config.parts.body != Act::Off) {
            let outcome = self.body(ready, content, cx, request).await;
            let outcome =
                outcome.and_then(|found| if found.is_empty() { Ok(()) } else { Err(GatewayError::BodyInvalid { violations: found }) });
            match (outcome, self.config.parts.body) {
                (Err(error), Act::Report) => self.report(cx, &error),
                (Err(GatewayError::BodyInvalid { violations: more }), _) => violations.extend(more),
                (Err(error), _) if parameters_are_right => return Err(error),
                _ => {}
            }
        }
        violations.truncate(crate::http::violation::MOST);
        match (violations.is_empty(), parameters_are_right) {
            (true, _) => Ok(Flow::Next),
            (false, true) => Err(GatewayError::BodyInvalid { violations }),
            (false, false) => Err(GatewayError::RequestInvalid { violations }),
        }
    }

    async fn on_response(&self, cx: &mut Exchange<'_>, response: &mut Response) -> Result<(), GatewayError> {
        // A refusal of the gateway's own is no answer of the API.
        if self.config.parts.response == Act::Off || cx.record.code.is_some() || cx.method == Method::HEAD {
            return Ok(());
        }
        let ready = self.ready()?;
        let Ok(Some(operation)) = self.operation(ready, cx) else { return Ok(()) };
        let Some(wrong) = self.response(ready, operation, response).await else { return Ok(()) };
        let error = GatewayError::ResponseInvalid { log: format!("{}: {wrong}", self.id) };
        if self.config.parts.response == Act::Block {
            return Err(error);
        }
        self.report(cx, &error);
        Ok(())
    }
}

fn is_empty(body: &Body) -> bool {
    match body {
        Body::Empty => true,
        Body::Full(bytes) => bytes.is_empty(),
        Body::Native(native) => native.is_empty(),
    }
}

fn owned(text: &str) -> Vec<(String, String)> {
    query::pairs(text).map(|(name, text)| (name.into_owned(), text.into_owned())).collect()
}

/// The parameters of a part: all of a query, and of the others those that the operation names.
fn pairs(operation: &Operation, part: Part, cx: &Exchange<'_>, request: &Request) -> Vec<(String, String)> {
    match part {
        // As the client sent it: policies before this one may have rewritten it for the origin.
        Part::Query => owned(cx.target.as_ref().and_then(|target| target.query.as_deref()).unwrap_or_default()),
        Part::Path => cx.params.iter().map(|(name, text)| (name.clone(), query::decode(&text.replace('+', "%2B")).into_owned())).collect(),
        Part::Header => {
            let value = |name: &str| {
                let values: Vec<Cow<'_, str>> =
                    request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
                (!values.is_empty()).then(|| (name.to_owned(), values.join(",").split(',').map(str::trim).collect::<Vec<_>>().join(",")))
            };
            operation.names(part).filter_map(value).collect()
        }
        Part::Cookie => {
            let fields = request.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
            let cookies = fields.flat_map(|field| field.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
            cookies.map(|(name, text)| (name.to_owned(), query::decode(&text.replace('+', "%2B")).into_owned())).collect()
        }
    }
}
