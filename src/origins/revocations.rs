//! Answers for a list of withdrawn tokens: adds to it, shows it, takes out of it. Who may do so is for the route's policies to say.
//!
//! `POST` with one of `{ "jti": ... }`, `{ "subject": ... }` and `{ "before": ... }`, perhaps with `issuer` and `until`, in JSON, adds an
//! entry (201). `GET` shows entries by number, `?after=N` those behind the number N. `DELETE ?number=N` takes one out. Times are in
//! seconds since the epoch.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Compiler, ConfigError, Exchange, GatewayError, Origin, Request, Response};
use crate::auth::json as strict;
use crate::auth::revocation::{Ask, Entry, LONGEST_S, Told};
use crate::config::values::Duration;
use crate::http::{BodyError, HeaderValue, Method, StatusCode, header, query};

/// The longest entry as it is sent, in bytes.
const MAX_BODY: u64 = 4_096;
/// How many entries one answer shows.
const PAGE: usize = 500;

/// `revocations = { list = "main" }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The list's name, as in the `revocations` of `jwt`.
    pub list: String,
    /// How long any token lives at most: an entry that does not say its own `until` is forgotten after it. At most 400d.
    #[serde(default = "default_longest")]
    pub longest: Duration,
}

fn default_longest() -> Duration {
    Duration::from_ms(30 * 86_400_000)
}

/// Holds the name of a list to what can be one.
///
/// # Errors
/// Where it cannot, as an error of the field `field`.
pub fn check_name(field: &str, list: &str) -> Result<(), ConfigError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    match list.len() {
        1..=64 if list.bytes().all(fits) => Ok(()),
        _ => Err(ConfigError::at(field, "a list's name has 1 to 64 small letters, digits, `-` and `_`")),
    }
}

/// The list, by its name.
pub struct Revocations {
    id: String,
    list: String,
    longest_s: u64,
}

impl Revocations {
    /// # Errors
    /// Where the name or the time cannot work.
    pub fn compile(config: Config, compiler: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        check_name("list", &config.list)?;
        if config.longest.seconds() == 0 || config.longest.seconds() > LONGEST_S {
            return Err(ConfigError::at("longest", format!("{} is out of range; write from 1s to 400d", config.longest)));
        }
        Ok(Self { id: compiler.id.to_owned(), list: config.list, longest_s: config.longest.seconds() })
    }

    async fn ask(&self, cx: &Exchange<'_>, ask: Ask) -> Result<Told, GatewayError> {
        let told = cx.ports.revocations.ask(&self.list, &ask).await;
        told.map_err(|error| GatewayError::OriginUnreachable { log: format!("{}: {error}", self.id) })
    }

    async fn add(&self, cx: &Exchange<'_>, mut request: Request) -> Result<Response, GatewayError> {
        // A form of another site's page cannot say so.
        let media_type = request.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(GatewayError::bad_request("The body must be application/json."));
        }
        let body = request.body.read(MAX_BODY).await.map_err(|error| match error {
            BodyError::TooLarge { max } => GatewayError::BodyTooLarge { max },
            BodyError::TooSlow { .. } => GatewayError::BodyTooSlow,
            BodyError::Broken(_) => GatewayError::bad_request("The body broke off."),
        })?;
        let entry = strict::object(&body, 2).map_err(|reason| GatewayError::bad_request(format!("The body {reason}.")))?;
        let unknown = entry.keys().any(|name| !["jti", "subject", "before", "issuer", "until"].contains(&name.as_str()));
        let entry: Option<Entry> = serde_json::from_value(entry.into()).ok().filter(|_| !unknown);
        let entry = entry.ok_or_else(|| {
            GatewayError::bad_request(
                "An entry has the texts `jti` or `subject`, `issuer`, and the times `before` and `until` in whole seconds.",
            )
        })?;
        let entry = entry.complete(cx.ports.clock.now_ms(), self.longest_s).map_err(GatewayError::bad_request)?;
        match self.ask(cx, Ask::Add(entry)).await? {
            Told::Added(entry) => Ok(answer(StatusCode::CREATED, &json!(entry))),
            Told::Full => Err(GatewayError::bad_request("The list is full; withdraw by `subject` or `before` what is there one by one.")),
            _ => Err(self.strange()),
        }
    }

    fn strange(&self) -> GatewayError {
        GatewayError::Internal { log: format!("{}: the list answered something else", self.id) }
    }
}

#[async_trait(?Send)]
impl Origin for Revocations {
    async fn call(&self, cx: &mut Exchange<'_>, request: Request) -> Result<Response, GatewayError> {
        let number = |name: &str| {
            let query = request.target.query.as_deref().unwrap_or_default();
            let value = query::pairs(query).find(|(known, _)| known == name).map(|(_, value)| value.parse::<u64>());
            value.transpose().map_err(|_| GatewayError::bad_request(format!("`{name}` is a whole number.")))
        };
        if request.method == Method::POST {
            return self.add(cx, request).await;
        }
        if request.method == Method::GET || request.method == Method::HEAD {
            let after = number("after")?.unwrap_or_default();
            return match self.ask(cx, Ask::Entries { after, most: PAGE }).await? {
                Told::Entries { entries, more } => Ok(answer(StatusCode::OK, &json!({ "entries": entries, "more": more }))),
                _ => Err(self.strange()),
            };
        }
        if request.method == Method::DELETE {
            let number = number("number")?.ok_or_else(|| GatewayError::bad_request("Write which one: `?number=N`."))?;
            return match self.ask(cx, Ask::Remove(number)).await? {
                Told::Removed(removed) => Ok(answer(StatusCode::OK, &json!({ "removed": removed }))),
                _ => Err(self.strange()),
            };
        }
        Err(GatewayError::MethodNotAllowed { allow: vec![Method::GET, Method::HEAD, Method::POST, Method::DELETE] })
    }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::full(status, "application/json", body.to_string());
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;
    use crate::memory::{Fault, Scene};
    use futures::executor::block_on;

    fn call(scene: &Scene, origin: &Revocations, method: &str, query: &str, body: &str) -> (u16, String) {
        let mut cx = scene.exchange();
        let mut request = scene.request();
        request.method = Method::from_bytes(method.as_bytes()).unwrap();
        request.target.query = Some(query.to_owned());
        request.headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
        request.body = Body::Full(body.to_owned().into());
        match block_on(origin.call(&mut cx, request)) {
            Ok(mut response) => {
                assert_eq!(response.header("cache-control"), Some("no-store"));
                let body = block_on(response.body.read(100_000)).unwrap();
                (response.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
            }
            Err(error) => (error.verdict().status.as_u16(), error.verdict().detail.into_owned()),
        }
    }

    #[test]
    fn entries_are_added_shown_and_taken_out() {
        let scene = Scene::of("GET", "https://api.example/", &[]);
        let origin = scene.compile("list = 'main'\nlongest = '1h'", Revocations::compile).unwrap();
        for (method, query, body, status, part) in [
            ("GET", "", "", 200, r#"{"entries":[],"more":false}"#),
            ("POST", "", r#"{"jti":"a"}"#, 201, r#"{"number":1,"jti":"a","until":3600}"#),
            (
                "POST",
                "",
                r#"{"subject":"u","issuer":"i","until":60}"#,
                201,
                r#"{"number":2,"issuer":"i","subject":"u","before":1,"until":60}"#,
            ),
            ("GET", "after=1", "", 200, r#"{"entries":[{"number":2,"#),
            ("DELETE", "number=1", "", 200, r#"{"removed":true}"#),
            ("DELETE", "number=1", "", 200, r#"{"removed":false}"#),
            ("DELETE", "", "", 400, "Write which one"),
            ("DELETE", "number=x", "", 400, "`number` is a whole number."),
            ("GET", "after=-1", "", 400, "`after` is a whole number."),
            ("POST", "", "{}", 400, "Write one of"),
            ("POST", "", r#"{"jti":"a","jti":"b"}"#, 400, "The body has a member name twice."),
            ("POST", "", r#"{"jti":1}"#, 400, "An entry has the texts"),
            ("POST", "", r#"{"jti":"a","number":7}"#, 400, "An entry has the texts"),
            ("POST", "", r#"{"before":1.5}"#, 400, "An entry has the texts"),
            ("POST", "", "jti=a", 400, "The body is not JSON."),
            ("POST", "", &format!(r#"{{"jti":"{}"}}"#, "a".repeat(5_000)), 413, ""),
            ("PUT", "", "", 405, "GET, HEAD, POST, DELETE"),
        ] {
            let (got, told) = call(&scene, &origin, method, query, body);
            assert!(got == status && told.contains(part), "{method} {query} {body}: {got} {told}");
        }
        scene.outside.revocations.fault.set(Fault::Before);
        assert_eq!(call(&scene, &origin, "GET", "", "").0, 502);
    }

    #[test]
    fn a_form_is_not_read() {
        let scene = Scene::of("POST", "https://api.example/", &[("content-type", "text/plain")]);
        let origin = scene.compile("list = 'main'", Revocations::compile).unwrap();
        let mut request = scene.request();
        request.body = Body::Full(r#"{"jti":"a"}"#.into());
        let error = block_on(origin.call(&mut scene.exchange(), request)).unwrap_err();
        assert!(error.verdict().detail.contains("application/json"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let long = format!("list = '{}'", "a".repeat(65));
        let rows = [
            ("list = ''", "list: "),
            ("list = 'Main'", "list: "),
            (long.as_str(), "list: "),
            ("list = 'a'\nlongest = '401d'", "longest: "),
        ];
        Scene::refuses(&rows, Revocations::compile);
    }
}
