//! Holds requests, and responses on demand, to JSON Schemas or to the operations of the API's OpenAPI document.
//!
//! Parameters that break a rule are refused with 400, a body of the wrong type with 415, a body that alone breaks a rule with 422 (RFC
//! 9110 section 15.5.21); `violations` names every place and rule and no value. A body with a member name twice, or not in UTF-8,
//! is not read. The native command has resolved and compiled all schemas; an isolate makes them ready when the first request needs them.

use std::cell::OnceCell;
use std::rc::Rc;

use super::prelude::*;
use super::reading::whole_body;
use crate::http::{Body, HeaderMap, Media, Violation, cookie, media};
use crate::schema::document::{self, Value};
use crate::schema::parameters::Part;
use crate::schema::plan::{Chosen, Content, Operation, Ready, Typed, Unfound};
use crate::schema::shape::{Coding, Pairs};

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
    fn operation<'r>(&self, ready: &'r Ready, cx: &Exchange<'_>) -> Result<Option<Chosen<'r>>, GatewayError> {
        let route = cx.route.as_ref().map_or("", |route| &*route.id);
        ready.operation(route, cx.method.as_str(), &cx.params).map_err(|unfound| match unfound {
            Unfound::Path => GatewayError::RouteNotFound,
            Unfound::Method(methods) => {
                let allow = methods.iter().filter_map(|method| Method::from_bytes(method.as_bytes()).ok()).collect();
                GatewayError::MethodNotAllowed { allow }
            }
        })
    }

    fn parameters(
        &self,
        ready: &Ready,
        chosen: &Chosen<'_>,
        cx: &Exchange<'_>,
        request: &Request,
        act: impl Fn(Part) -> Act,
        wanted: Act,
    ) -> Vec<Violation> {
        let (mut found, operation) = (Vec::new(), chosen.operation);
        for part in [Part::Path, Part::Query, Part::Header, Part::Cookie] {
            let asked = operation.groups.iter().any(|group| group.part == part) || operation.names(part).next().is_some();
            if asked && act(part) == wanted {
                found.extend(ready.parameters(operation, part, &pairs(chosen, part, cx, request)));
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
            && media.as_ref().is_none_or(|media| !media.essence.starts_with("multipart/") || media.boundary.is_some())
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
        let boundary = if media.essence.starts_with("multipart/") { media.boundary.as_deref() } else { None };
        let (Some(node), true) = (typed.node, boundary.is_some() || !media.essence.starts_with("multipart/")) else {
            return Err(GatewayError::UnsupportedMedia { accept: content.accept(), detail: "The body's type has no boundary." });
        };
        let malformed = |reason: &str| {
            let violation = Violation::new("body", "", "format", format!("The body {reason}."));
            GatewayError::BodyMalformed { violation: Box::new(violation) }
        };
        let depth = usize::from(self.config.depth);
        if media.is_json() {
            return Ok(ready.value(node, &document::read(&bytes, depth).map_err(malformed)?));
        }
        let form = match boundary {
            Some(boundary) => Some(typed.fields.of_multipart(boundary, &bytes, depth).map_err(malformed)?),
            None if media.is_form() => {
                let text = std::str::from_utf8(&bytes).map_err(|_| malformed("is not UTF-8"))?;
                Some(typed.fields.of_form(text))
            }
            None => None,
        };
        if let Some((value, mut found)) = form {
            found.extend(ready.value(node, &value));
            return Ok(found);
        }
        if !media.essence.starts_with("text/") {
            return Ok(Vec::new());
        }
        // Text is held to a schema of text; what is neither is only known by its type.
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed("is not UTF-8"))?;
        Ok(ready.value(node, &Value::Text(text.into())))
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
        let told = |found: &[Violation]| (!found.is_empty()).then(|| found.iter().map(Violation::line).collect::<Vec<_>>().join("; "));
        if let Some(wrong) =
            told(&ready.headers(answer, &header_pairs(answer.headers.iter().map(|header| header.name.as_str()), &response.headers)))
        {
            return Some(wrong);
        }
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
            Ok(peeked) => match document::read(&peeked.bytes, usize::from(self.config.depth)) {
                Ok(value) => told(&ready.value(node, &value)),
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
        let Some(chosen) = self.operation(ready, cx)? else { return Ok(Flow::Next) };
        let operation = chosen.operation;
        let reported = self.parameters(ready, &chosen, cx, request, |part| self.act(part), Act::Report);
        if !reported.is_empty() {
            self.report(cx, &GatewayError::RequestInvalid { violations: reported });
        }
        let mut violations = self.parameters(ready, &chosen, cx, request, |part| self.act(part), Act::Block);
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
        let Ok(Some(chosen)) = self.operation(ready, cx) else { return Ok(()) };
        let Some(wrong) = self.response(ready, chosen.operation, response).await else { return Ok(()) };
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

/// The parameters of a part: all of a query, and of the others those that the operation names.
fn pairs(chosen: &Chosen<'_>, part: Part, cx: &Exchange<'_>, request: &Request) -> Pairs {
    match part {
        // As the client sent it: policies before this one may have rewritten it for the origin.
        Part::Query => Pairs::of_form(cx.target.as_ref().and_then(|target| target.query.as_deref()).unwrap_or_default()),
        Part::Path => Pairs { coding: Coding::Percent, list: cx.params.iter().chain(&chosen.params).cloned().collect() },
        Part::Header => header_pairs(chosen.operation.names(part), &request.headers),
        Part::Cookie => {
            let cookies = cookie::pairs(&request.headers);
            Pairs { coding: Coding::Percent, list: cookies.map(|(name, text)| (name.to_owned(), text.to_owned())).collect() }
        }
    }
}

/// Header fields of these names, several of one name as one list, without the space around commas.
fn header_pairs<'n>(names: impl Iterator<Item = &'n str>, headers: &HeaderMap) -> Pairs {
    let value = |name: &str| {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (!values.is_empty()).then(|| (name.to_owned(), values.join(",").split(',').map(str::trim).collect::<Vec<_>>().join(",")))
    };
    Pairs { coding: Coding::Plain, list: names.filter_map(value).collect() }
}
