use std::cell::Cell;

use futures::executor::block_on;
use serde_json::{Value, json};

use super::*;
use crate::auth::oidc::id_token::tests::{NOW_S, key_set, over, signed};
use crate::auth::session::{Access, DUTY_MS};
use crate::memory::{Act, Fault, Reply, Scene, ScriptedOrigin};

mod attacks;
mod flow;
mod renewal;

const CONFIG: &str = r#"issuer = "https://login.example"
client = { id = "app", secret = { secret = "CLIENT_SECRET" } }
"#;
const PAGE: &[(&str, &str)] = &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// The policy between a browser and a provider that answers as it is told.
struct World {
    scene: Scene,
    policy: Oidc,
    logins: Cell<u8>,
}

/// What one request gave.
struct Got {
    outcome: Result<Flow, GatewayError>,
    request: Request,
    identity: Option<Identity>,
}

impl Got {
    fn response(&self) -> &Response {
        match &self.outcome {
            Ok(Flow::Respond(response)) => response,
            other => panic!("no response: {other:?}"),
        }
    }

    fn location(&self) -> &str {
        self.response().header("location").unwrap()
    }

    fn set_cookies(&self) -> Vec<String> {
        self.response().headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    /// `next`, the status of a response, or the code of a problem.
    fn verdict(&self) -> String {
        match &self.outcome {
            Ok(Flow::Next) => "next".to_owned(),
            Ok(Flow::Respond(response)) => response.status.as_u16().to_string(),
            Err(error) => error.verdict().code.to_owned(),
        }
    }

    fn log(&self) -> String {
        self.outcome.as_ref().err().map(|error| error.verdict().log).unwrap_or_default()
    }
}

impl World {
    fn with(more: &str) -> Self {
        let scene = Scene::of("GET", "https://app.example/", &[]);
        scene.outside.clock.0.set(NOW_S * 1000);
        scene.outside.environment.0.borrow_mut().insert("CLIENT_SECRET".to_owned(), "hush".to_owned());
        let policy = scene.compile(&format!("{CONFIG}{more}"), Oidc::compile).unwrap();
        let world = Self { scene, policy, logins: Cell::new(100) };
        let discovery = json!({
            "issuer": "https://login.example", "authorization_endpoint": "https://login.example/auth?tenant=1",
            "token_endpoint": "https://login.example/token", "jwks_uri": "https://login.example/jwks",
            "userinfo_endpoint": "https://login.example/me", "end_session_endpoint": "https://login.example/bye"
        });
        world.answers("/.well-known/openid-configuration", 200, &discovery.to_string());
        world.answers("/jwks", 200, &key_set());
        world
    }

    fn new() -> Self {
        Self::with("")
    }

    fn answers(&self, path: &str, status: u16, body: &str) {
        let reply = Reply { status, body: body.to_owned(), ..Reply::default() };
        let (authority, path) = ("login.example".to_owned(), Some(path.to_owned()));
        let mut origins = self.scene.outside.fetch.origins.borrow_mut();
        origins.retain(|origin| origin.path != path);
        origins.push(ScriptedOrigin { authority, path, acts: [Act::Answer(reply)].into() });
    }

    /// The token endpoint gives these tokens: an ID token for the login, with changes, and more.
    fn gives(&self, login: &Login, claims: Value, more: Value) {
        let base = json!({
            "iss": "https://login.example", "aud": "app", "sub": "ann", "sid": "s1", "iat": NOW_S, "exp": NOW_S + 600, "nonce": login.nonce()
        });
        let id_token = signed(json!({ "alg": "ES256", "kid": "k" }), &over(base, &claims));
        let answer = json!({ "access_token": "access-1", "token_type": "Bearer", "expires_in": 100, "id_token": id_token });
        self.answers("/token", 200, &over(answer, &more).to_string());
    }

    fn send(&self, method: &str, url: &str, fields: &[(&str, &str)], body: &str) -> Got {
        let mut other = Scene::of(method, url, fields);
        other.ports = self.scene.ports.clone();
        let mut cx = other.exchange();
        let mut request = other.request();
        request.body = crate::http::Body::Full(body.to_owned().into());
        let outcome = block_on(self.policy.on_request(&mut cx, &mut request));
        Got { outcome, request, identity: cx.identity }
    }

    fn get(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.send("GET", &format!("https://app.example{path}"), fields, "")
    }

    fn settle(&self) {
        block_on(self.scene.outside.background.run());
    }

    fn calls(&self, path: &str) -> Vec<String> {
        let calls = self.scene.outside.fetch.calls.borrow();
        let url = format!("https://login.example{path}");
        calls.iter().filter(|call| call.url == url).map(|call| String::from_utf8(call.body.to_vec()).unwrap()).collect()
    }

    fn names(&self) -> &crate::auth::oidc::names::Names {
        &self.policy.checked.names
    }

    /// A login that the browser has begun, and its cookie.
    fn begun(&self, path: &str) -> (Login, String) {
        let target = Scene::of("GET", &format!("https://app.example{path}"), &[]).request().target;
        self.logins.set(self.logins.get() + 1);
        let login = Login::begin([self.logins.get(); 32], self.scene.outside.clock.0.get(), &target);
        let cookie = format!("{}={}", self.names().login_cookie(&login.state(), true), login.text());
        (login, cookie)
    }

    fn back(&self, login: &Login, cookie: &str, more: &str) -> Got {
        self.get(&format!("/.archway/oidc/callback?state={}&code=c0de{more}", login.state()), &[("cookie", cookie)])
    }

    /// The cookie of a session that a login has begun.
    fn signed_in(&self, more: Value) -> String {
        let (login, cookie) = self.begun("/");
        self.gives(&login, json!({}), more);
        let got = self.back(&login, &cookie, "");
        assert_eq!(got.verdict(), "303", "{}", got.log());
        let set = got.set_cookies();
        set[0].split(';').next().unwrap().to_owned()
    }
}

#[test]
fn what_cannot_work_is_refused_at_build() {
    let rows = [
        ("", "missing field `issuer`"),
        ("issuer = \"https://a\"\nclient = { id = \"\" }", "client.id"),
        ("issuer = \"http://login.example\"\nclient = { id = \"a\" }", "issuer"),
        ("issuer = \"login.example\"\nclient = { id = \"a\" }", "not an absolute URL"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nscopes = [\"email\"]", "openid"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nparameters = { state = \"x\" }", "parameters.state"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\npath = \"/\"", "path"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\npath = \"/a/{id}\"", "path"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\npath = \"/a/\"", "path"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nafter_logout = \"https://evil.example\"", "after_logout"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\npublic_url = \"http://app.example\"", "public_url"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\npublic_url = \"https://app.example/\"", "public_url"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\ncookie = \"__Host-a\"", "cookie"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nidle = \"5s\"", "idle"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nlifetime = \"100d\"", "lifetime"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nleeway = \"10m\"", "leeway"),
        ("issuer = \"https://a\"\nclient = { id = \"a\" }\nclient_secret = \"x\"", "unknown field"),
    ];
    Scene::refuses(&rows, Oidc::compile);
}

#[test]
fn it_names_its_own_paths_and_what_must_not_be_recorded() {
    let environment = crate::memory::MapEnvironment::default();
    environment.0.borrow_mut().insert("CLIENT_SECRET".to_owned(), "hush".to_owned());
    let mut compiler = Compiler::new(&environment, "a.b", "A");
    Oidc::compile(toml::from_str(CONFIG).unwrap(), &mut compiler).unwrap();
    assert_eq!(compiler.needs.own_paths.into_keys().collect::<Vec<_>>(), ["/.archway/oidc"]);
    assert!(compiler.needs.secrets.contains("CLIENT_SECRET") && compiler.needs.secret_query.contains("code"));
}
